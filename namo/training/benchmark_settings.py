"""Settings of the benchmark: which planners are compared in the frozen scenes, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from namo.errors import UsageError
from namo.training.learning_settings import Arm
from namo.wording import did_you_mean

BENCHMARK_ARMS: Mapping[str, str] = {
    "default": "hybrid path_blocking clear_path",
    "learned": "hybrid path_blocking ml",
    "random": "idfs random random",
    "goal_proximity": "idfs goal_proximity random",
}


@dataclass(frozen=True)
class BenchmarkSettings:
    """Settings of the target `benchmark`.

    Attributes:
        scenes: file of packed scenes.
        models: folder of the models `object` and `goal`, for arms that use one.
        arms: search methods: name -> text, see `Arm.parse`.
        compare_arms: arms to compare, the baseline first; None for all.
        seeds: searches per scene and arm.
        pushes: budget of a search (simulated pushes).
        depth: longest plan of a search (pushes).
        scenes_per_class: compare in the first scenes of each class; None for all.
        chunk_size: scenes per process.

    Raises:
        UsageError: a setting is out of range, an arm is invalid, or fewer than two are compared.
    """

    scenes: str = "resources/scenes/benchmark/scenes.parquet"
    models: str = "resources/models"
    arms: Mapping[str, str] = field(default_factory=lambda: dict(BENCHMARK_ARMS))
    compare_arms: tuple[str, ...] | None = None
    seeds: int = 3
    pushes: int = 300
    depth: int = 8
    scenes_per_class: int | None = None
    chunk_size: int = 20

    def __post_init__(self) -> None:
        for name in ("seeds", "pushes", "depth", "chunk_size"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}; at least 1")
        if self.scenes_per_class is not None and self.scenes_per_class < 1:
            raise UsageError(f"scenes_per_class is {self.scenes_per_class}; at least 1, or null")
        for name, text in self.arms.items():
            Arm.parse(name, text)
        for name in self.compare_arms or ():
            if name not in self.arms:
                raise UsageError(f"compare_arms: '{name}'; {did_you_mean(name, self.arms)}")
        if len(set(self.compared)) < 2:
            raise UsageError(f"compare_arms is {self.compare_arms}; at least 2 arms are needed")

    @property
    def compared(self) -> tuple[str, ...]:
        """Names of the arms to compare, the baseline first."""
        return tuple(self.arms) if self.compare_arms is None else self.compare_arms

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return asdict(self)
