"""Pushes as masks: NumPy arrays of the state and the push, for networks with image inputs.

The folder holds shards `masks-00000.npz`, ... of `SAMPLES_PER_SHARD` samples, with one array per
mask and per label, and a `README.md` that describes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from namo.errors import UsageError
from namo.exporting.exporter import Export
from namo.exporting.mask_drawing import CHANNELS, PIXELS, draw_masks
from namo.exporting.mask_text import LABELS, NOT_SEARCHED, readme
from namo.exporting.progress import track_progress
from namo.exporting.scene_window import scene_window
from namo.exporting.settings import PLAN
from namo.files import replacing
from namo.geometry import Pose2D
from namo.learning.rasters import Raster
from namo.results.searched_environment import PushRow, SearchedEnvironment
from namo.results.shards import ShardWriter, shard_name
from namo.wording import counted
from namo.world.push import NO_TRAVEL_M, TO_A_POSE
from namo.world.reachability import Reachability
from namo.world.static_map import StaticMap

SAMPLES_PER_SHARD = 256


class MaskSample(NamedTuple):
    """One push.

    Attributes:
        masks: (channels, PIXELS, PIXELS), 0 or 1.
        labels: one value for each of `LABELS`.
    """

    masks: Raster
    labels: dict[str, Any]


class MaskExporter:
    """Writes masks of pushes, 0 or 1."""

    SETTINGS: ClassVar[frozenset[str]] = frozenset({"pushes", "metres_per_pixel"})

    def write(self, export: Export) -> list[str]:
        """Write the shards.

        Raises:
            UsageError: the collection has no push to export, or a scene does not fit its masks.
            SceneError: a scene is not stored, and its file is missing or has changed.
            ResultFileError: a file of the collection is missing or damaged.
        """
        total = export.collection.searched_environments
        environments = 0

        def write_shard(number: int, samples: list[MaskSample]) -> None:
            _write_shard(export.folder / _file_name(number), samples)

        with ShardWriter(write_shard, SAMPLES_PER_SHARD) as shards:
            for searched in track_progress(export.collection.searched(), total, "environments"):
                before = shards.items
                for sample in _samples(export, searched):
                    shards.add(sample)
                environments += shards.items > before
        if not shards.items:
            raise UsageError(f"{export.collection.folder}: has no push to export")
        with replacing(export.folder / "README.md") as handle:
            handle.write(readme(export, shards.items, environments).encode())
        return [
            f"{export.output}: {counted(shards.items, 'sample', 'samples')} from "
            f"{counted(environments, 'environment', 'environments')}, "
            f"{len(CHANNELS)} masks of {PIXELS} x {PIXELS} each, in "
            f"{counted(shards.shards, 'shard', 'shards')}",
            "load it in Python with",
            "    import numpy",
            f"    shard = numpy.load({str(export.output / _file_name(0))!r})",
            "    shard['reachable'], shard['target'], shard['goal_open']",
        ]


def _file_name(number: int) -> str:
    return shard_name("masks", number, ".npz")


def _write_shard(path: Path, samples: list[MaskSample]) -> None:
    masks = np.stack([sample.masks for sample in samples], axis=1)
    arrays: dict[str, NDArray[Any]] = dict(zip(CHANNELS, masks, strict=True))
    for name in LABELS:
        arrays[name] = np.array([sample.labels[name] for sample in samples])
    with replacing(path) as handle:
        np.savez_compressed(handle, allow_pickle=False, **arrays)


def _samples(export: Export, searched: SearchedEnvironment) -> Iterator[MaskSample]:
    """Yield the samples of an environment."""
    rows = searched.pushes
    if export.settings.pushes == PLAN:
        rows = _plan_rows(searched)
    if not rows:
        return
    scenes = export.collection.collected_scenes
    scene = scenes.scene(searched.reference, searched.conditions)
    window = scene_window(scene, PIXELS, export.settings.metres_per_pixel)
    static = StaticMap(scene)
    names = ["robot", *static.index]
    scene_labels = {
        "difficulty": searched.difficulty or "",
        "scene_sha256": searched.reference["scene_sha256"],
        "origin": (window.x_min, window.y_min),
        "metres_per_pixel": window.metres_per_pixel,
    }
    for state, from_state in groupby(rows, key=itemgetter("poses_before")):
        poses = (Pose2D(*pose) for pose in np.array(state).reshape(-1, 3).tolist())
        reachability = Reachability(static, dict(zip(names, poses, strict=True)))
        for row in from_state:
            name, target = row["object_id"], Pose2D(*_pose(row, "goal"))
            labels = {
                **scene_labels,
                **{column: row[column] for column in LABELS if column in row},
                "contact": TO_A_POSE if row["contact"] is None else row["contact"],
                "travel": NO_TRAVEL_M if row["travel"] is None else row["travel"],
                "pose_before": tuple(reachability.poses[name]),
                "pose_target": tuple(target),
                "pose_after": _pose(row, "result"),
            }
            yield MaskSample(draw_masks(reachability, name, target, window), labels)


def _plan_rows(searched: SearchedEnvironment) -> list[PushRow]:
    """Return the pushes of an environment's plans, in the order of the plans, with all labels."""
    lengths = {episode["episode_id"]: episode["solution_depth"] for episode in searched.episodes}
    return [
        {
            **row,
            "push": NOT_SEARCHED if row["search_push"] is None else row["search_push"],
            "depth": row["step"] + 1,
            "goal_open": row["step"] + 1 == lengths[row["episode_id"]],
            "on_plan": True,
        }
        for row in searched.plans
        if row["episode_id"] in lengths
    ]


def _pose(row: PushRow, prefix: str) -> tuple[float, float, float]:
    return row[f"{prefix}_x"], row[f"{prefix}_y"], row[f"{prefix}_theta"]
