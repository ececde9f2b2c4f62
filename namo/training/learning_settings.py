"""Settings of the learning stages of the pipeline: exploration, data set, comparison, rounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import yaml

from namo.errors import UsageError
from namo.planning.registry import PLANNERS
from namo.strategies.registry import GOAL_STRATEGIES, OBJECT_STRATEGIES
from namo.wording import did_you_mean


@dataclass(frozen=True)
class Arm:
    """A search method that is compared with others.

    Attributes:
        algorithm: name of a planner.
        objects: name of an object strategy.
        goals: name of a goal strategy.
        settings: further settings of the collection, by name.
    """

    algorithm: str
    objects: str
    goals: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, name: str, text: str) -> Arm:
        """Return the arm given as three words, and settings.

        Args:
            name: of the arm, for messages.
            text: "ALGORITHM OBJECTS GOALS", then any number of "SETTING=VALUE".

        Raises:
            UsageError: there are not three words, one is not a known name, or what follows them is
                no setting with a value.
        """
        words = text.split()
        if len(words) < 3 or not all("=" in word for word in words[3:]):
            raise UsageError(
                f"arm '{name}' is '{text}'; expected: ALGORITHM OBJECTS GOALS [SETTING=VALUE ...]"
            )
        algorithm, objects, goals = words[:3]
        OBJECT_STRATEGIES.canonical(objects)
        GOAL_STRATEGIES.canonical(goals)
        pairs = (word.split("=", 1) for word in words[3:])
        settings = {key: yaml.safe_load(value) for key, value in pairs}
        return cls(PLANNERS.canonical(algorithm), objects, goals, settings)

    def options(self, object_model: str, goal_model: str) -> dict[str, Any]:
        """Return the options of the collector, with the models that the arm uses."""
        options: dict[str, Any] = {
            "algorithm": self.algorithm,
            "object_strategy": self.objects,
            "goal_strategy": self.goals,
        }
        if self.objects == "ml":
            options["ml_object_model"] = object_model
        if self.goals == "ml":
            options["ml_goal_model"] = goal_model
        return {**options, **self.settings}


DEFAULT_ARMS: Mapping[str, str] = {
    "random": "idfs random random",
    "no_heuristic": "idfs no_heuristic random",
    "nearest_first": "idfs nearest_first random",
    "goal_proximity": "idfs goal_proximity random",
    "farthest_first": "idfs farthest_first random",
    "grid": "idfs random grid",
    "adaptive": "idfs random adaptive",
    "primitive": "idfs random primitive",
    "clear_path": "hybrid path_blocking clear_path",
    "learned": "hybrid path_blocking ml",
    "learned_objects": "hybrid ml ml",
    "learned_idfs": "idfs ml ml",
    "learned_best_first": "best_first ml ml",
}


@dataclass(frozen=True)
class LearningSettings:
    """Settings of the learning stages, apart from those of training.

    Attributes:
        manifest: scene manifest for training, splits train and val.
        test_manifest: scene manifest for comparison, of other layouts.
        collections: folders of further collections for the data set.
        rounds: rounds of exploration, training and comparison.
        scenes_per_round: scenes of the train split per round; each round takes the next ones, and
            starts over when all have been used.
        first_explorer: search method of the first round, see `Arm.parse`; without models.
        explorer: search method of the rounds after it; with the best models so far.
        explore_pushes: simulated pushes per scene in exploration.
        explore_depth: longest sequence of pushes in exploration.
        explore_goals: goals per object in exploration.
        chunk_size: scenes per process.
        arms: search methods: name -> text, see `Arm.parse`.
        compare_arms: arms to compare, the baseline first; None for all.
        round_arms: arms to compare after each round, likewise.
        compare_models: folder with the bundles `object` and `goal` to compare; None for those
            trained on the collection.
        seeds: searches per scene and arm.
        compare_pushes: budget of such a search (simulated pushes).
        compare_depth: longest plan of such a search (pushes).
        compare_scenes: number of test scenes; None for all.
        round_scenes: number of test scenes after each round.

    Raises:
        UsageError: a setting is out of range, an arm is invalid, or fewer than two are compared.
    """

    manifest: str = "results/learning/scenes/scenes.parquet"
    test_manifest: str = "results/learning/test_scenes/scenes.parquet"
    collections: tuple[str, ...] = ()
    rounds: int = 1
    scenes_per_round: int = 6000
    first_explorer: str = "labelling path_blocking clear_path"
    explorer: str = "labelling path_blocking ml"
    explore_pushes: int = 60
    explore_depth: int = 5
    explore_goals: int = 6
    chunk_size: int = 50
    arms: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_ARMS))
    compare_arms: tuple[str, ...] | None = None
    round_arms: tuple[str, ...] = ("random", "clear_path", "learned")
    compare_models: str | None = None
    seeds: int = 3
    compare_pushes: int = 300
    compare_depth: int = 5
    compare_scenes: int | None = None
    round_scenes: int = 40

    def __post_init__(self) -> None:
        counts = ["rounds", "scenes_per_round", "explore_pushes", "explore_depth", "explore_goals"]
        counts += ["chunk_size", "seeds", "compare_pushes", "compare_depth", "round_scenes"]
        for name in counts:
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}; at least 1")
        if self.compare_scenes is not None and self.compare_scenes < 1:
            raise UsageError(f"compare_scenes is {self.compare_scenes}; at least 1, or null")
        for name, text in self.arms.items():
            Arm.parse(name, text)
        self.exploring(2)
        if "ml" in ((first := self.exploring(1)).objects, first.goals):
            raise UsageError(
                f"first_explorer is '{self.first_explorer}'; before the first round no models exist"
            )
        for setting in ("compare_arms", "round_arms"):
            names = getattr(self, setting)
            for name in names or ():
                if name not in self.arms:
                    raise UsageError(f"{setting}: '{name}'; {did_you_mean(name, self.arms)}")
            if len(set(self.arms if names is None else names)) < 2:
                raise UsageError(f"{setting} is {names}; at least 2 arms are needed")

    def arm(self, name: str) -> Arm:
        """Return an arm by name."""
        return Arm.parse(name, self.arms[name])

    def compared(self, *, in_round: bool) -> tuple[str, ...]:
        """Return the names of the arms to compare, the baseline first."""
        if in_round:
            return self.round_arms
        return tuple(self.arms) if self.compare_arms is None else self.compare_arms

    def exploring(self, number: int) -> Arm:
        """Return the search method that explores in a round, from 1."""
        setting = "first_explorer" if number == 1 else "explorer"
        return Arm.parse(setting, getattr(self, setting))

    def scenes_of_round(self, number: int, count: int) -> range:
        """Return the range of scenes of the train split that a round explores.

        Args:
            number: of the round, from 1.
            count: scenes in the split.

        Raises:
            UsageError: the split is empty.
        """
        if count < 1:
            raise UsageError(f"{self.manifest}: has no scenes in split train to explore")
        start = (number - 1) % math.ceil(count / self.scenes_per_round) * self.scenes_per_round
        return range(start, min(start + self.scenes_per_round, count))

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return asdict(self)
