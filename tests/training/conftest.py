"""A small collection to learn from, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from namo.collection.chunk import collect_chunk
from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.models import make_planner
from namo.files import sha256_of
from namo.results.assemble import assemble
from namo.scenes.manifest import write_manifest
from namo.scenes.scene import Scene
from namo.scenes.writing import scene_xml
from namo.training.dataset import make_dataset

SPLITS = {"a": "train", "b": "val", "c": "test"}
"""Of the layouts in `Learning.scenes`."""


@dataclass(frozen=True)
class Learning:
    """Scenes, a collection of them and a data set. Read only.

    Attributes:
        scenes: files; the layout of each is the first letter of its name.
        collection: folder with everything that a collection leaves.
        manifest: lists the scenes.
        dataset: folder of the data set.
        card: what making it returned.
    """

    scenes: list[Path]
    collection: Path
    manifest: Path
    dataset: Path
    card: dict[str, Any]


def manifest_of(path: Path, scenes: list[Path], **columns: Any) -> Path:
    """A manifest of scene files; columns replace what it usually says of all of them."""
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
    """Explore scenes with few pushes and merge what comes of it."""
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
    collect_chunk(environments, planner, config, output, "again {}".format)
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
