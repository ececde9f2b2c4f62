"""Settings of a set of scenes: what is drawn, how hard it is measured, how much is kept."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from namo.certification.effort import Effort
from namo.errors import UsageError, did_you_mean
from namo.scenes.difficulty import Difficulty
from namo.scenes.generator_settings import GeneratorSettings
from namo.version import CERTIFICATION_VERSION, GENERATOR_VERSION

_KEEPING = frozenset(
    {
        "count",
        "quotas",
        "splits",
        "candidates",
        "candidates_per_chunk",
        "candidates_per_round",
        "max_candidates",
    }
)

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
        candidates_per_round: candidates between two further looks at the quotas.
        max_candidates: after which quotas that are not filled are an error.
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
        if not shares or min(shares) < 0.0 or abs(sum(shares) - 1.0) > 1e-6:
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

    def rounds(self) -> range:
        """Return the numbers of the rounds after which the quotas are looked at."""
        wanted = self.candidates or 1.5 * self.wanted
        last = math.ceil(self.max_candidates / self.candidates_per_round)
        return range(min(math.ceil(wanted / self.candidates_per_round), last) - 1, last)

    def first_chunks(self) -> list[range]:
        """Return the chunks of candidates before the first look at the quotas."""
        return self.chunks_until(self.rounds()[0])

    def chunks_until(self, number: int) -> list[range]:
        """Return the chunks of candidates that round `number` and those before it look at.

        Chunks end where their round does, so that a later round adds some and changes none.
        """
        size, per_round = self.candidates_per_chunk, self.candidates_per_round
        chunks = []
        for first in range(0, (number + 1) * per_round, per_round):
            end = min(first + per_round, self.max_candidates)
            chunks += [range(start, min(start + size, end)) for start in range(first, end, size)]
        return chunks

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

        versions = [GENERATOR_VERSION, CERTIFICATION_VERSION, numerics()]
        text = json.dumps([versions, self.decisive()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], source: str) -> SceneSetSettings:
        """Return the settings that a file or the pipeline's configuration gives.

        Args:
            values: by name; those not given keep their default.
            source: what messages call it.

        Raises:
            UsageError: names a key that is unknown or a value that is not allowed.
        """
        hints = typing.get_type_hints(cls)
        names = [entry.name for entry in dataclasses.fields(cls)]
        checked = {}
        for name, value in values.items():
            if name not in names:
                raise UsageError(f"{source}: unknown key '{name}'; {did_you_mean(name, names)}")
            try:
                checked[name] = _as(hints[name], value)
            except (TypeError, ValueError, yaml.YAMLError):
                wanted = _in_words(hints[name])
                raise UsageError(f"{source}: {name} is {value!r}; it must be {wanted}") from None
        try:
            return cls(**checked)
        except UsageError as error:
            raise UsageError(f"{source}: {error}") from None


def _as(kind: Any, value: Any) -> Any:  # noqa: ANN401 - a type and a value of any
    """Return a value read from YAML as the type of a setting.

    Inside a mapping on its command line Snakemake takes every value for text.

    Raises:
        TypeError: it is of another type.
        ValueError: it has another length.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if value in (None, "null"):
            return None
        return _as(next(kind for kind in arguments if kind is not type(None)), value)
    if isinstance(value, str) and kind is not str:
        value = yaml.safe_load(value)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise TypeError
        return tuple(_as(each, one) for each, one in zip(arguments, value, strict=True))
    if origin is not None:  # a mapping of names to values
        if not isinstance(value, Mapping):
            raise TypeError
        return {_as(arguments[0], key): _as(arguments[1], one) for key, one in value.items()}
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise TypeError
    return value


def _in_words(kind: Any) -> str:  # noqa: ANN401 - a type
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return " or null".join(_in_words(one) for one in arguments if one is not type(None)) + (
            " or null"
        )
    if origin is tuple:
        return f"[lowest, highest], each {_in_words(arguments[0])}"
    if origin is not None:
        return f"a mapping from names to values, each {_in_words(arguments[1])}"
    return {int: "a whole number", float: "a number", bool: "true or false", str: "text"}[kind]
