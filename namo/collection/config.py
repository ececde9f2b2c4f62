"""What a collection is asked to do: every setting, checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from namo.errors import ModelError, UsageError
from namo.learning.bundle_files import bundle_sha256, require_bundle
from namo.option_checks import at_least
from namo.planning.registry import PLANNERS
from namo.scenes.presets import PHYSICS_PRESETS
from namo.strategies.registry import GOAL_STRATEGIES, OBJECT_STRATEGIES
from namo.wording import did_you_mean

ML_DEVICES = ("cuda", "cpu", "auto")


@dataclass(frozen=True)
class CollectionConfig:
    """The settings that decide what is collected. Every one of them is part of the fingerprint.

    Attributes:
        algorithm: name of a planner.
        object_strategy: which object to push first.
        goal_strategy: where to push it.
        ml_object_model: bundle of the learned object strategy.
        ml_goal_model: bundle of the learned goal strategy.
        ml_samples: draws from a model for each question.
        ml_device: where models run: cuda, cpu or auto.
        ml_random_share: share of the goals of the learned strategy that stay random.
        trust_model_code: whether a model may bring a class of its own.
        episodes_per_env: searches in each environment, each with its own random numbers.
        max_depth: longest plan (pushes).
        max_goals_per_object: goals tried for an object in a state.
        search_timeout: wall time of one search (s).
        max_terminal_checks: questions whether the goal is reachable, in one search.
        max_pushes: simulated pushes in one search; None for any number.
        filter_minimum_length: keep only the shortest solved episodes of an environment.
        seed: of all random numbers.
        physics: preset of `namo.scenes.physics`.
    """

    algorithm: str = "idfs"
    object_strategy: str = "no_heuristic"
    goal_strategy: str = "random"
    ml_object_model: str | None = None
    ml_goal_model: str | None = None
    ml_samples: int = 32
    ml_device: str = "cuda"
    ml_random_share: float = 0.2
    trust_model_code: bool = False
    episodes_per_env: int = 1
    max_depth: int = 5
    max_goals_per_object: int = 5
    search_timeout: float = 300.0
    max_terminal_checks: int = 5000
    max_pushes: int | None = None
    filter_minimum_length: bool = False
    seed: int = 0
    physics: str = "scene"

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            UsageError: names the option, the value and what is allowed.
        """
        canonical = PLANNERS.canonical(self.algorithm)
        object.__setattr__(self, "algorithm", canonical)
        OBJECT_STRATEGIES.canonical(self.object_strategy)
        GOAL_STRATEGIES.canonical(self.goal_strategy)
        _choice("physics", self.physics, PHYSICS_PRESETS)
        _choice("ml-device", self.ml_device, ML_DEVICES)
        for name in (
            "ml_samples",
            "episodes_per_env",
            "max_goals_per_object",
            "max_terminal_checks",
        ):
            at_least(name, getattr(self, name), 1)
        for name in ("max_depth", "seed"):
            at_least(name, getattr(self, name), 0)
        if self.max_pushes is not None:
            at_least("max_pushes", self.max_pushes, 0)
        if self.algorithm == "exploration" and self.max_pushes is None:
            raise UsageError("--algorithm exploration needs --max-pushes: it spends all of them")
        if not 0 < self.search_timeout < float("inf"):
            raise UsageError(
                f"--search-timeout is {self.search_timeout}; allowed: seconds above zero, finite"
            )
        if not 0 <= self.ml_random_share <= 1:
            raise UsageError(f"--ml-random-share is {self.ml_random_share}; allowed: 0 to 1")
        self._check_models()

    def _check_models(self) -> None:
        for kind, strategy, model in (
            ("object", self.object_strategy, self.ml_object_model),
            ("goal", self.goal_strategy, self.ml_goal_model),
        ):
            if strategy == "ml" and model is None:
                raise UsageError(
                    f"--{kind}-strategy ml needs --ml-{kind}-model PATH, the folder of a model"
                )
            if strategy != "ml" and model is not None:
                raise UsageError(
                    f"--ml-{kind}-model is '{model}' but --{kind}-strategy is '{strategy}'; a "
                    f"model is used only by --{kind}-strategy ml"
                )
            if model is not None:
                try:
                    require_bundle(Path(model))
                except ModelError as error:
                    raise UsageError(f"--ml-{kind}-model: {error}") from None

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return asdict(self)

    @cached_property
    def decisive(self) -> dict[str, Any]:
        """What decides results: the settings, with models told apart by what they are.

        Models are looked at once: what a process has loaded does not change under it. Without any
        their device decides nothing.
        """
        settings = self.as_dict()
        if self.ml_object_model is None and self.ml_goal_model is None:
            del settings["ml_device"]
        for name in ("ml_object_model", "ml_goal_model"):
            if settings[name] is not None:
                settings[name] = bundle_sha256(Path(settings[name]))
        return settings

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of all settings."""
        return [field.name for field in fields(cls)]


def _choice(name: str, value: str, allowed: Iterable[str]) -> None:
    if value not in allowed:
        raise UsageError(f"--{name} is '{value}'; {did_you_mean(value, allowed)}")
