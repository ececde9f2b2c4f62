"""A small collection with the data set made from it, and arms to compare."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.collection.chunk import Collector, collect_chunk
from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.models import make_planner
from namo.files import sha256_of
from namo.results.assemble import assemble
from namo.results.schema import METRICS
from namo.scenes.manifest import write_manifest
from namo.scenes.scene import Scene
from namo.scenes.writing import scene_xml
from namo.training.arms import read_arm
from namo.training.dataset import make_dataset

SPLITS = {"a": "train", "b": "val", "c": "test"}
"""Split of each layout in `Learning.scenes`."""
BUDGET = 30
"""Simulated pushes of a search in an arm."""


@dataclass(frozen=True)
class Learning:
    """Scenes, a collection of them and a data set. Read-only.

    Attributes:
        scenes: scene files; the layout is the first letter of the name.
        collection: folder of the merged collection.
        manifest: scene manifest.
        dataset: folder of the data set.
        card: of the data set.
    """

    scenes: list[Path]
    collection: Path
    manifest: Path
    dataset: Path
    card: dict[str, Any]


def manifest_of(path: Path, scenes: list[Path], **columns: Any) -> Path:
    """A manifest of scene files; columns override the default values of all rows."""
    rows = [
        {
            "index": index,
            "file": str(scene),
            "sha256": sha256_of(scene),
            "layout_id": scene.name[0],
            "split": SPLITS[scene.name[0]],
            "difficulty": "easy",
            **columns,
        }
        for index, scene in enumerate(scenes)
    ]
    write_manifest(path, rows, {})
    return path


def collect(scenes: list[Path], output: Path, **settings: Any) -> Path:
    """Explore scenes with few pushes and merge the parts."""
    config = CollectionConfig(
        **{
            "algorithm": "exploration",
            "object_strategy": "random",
            "goal_strategy": "primitive",
            "max_pushes": 24,
            "max_depth": 2,
            "max_goals_per_object": 4,
            **settings,
        }
    )
    environments = [Environment(index, path, "host", "easy") for index, path in enumerate(scenes)]
    planner, _ = make_planner(config)
    collect_chunk(environments, Collector(planner, config, "again {}".format), output)
    assemble(output, "host", "scenes", len(scenes))
    return output


def write_scenes(folder: Path, scenes: dict[str, Scene]) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"{name}.xml" for name in scenes]
    for path, scene in zip(paths, scenes.values(), strict=True):
        path.write_text(scene_xml(scene))
    return paths


@pytest.fixture(scope="session")
def learning(rooms, tmp_path_factory) -> Learning:
    folder = tmp_path_factory.mktemp("learning")
    options = rooms.SLEEPING
    box = rooms.box
    scenes = write_scenes(
        folder / "scenes",
        {
            "a1": rooms.plugged(options=options),
            "a2": rooms.plugged(box(0.9, 0.5, 0.3, number=2), options=options),
            "b1": rooms.room(box(-0.4, 0.0), walls=rooms.door(), options=options),
            "b2": rooms.room(
                box(0.0, 0.1),
                walls=(rooms.wall(5, 0.0, -1.2, (0.05, 0.8)), rooms.wall(6, 0.0, 1.3, (0.05, 0.7))),
                options=options,
            ),
            "c1": rooms.room(
                box(-0.6, 0.4, 0.5), box(0.0, -0.1, number=2), walls=rooms.door(), options=options
            ),
        },
    )
    collection = collect(scenes, folder / "collection")
    manifest = manifest_of(folder / "scenes.parquet", scenes)
    dataset = folder / "dataset"
    card = make_dataset([collection], manifest, dataset)
    return Learning(scenes, collection, manifest, dataset, card)


def rows_of(pushes, *, difficulty="easy", seconds_per_push=0.1, cpu_per_push=0.2):
    """Rows of metrics for pushes (scenes, episodes); infinite for unsolved searches."""
    pushes = np.asarray(pushes, float)
    names = [difficulty] * len(pushes) if isinstance(difficulty, str | None) else difficulty
    return [
        {
            "env_index": scene,
            "episode": episode,
            "scene_sha256": f"{scene:064x}",
            "difficulty": names[scene],
            "seed": 0,
            "physics": "scene",
            "clearance": 0.0,
            "solution_found": bool(np.isfinite(needed)),
            "pushes_simulated": int(min(needed, BUDGET)),
            "search_time_ms": 1000.0 * seconds_per_push * min(needed, BUDGET),
            "search_cpu_time_ms": 1000.0 * cpu_per_push * min(needed, BUDGET),
            "termination": "solved" if np.isfinite(needed) else "pushes",
        }
        for (scene, episode), needed in np.ndenumerate(pushes)
    ]


def write_rows(folder, rows):
    folder.mkdir(parents=True, exist_ok=True)
    names = rows[0] if rows else rows_of([[1]])[0]
    table = pa.Table.from_pylist(rows, pa.schema([METRICS.field(name) for name in names]))
    pq.write_table(table, folder / "metrics.parquet")
    return folder


@pytest.fixture
def arm(tmp_path):
    """Makes an arm from pushes (scenes, episodes), or from rows."""

    def make(name, pushes=None, *, rows=None, **options):
        rows = rows_of(pushes, **options) if rows is None else rows
        return read_arm(name, write_rows(tmp_path / name, rows))

    return make


def searches(rng, scenes=40, episodes=3, mean=6.0):
    needed = rng.geometric(1.0 / mean, size=(scenes, episodes)).astype(float)
    return np.where(needed <= BUDGET, needed, np.inf)


@pytest.fixture
def rng():
    return np.random.default_rng(1)
