"""What every processor collects: which searches, in which environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from namo.collection.config import CollectionConfig
from namo.scenes.packed import read_packed
from namo.scenes.sources import environments_from

REPOSITORY = Path(__file__).resolve().parents[2]
_BENCHMARK = REPOSITORY / "resources" / "scenes" / "benchmark" / "scenes.parquet"
_MODELS = REPOSITORY / "resources" / "models"
LEARNED: Mapping[str, Any] = {
    "object_strategy": "ml",
    "goal_strategy": "ml",
    "ml_device": "cpu",
    "ml_object_model": str(_MODELS / "object"),
    "ml_goal_model": str(_MODELS / "goal"),
}


@dataclass(frozen=True)
class Search:
    """A planner with its strategies.

    Attributes:
        settings: that differ from the defaults.
        every: it searches every so many-th environment.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    every: int = 20

    @property
    def config(self) -> CollectionConfig:
        return CollectionConfig(**{"max_pushes": 8, "max_depth": 3, **self.settings})

    @property
    def name(self) -> str:
        config = self.config
        return f"{config.algorithm} {config.object_strategy} {config.goal_strategy}"

    @property
    def is_learned(self) -> bool:
        return "ml_goal_model" in self.settings


def _search(algorithm: str, objects: str, goals: str) -> Search:
    return Search({"algorithm": algorithm, "object_strategy": objects, "goal_strategy": goals})


SEARCHES = (
    Search(every=1),
    Search(_search("hybrid", "path_blocking", "clear_path").settings, every=1),
    Search({"algorithm": "best_first", **LEARNED}, every=1),
    Search({"algorithm": "idfs", **LEARNED}),
    Search({"algorithm": "hybrid", **LEARNED}),
    Search({"algorithm": "greedy", **LEARNED}),
    Search({"algorithm": "exhaustive"}),
    Search({"algorithm": "random_sampling", "goal_strategy": "far"}),
    _search("tree_idfs", "nearest_first", "grid"),
    _search("mcts", "path_blocking", "clear_path"),
    _search("optimal_idfs", "goal_proximity", "adaptive"),
    _search("region_opening", "farthest_first", "primitive"),
)


def scene_files(folder: Path, count: int) -> list[Path]:
    """Demo and benchmark scenes, so many, evenly from the list of all.

    Args:
        folder: where benchmark scenes are unpacked, unless they are there.
        count: how many.

    Raises:
        ValueError: there are not so many.
    """
    scenes: list[Path | dict[str, Any]] = [*environments_from(None, None).paths]
    scenes += read_packed(_BENCHMARK)
    if not 1 <= count <= len(scenes):
        raise ValueError(f"{count} environments; there are 1 to {len(scenes)}")
    chosen = [scenes[place * len(scenes) // count] for place in range(count)]
    return [scene if isinstance(scene, Path) else _unpacked(folder, scene) for scene in chosen]


def _unpacked(folder: Path, row: Mapping[str, Any]) -> Path:
    path = folder / row["file"]
    if not path.exists():
        path.write_text(row["xml"])
    return path
