"""Settings of a set of scenes: the generator, the certification budget and the selection."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from namo.certification.effort import Effort
from namo.config_parsing import parse_dataclass
from namo.errors import UsageError
from namo.files import sha256_of
from namo.plug_ins import with_plug_ins
from namo.scenes.conditions import require_clearance
from namo.scenes.difficulty import Difficulty
from namo.scenes.generator.layouts.registry import LAYOUT_FAMILIES
from namo.scenes.generator.mixture import apportioned, named_part
from namo.scenes.generator.settings import GeneratorSettings, template_files
from namo.scenes.splits import DEFAULT_SPLITS, require_splits
from namo.version import CERTIFICATION_VERSION, GENERATOR_VERSION
from namo.wording import did_you_mean

_CHUNKING = frozenset(
    {"candidates", "candidates_per_chunk", "candidates_per_round", "max_candidates"}
)
_KEEPING = frozenset({"count", "quotas", "splits"}) | _CHUNKING


@dataclass(frozen=True)
class SceneSetSettings(GeneratorSettings):
    """Everything that decides a set of scenes, in addition to the settings of the generator.

    Attributes:
        count: scenes to select, of any class, in the order of their numbers; of a mixture, so many
            of each part as its weight says.
        quotas: scenes to select per difficulty class, instead of `count`; none of other classes.
            The parts of a mixture are then as frequent as in the candidates of these classes.
        splits: fraction of the layouts in each split.
        certify: whether to measure difficulty; otherwise it is null in the manifest.
        certify_pushes: maximum simulated pushes of the search for one push, and of that for more.
        certify_depth: maximum length of a plan (pushes).
        certify_clearance: room that must be left around the robot where it drives (m).
        candidates: number to certify in parallel jobs before the quotas are first checked; None
            for 1.5 times the number of scenes wanted.
        candidates_per_chunk: candidates per job.
        candidates_per_round: candidates between further checks of the quotas, rounded up to whole
            chunks.
        max_candidates: number after which unfilled quotas are an error.

    Raises:
        UsageError: a setting is out of range, or two of them contradict each other.
    """

    count: int = 100
    quotas: Mapping[str, int] | None = None
    splits: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SPLITS))
    certify: bool = True
    certify_pushes: int = 150
    certify_depth: int = 4
    certify_clearance: float = 0.0
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
        require_clearance(self.certify_clearance, "certify_clearance")
        require_splits(self.splits)
        if self.quotas is None:
            return
        if not self.certify:
            raise UsageError("quotas are given, but certify is false; quotas need measured classes")
        for name, quota in self.quotas.items():
            if name not in [*Difficulty]:
                raise UsageError(
                    f"quotas: unknown class '{name}'; {did_you_mean(name, Difficulty)}"
                )
            if quota < 0:
                raise UsageError(f"quotas: {name} is {quota}; it must not be negative")
        if not sum(self.quotas.values()):
            raise UsageError("quotas: all are 0; no scene would be selected")

    @property
    def wanted(self) -> int:
        """Number of scenes in the set."""
        return self.count if self.quotas is None else sum(self.quotas.values())

    @cached_property
    def targets(self) -> Mapping[str | None, int]:
        """Scenes to select per difficulty class; without `quotas` per part of the mixture.

        A set of one kind has one part, None.
        """
        if self.quotas is None:
            return apportioned(self.count, self.weights)
        return dict(self.quotas.items())

    @property
    def effort(self) -> Effort:
        """Search budget of certification."""
        return Effort(self.certify_pushes, self.certify_depth, self.seed, self.certify_clearance)

    def quota_checks(self) -> Iterator[int]:
        """Yield the numbers of candidates after which the quotas are checked.

        Up to `max_candidates`, in whole chunks, so that asking for more scenes only adds chunks.
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
        """Return the chunks of candidates before the first check of the quotas."""
        return self.chunks(next(self.quota_checks()))

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return dataclasses.asdict(self)

    def as_record(self) -> dict[str, Any]:
        """Return the settings as the manifest holds them: with the plug-ins, if any."""
        return with_plug_ins(self.as_dict(), self.plug_ins())

    def decisive(self) -> dict[str, Any]:
        """Return the settings that decide a candidate and its figures.

        Those of the selection and of chunks are not among them.
        """
        return {name: value for name, value in self.as_dict().items() if name not in _KEEPING}

    def plug_ins(self) -> dict[str, str]:
        """Return the layout families from outside this package, by name.

        Returns:
            Name -> class, and the distribution that it is from with its version, see
            `namo.plug_ins.PlugIn`.

        Raises:
            UsageError: there is no such module as a name says.
        """
        found = {
            name: LAYOUT_FAMILIES.plug_in(name)
            for part in self.parts.values()
            for name, weight in part.families.items()
            if weight
        }
        return {name: str(plug_in) for name, plug_in in found.items() if plug_in is not None}

    def fingerprint(self) -> str:
        """Return the hash of everything that decides a candidate, versions included."""
        # Loads MuJoCo, which checking settings need not.
        from namo.numeric_platform import numeric_platform

        platform = numeric_platform()
        versions = [GENERATOR_VERSION, CERTIFICATION_VERSION, platform, self.template_hashes()]
        decisive = with_plug_ins(self.decisive(), self.plug_ins())
        text = json.dumps([versions, decisive], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def require_made_with(self, manifest: Path) -> None:
        """Make sure that an existing set was made with these settings.

        Args:
            manifest: of the set; it need not exist.

        Raises:
            UsageError: names the settings that differ; or the manifest is damaged.
        """
        # Loads pyarrow, which is only needed to collect in a set.
        from namo.scenes.manifest import SETTINGS
        from namo.scenes.parquet_files import ParquetFileError, metadata_of

        if not manifest.exists():
            return
        try:
            stored = json.loads(metadata_of(manifest).get(SETTINGS.encode(), b"{}"))
        except (ParquetFileError, ValueError, RecursionError) as error:
            raise UsageError(f"{manifest}: {error}; regenerate it") from error
        if not isinstance(stored, dict):
            raise UsageError(f"{manifest}: its settings are {stored!r:.60}; regenerate it")
        if stored:  # a set is older than a setting that it lacks, which did nothing by default
            stored = json.loads(json.dumps(SceneSetSettings().as_dict())) | stored
        here = json.loads(json.dumps(self.as_record()))
        differ = [
            f"{name} {stored.get(name)!r} instead of {value!r}"
            for name, value in here.items()
            if name not in _CHUNKING and stored.get(name) != value
        ]
        if differ:
            raise UsageError(
                f"{manifest} was made with other settings: {', '.join(differ)}; regenerate it with "
                "`snakemake scenes --forcerun scenes`, or collect with another manifest"
            )

    def template_hashes(self) -> list[str]:
        """Return the hashes of the template files, in order; beyond it, names do not matter.

        Raises:
            UsageError: a part draws from templates, but there are none.
        """
        hashes = []
        for name, part in self.parts.items():
            with named_part(name):
                hashes += [sha256_of(path) for path in template_files(part)]
        return hashes

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], source: str) -> SceneSetSettings:
        """Return the settings in a mapping; see `parse_dataclass`.

        Args:
            values: by name; missing ones keep their default.
            source: what messages call the mapping.

        Raises:
            UsageError: a key is unknown or a value is invalid.
        """
        return parse_dataclass(cls, values, source)
