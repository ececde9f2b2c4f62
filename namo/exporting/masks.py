"""Pushes as pictures: what a network sees of a state, and what was done there.

The folder holds shards `masks-00000.npz`, ... of `SAMPLES_A_SHARD` samples, an array for each mask
and for each thing that is known of a sample, and `README.md`, which says what they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from namo.errors import ResultFileError, UsageError
from namo.exporting.counting import counting
from namo.exporting.exporter import Export
from namo.exporting.mask_drawing import CHANNELS, PIXELS, Square, draw_masks
from namo.exporting.mask_text import COLUMNS, readme
from namo.exporting.settings import PLAN
from namo.files import replacing
from namo.geometry import Pose2D
from namo.learning.rasters import Raster
from namo.results.collection import Record
from namo.results.scene_file import scene_of
from namo.results.tables import merged_table
from namo.wording import counted
from namo.world.reachability import Reachability
from namo.world.static_map import StaticMap

SAMPLES_A_SHARD = 256

Row = dict[str, Any]


class Sample(NamedTuple):
    """One push.

    Attributes:
        masks: (channels, PIXELS, PIXELS), 0 or 1.
        known: a value for each of `COLUMNS`.
    """

    masks: Raster
    known: Row


class Masks:
    """Writes masks of pushes, 0 or 1."""

    SETTINGS: ClassVar[frozenset[str]] = frozenset({"pushes", "metres_per_pixel"})

    def write(self, export: Export) -> list[str]:
        """Write the shards.

        Raises:
            UsageError: there is no push to show.
            SceneError: a scene file is gone or changed, or does not fit the picture.
            ResultFileError: a file of the collection is missing or damaged.
        """
        shards = _Shards(export.folder)
        column = pq.read_table(
            merged_table(export.collection.folder, "metrics"), columns=["env_id"]
        )
        total = pc.count_distinct(column["env_id"]).as_py()
        environments = 0
        for record in counting(export.collection.records(), total, "environments"):
            before = shards.samples
            for sample in _samples(export, record):
                shards.add(sample)
            environments += shards.samples > before
        shards.finish()
        if not shards.samples:
            raise UsageError(f"{export.collection.folder}: has no push to show")
        with replacing(export.folder / "README.md") as handle:
            handle.write(readme(export, shards.samples, environments).encode())
        return [
            f"{export.output}: {counted(shards.samples, 'sample', 'samples')} from "
            f"{counted(environments, 'environment', 'environments')}, "
            f"{len(CHANNELS)} masks of {PIXELS} x {PIXELS} each, in "
            f"{counted(shards.written, 'shard', 'shards')}",
            "they are loaded in Python with",
            "    import numpy",
            f"    shard = numpy.load({str(export.output / shard_name(0))!r})",
            "    shard['reachable'], shard['target'], shard['goal_open']",
        ]


def shard_name(number: int) -> str:
    """Return the name of a shard."""
    return f"masks-{number:05d}.npz"


def _samples(export: Export, record: Record) -> Iterator[Sample]:
    """Yield the samples of an environment."""
    rows = _rows(record)
    if export.settings.pushes == PLAN:
        rows = _of_plans(record, rows)
    if not rows:
        return
    scene = scene_of(record, record["metrics"][0]["physics"], export.collection.run_from)
    square = Square.around(scene.bounds, export.settings.metres_per_pixel)
    if not square.holds(scene.bounds):
        needed = Square.around(scene.bounds).metres_per_pixel
        raise UsageError(
            f"--metres-per-pixel {square.metres_per_pixel:g}: {scene.path} does not fit into "
            f"{PIXELS} pixels; allowed for it: {needed:.4g} or more"
        )
    static = StaticMap(scene)
    names = ["robot", *static.index]
    about = {
        "difficulty": record["metrics"][0]["difficulty"] or "",
        "scene_sha256": record["scene_sha256"],
        "origin": (square.x_min, square.y_min),
        "metres_per_pixel": square.metres_per_pixel,
    }
    for state, there in groupby(rows, key=itemgetter("poses_before")):
        poses = (Pose2D(*pose) for pose in np.array(state).reshape(-1, 3).tolist())
        reachability = Reachability(static, dict(zip(names, poses, strict=True)))
        for row in there:
            name, target = row["object_id"], Pose2D(*_pose(row, "goal"))
            known = {
                **about,
                **{column: row[column] for column in COLUMNS if column in row},
                "pose_before": tuple(reachability.poses[name]),
                "pose_target": tuple(target),
                "pose_after": _pose(row, "result"),
            }
            yield Sample(draw_masks(reachability, name, target, square), known)


def _rows(record: Record) -> list[Row]:
    """Return the rows of an environment in the table of pushes."""
    columns = record["pushes"]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _of_plans(record: Record, rows: list[Row]) -> list[Row]:
    """Return of an environment's pushes those of its plans, in the order of the plans.

    Raises:
        ResultFileError: one is not among the pushes.
    """
    # Several pushes may lead to the same state, so `on_plan` alone does not tell.
    found = {(row["episode_id"], *_push(row), *row["poses_before"]): row for row in rows}
    try:
        return [
            found[(episode["episode_id"], *action, *chain(*state.values()))]
            for episode in record["episode_results"]
            for action, state in zip(
                ((each["object_id"], *each["target"]) for each in episode["action_sequence"]),
                episode["state_observations"],
                strict=True,
            )
        ]
    except KeyError as error:
        raise ResultFileError(
            f"{record['env_id']}: a push of its plan is not among its pushes: {error}; "
            "`namo verify` says what is wrong"
        ) from None


def _push(row: Row) -> tuple[str, float, float, float]:
    return row["object_id"], *_pose(row, "goal")


def _pose(row: Row, prefix: str) -> tuple[float, float, float]:
    return row[f"{prefix}_x"], row[f"{prefix}_y"], row[f"{prefix}_theta"]


class _Shards:
    """Writes samples, `SAMPLES_A_SHARD` to a file."""

    def __init__(self, folder: Path) -> None:
        self.samples = self.written = 0
        self._folder = folder
        self._waiting: list[Sample] = []

    def add(self, sample: Sample) -> None:
        self.samples += 1
        self._waiting.append(sample)
        if len(self._waiting) == SAMPLES_A_SHARD:
            self.finish()

    def finish(self) -> None:
        """Write what waits."""
        if not self._waiting:
            return
        masks = np.stack([sample.masks for sample in self._waiting], axis=1)
        arrays: dict[str, NDArray[Any]] = dict(zip(CHANNELS, masks, strict=True))
        for name in COLUMNS:
            arrays[name] = np.array([sample.known[name] for sample in self._waiting])
        with replacing(self._folder / shard_name(self.written)) as handle:
            np.savez_compressed(handle, allow_pickle=False, **arrays)
        self.written += 1
        self._waiting.clear()
