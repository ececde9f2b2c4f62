"""The settings of a collection, checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from namo.declared_settings import check_declared, option_name, setting
from namo.errors import ModelError, UsageError
from namo.extras import require_extra
from namo.learning.bundle_files import MODEL_PATHS, bundle_sha256, custom_class, require_bundle
from namo.option_checks import MAX_SEED
from namo.planning.registry import PLANNERS, settings_of
from namo.plug_ins import plug_in_at, with_plug_ins
from namo.registry import Registry
from namo.scenes.conditions import DEFAULT_CLEARANCE_M, MAX_CLEARANCE_M, Conditions
from namo.scenes.presets import PHYSICS_PRESETS
from namo.strategies.registry import GOAL_STRATEGIES, OBJECT_STRATEGIES

ML_DEVICES = ("cuda", "cpu", "auto")
SEARCH, LEARNED = "search", "learned"
"""Groups of settings."""


PARTS: Mapping[str, Registry] = {
    "algorithm": PLANNERS,
    "object_strategy": OBJECT_STRATEGIES,
    "goal_strategy": GOAL_STRATEGIES,
}
"""Settings that name a part -> the registry of those that there are."""


def plug_ins_of(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the code from outside this package that settings choose.

    Args:
        settings: of a collection, by name; a model that is not there yet has none.

    Returns:
        Name of a setting -> class, and the distribution that it is from with its version, see
        `namo.plug_ins.PlugIn`; the class of a model only where it may be imported.

    Raises:
        UsageError: there is no such part or module.
    """
    chosen = {name: registry.plug_in(settings[name]) for name, registry in PARTS.items()}
    for name in MODEL_PATHS if settings.get("trust_model_code") else ():
        if (path := settings.get(name)) and (target := custom_class(Path(path))):
            chosen[name] = plug_in_at(target)
    return {name: str(plug_in) for name, plug_in in chosen.items() if plug_in is not None}


@dataclass(frozen=True)
class CollectionConfig:
    """The settings that decide what is collected; all of them are part of the fingerprint.

    Their order, names and types are part of it too: a change has everything collected again.
    """

    algorithm: str = setting("idfs", help="search algorithm", choices=PLANNERS, group=SEARCH)
    object_strategy: str = setting(
        "no_heuristic",
        help="order in which objects are tried",
        choices=OBJECT_STRATEGIES,
        group=SEARCH,
    )
    goal_strategy: str = setting(
        "random",
        help="how push goals of an object are proposed",
        choices=GOAL_STRATEGIES,
        group=SEARCH,
    )
    ml_object_model: str | None = setting(
        None,
        help="folder of the model for object strategy ml",
        metavar="PATH",
        is_path=True,
        group=LEARNED,
    )
    ml_goal_model: str | None = setting(
        None,
        help="folder of the model for goal strategy ml",
        metavar="PATH",
        is_path=True,
        group=LEARNED,
    )
    ml_samples: int = setting(
        32, help="samples drawn per model query", minimum=1, ceiling=100_000, group=LEARNED
    )
    ml_device: str = setting(
        "cuda", help="device to run models on", choices=ML_DEVICES, group=LEARNED
    )
    ml_random_share: float = setting(
        0.2,
        help="fraction of learned goals (best_first: of the first pushes) that stay random",
        minimum=0,
        maximum=1,
        group=LEARNED,
    )
    trust_model_code: bool = setting(
        False,
        help="allow models that import custom classes (executes their code)",
        group=LEARNED,
    )
    episodes_per_env: int = setting(
        1,
        help="episodes per environment, each with its own random numbers",
        minimum=1,
        group=SEARCH,
    )
    max_depth: int = setting(5, help="maximum plan length", unit="pushes", minimum=0, group=SEARCH)
    max_goals_per_object: int = setting(
        5, help="push goals tried per object and state", minimum=1, group=SEARCH
    )
    search_timeout: float = setting(
        300.0, help="wall-time limit per search", unit="s", above=0, group=SEARCH
    )
    max_terminal_checks: int = setting(
        5000, help="goal-reachability checks per search", minimum=1, group=SEARCH
    )
    max_pushes: int | None = setting(
        None, help="simulated pushes per search", none="no limit", minimum=0, group=SEARCH
    )
    filter_minimum_length: bool = setting(
        False,
        help="per environment, keep only the solved episodes with the fewest pushes",
        group=SEARCH,
    )
    smooth: bool = setting(
        True, help="drop the pushes that a plan does not need, as replays show", group=SEARCH
    )
    refine: bool = setting(
        False,
        help="make targets of the poses that objects really reached, where the plan then replays "
        "to an open goal and is still minimal",
        group=SEARCH,
    )
    seed: int = setting(0, help="random seed", minimum=0, ceiling=MAX_SEED, group=SEARCH)
    physics: str = setting(
        "scene",
        help="MuJoCo options: those of each scene file, or a preset",
        choices=tuple(PHYSICS_PRESETS),
        group=SEARCH,
    )
    clearance: float = setting(
        DEFAULT_CLEARANCE_M,
        help="room that must be left around the robot where it drives",
        unit="m",
        minimum=0,
        maximum=MAX_CLEARANCE_M,
        group=SEARCH,
    )

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            UsageError: names the option, the value and what is allowed.
        """
        check_declared(self)
        for name, registry in PARTS.items():
            object.__setattr__(self, name, registry.canonical(getattr(self, name)))
        self._check_planner()
        if self.refine and not self.smooth:
            raise UsageError(
                "--refine keeps a plan only if it is minimal, which --no-smooth does not look at; "
                "omit one of them"
            )
        self._check_models()

    def _check_planner(self) -> None:
        planner = settings_of(self.algorithm)
        for name, why in planner.required.items():
            if getattr(self, name) is None:
                raise UsageError(f"--algorithm {self.algorithm} needs {option_name(name)}: {why}")
        defaults = {field.name: field.default for field in fields(self)}
        useless = [each for each in planner.ignored if getattr(self, each) != defaults[each]]
        if useless:
            given = ", ".join(f"{option_name(each)} {getattr(self, each)}" for each in useless)
            unset = ", ".join(f"{option_name(each)} {defaults[each]}" for each in useless)
            raise UsageError(
                f"--algorithm {self.algorithm} has no use for {given}; leave it at {unset}"
            )

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
                require_extra("learn", f"--{kind}-strategy ml")
                try:
                    require_bundle(Path(model))
                except ModelError as error:
                    raise UsageError(f"--ml-{kind}-model: {error}") from None

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return asdict(self)

    @cached_property
    def plug_ins(self) -> dict[str, str]:
        """The code from outside this package that decides results; see `plug_ins_of`."""
        return plug_ins_of(self.as_dict())

    def as_record(self) -> dict[str, Any]:
        """Return the settings as files of a collection hold them: with the plug-ins, if any."""
        return with_plug_ins(self.as_dict(), self.plug_ins)

    @cached_property
    def decisive(self) -> dict[str, Any]:
        """What decides results: settings and plug-ins, with models identified by their hash.

        The hashes are computed once: a model that a process has loaded does not change under it.
        Without a model the device decides nothing.

        Raises:
            UsageError: there is no such module as a setting names.
        """
        settings = self.as_record()
        if self.ml_object_model is None and self.ml_goal_model is None:
            del settings["ml_device"]
        for name in MODEL_PATHS:
            if settings[name] is not None:
                settings[name] = bundle_sha256(Path(settings[name]))
        return settings

    @property
    def conditions(self) -> Conditions:
        """What is asked of the scenes beside their files."""
        return Conditions(self.physics, self.clearance)

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of all settings."""
        return [field.name for field in fields(cls)]
