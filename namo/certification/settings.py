"""Settings of a set of scenes: what is drawn, how hard it is measured, how much is kept."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from namo.certification.effort import Effort
from namo.config_parsing import parse_dataclass
from namo.errors import UsageError
from namo.files import sha256_of
from namo.scenes.difficulty import Difficulty
from namo.scenes.generator.settings import GeneratorSettings, template_files
from namo.version import CERTIFICATION_VERSION, GENERATOR_VERSION
from namo.wording import did_you_mean

_CHUNKING = frozenset(
    {"candidates", "candidates_per_chunk", "candidates_per_round", "max_candidates"}
)
_KEEPING = frozenset({"count", "quotas", "splits"}) | _CHUNKING

DEFAULT_SPLITS: Mapping[str, float] = {"train": 0.8, "val": 0.1, "test": 0.1}


@dataclass(frozen=True)
class SceneSetSettings(GeneratorSettings):
    """Everything that decides a set of scenes, on top of what the generator draws from.

    Attributes:
        count: scenes to keep, in the order of their numbers, whatever their class.
        quotas: scenes to keep of each difficulty class, instead of `count`; a class that is not
            named is not kept.
        splits: share of the layouts in each split.
        certify: whether difficulty is measured; without it the manifest leaves it open.
        certify_pushes: simulated pushes to look for a plan of one push, and again for more.
        certify_depth: longest such plan (pushes).
        candidates: drawn and measured before the quotas are looked at, side by side in jobs; None
            for one and a half times as many as scenes are wanted.
        candidates_per_chunk: candidates that a job draws and measures.
        candidates_per_round: candidates between two further looks at the quotas; whole chunks.
        max_candidates: after which quotas that are not filled are an error.

    Raises:
        UsageError: a setting is out of its range, or two of them do not go together.
    """

    count: int = 100
    quotas: Mapping[str, int] | None = None
    splits: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SPLITS))
    certify: bool = True
    certify_pushes: int = 150
    certify_depth: int = 4
    candidates: int | None = None
    candidates_per_chunk: int = 25
    candidates_per_round: int = 100
    max_candidates: int = 100_000

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in (
            "count",
            "certify_pushes",
            "certify_depth",
            "candidates_per_chunk",
            "candidates_per_round",
            "max_candidates",
        ):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}; at least 1")
        if self.candidates is not None and self.candidates < 1:
            raise UsageError(f"candidates is {self.candidates}; at least 1, or null")
        shares = list(self.splits.values())
        if not shares or not min(shares) >= 0.0 or not abs(sum(shares) - 1.0) <= 1e-6:
            raise UsageError(f"splits is {dict(self.splits)}; shares from 0 that add up to 1")
        if self.quotas is None:
            return
        if not self.certify:
            raise UsageError("quotas are given, but certify is false; a class must be measured")
        for name, quota in self.quotas.items():
            if name not in [*Difficulty]:
                raise UsageError(
                    f"quotas: unknown class '{name}'; {did_you_mean(name, Difficulty)}"
                )
            if quota < 0:
                raise UsageError(f"quotas: {name} is {quota}; it must not be negative")
        if not sum(self.quotas.values()):
            raise UsageError("quotas: all are 0; no scene would be kept")

    @property
    def wanted(self) -> int:
        """How many scenes the set will have."""
        return self.count if self.quotas is None else sum(self.quotas.values())

    @property
    def effort(self) -> Effort:
        """What certifying a scene may spend."""
        return Effort(self.certify_pushes, self.certify_depth, self.seed)

    def looks(self) -> Iterator[int]:
        """Yield after how many candidates the quotas are looked at, up to `max_candidates`.

        Always whole chunks, so that asking for more adds chunks and changes none.
        """
        size = self.candidates_per_chunk
        end = math.ceil((self.candidates or 1.5 * self.wanted) / size) * size
        while end < self.max_candidates:
            yield end
            end += math.ceil(self.candidates_per_round / size) * size
        yield self.max_candidates

    def chunks(self, end: int) -> list[range]:
        """Return the chunks of the first `end` candidates."""
        size = self.candidates_per_chunk
        return [range(start, min(start + size, end)) for start in range(0, end, size)]

    def first_chunks(self) -> list[range]:
        """Return the chunks of candidates before the first look at the quotas."""
        return self.chunks(next(self.looks()))

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return dataclasses.asdict(self)

    def decisive(self) -> dict[str, Any]:
        """Return what decides a candidate and its figures.

        How many are kept, and in which chunks they are made, is no part of it.
        """
        return {name: value for name, value in self.as_dict().items() if name not in _KEEPING}

    def fingerprint(self) -> str:
        """Return the hash of everything that decides a candidate, versions included."""
        from namo.numerics import numerics  # loads MuJoCo, which checking settings need not

        versions = [GENERATOR_VERSION, CERTIFICATION_VERSION, numerics(), self.template_hashes()]
        text = json.dumps([versions, self.decisive()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def require_made_with(self, manifest: Path) -> None:
        """Make sure that a set that is there was made with these settings.

        Args:
            manifest: of the set; it need not be there yet.

        Raises:
            UsageError: names the settings that differ.
        """
        import pyarrow.parquet as pq  # only where a set is collected in

        from namo.scenes.manifest import SETTINGS

        if not manifest.exists():
            return
        stored = json.loads((pq.read_schema(manifest).metadata or {}).get(SETTINGS.encode(), b"{}"))
        here = json.loads(json.dumps(self.as_dict()))
        differ = [
            f"{name} {stored.get(name)!r} instead of {value!r}"
            for name, value in here.items()
            if name not in _CHUNKING and stored.get(name) != value
        ]
        if differ:
            raise UsageError(
                f"{manifest} was made with other settings: {', '.join(differ)}; make it again with "
                "`snakemake scenes --forcerun scenes`, or collect with another manifest"
            )

    def template_hashes(self) -> list[str]:
        """Return the hashes of the template files, in order; their names decide nothing more."""
        return [sha256_of(path) for path in template_files(self)]

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], source: str) -> SceneSetSettings:
        """Return the settings that a file or the pipeline's configuration gives.

        Args:
            values: by name; those not given keep their default.
            source: what messages call it.

        Raises:
            UsageError: names a key that is unknown or a value that is not allowed.
        """
        return parse_dataclass(cls, values, source)
