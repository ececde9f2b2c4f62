"""Solved episodes as a LeRobot data set, format v3.0: frames of the plans' motion, with videos.

    meta/info.json, stats.json, tasks.parquet, episodes/   what there is, and where
    data/                                                  frames without images
    videos/                                                images from above, many episodes a file
    README.md                                              the card

Scenes are padded to the same number of movables, as all frames have the same features.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from namo.exporting.card import DatasetCard
from namo.exporting.exporter import Export
from namo.exporting.feature_stats import NAMES, PixelStats, Stats, StatsSum, vector_stats
from namo.exporting.lerobot_card import lerobot_card
from namo.exporting.lerobot_features import (
    FPS,
    IMAGE,
    PIXELS,
    EpisodePlace,
    as_table,
    features,
    frame_values,
    schema_of,
)
from namo.exporting.planned import PLAN, count_kinds, max_movables, omission_lines
from namo.exporting.progress import track_progress
from namo.exporting.scene_window import scene_window
from namo.exporting.video_files import VideoFiles, VideoSpan
from namo.files import replacing
from namo.results.collection import Collection
from namo.results.export_folder import CARD
from namo.results.plan_motion import PlanMotion, plan_motion
from namo.results.searched_environment import PushRow
from namo.results.shards import ShardWriter
from namo.results.tables import write_table
from namo.scenes.conditions import Conditions
from namo.scenes.scene import Bounds, Scene
from namo.scenes.topdown import RgbImage, TopDownRenderer
from namo.wording import counted

VERSION = "v3.0"
TASK = "Push boxes out of the way until the robot can reach its goal, then drive there."
FRAMES_PER_FILE = 100_000
EPISODES_PER_FILE = 5000
FILES_PER_FOLDER = 1000
_FILE = "chunk-{chunk_index:03d}/file-{file_index:03d}"
_DATA = f"data/{_FILE}.parquet"
_EPISODES = f"meta/episodes/{_FILE}.parquet"
_VIDEOS = f"videos/{{video_key}}/{_FILE}.mp4"
_MEGABYTES_PER_FILE = {"data": 100, "video": 200}
"""LeRobot's own limits, for what it appends."""


class LeRobotExporter:
    """Writes a LeRobot data set."""

    SETTINGS: ClassVar[frozenset[str]] = frozenset({"licence", "citation", "metres_per_pixel"})

    def write(self, export: Export) -> list[str]:
        """Write the data set, with one episode per plan.

        Raises:
            UsageError: no episode of the collection has a plan, or a scene does not fit its images.
            SceneError: a scene is not stored, and its file is missing or has changed.
            ResultFileError: a file of the collection is missing or damaged.
        """
        card = DatasetCard.of(export)
        kinds = count_kinds(export.collection.folder, recorded=True)
        dataset = _Dataset(export.folder, max_movables(export.collection.folder))
        plans = track_progress(_plans(export.collection), kinds[PLAN], "episodes")
        scale = export.settings.metres_per_pixel
        with dataset.frames, dataset.episodes, dataset.videos:
            for plan in plans:
                dataset.add(plan, scale)
        dataset.finish()
        omissions, described = omission_lines(kinds), dataset.features
        text = lerobot_card(card, described, dataset.length, dataset.start, omissions)
        with replacing(export.folder / CARD) as handle:
            handle.write(text.encode())
        return [
            f"{export.output}: LeRobot data set, {counted(dataset.length, 'episode', 'episodes')}, "
            f"{counted(dataset.start, 'frame', 'frames')}",
            *omissions,
            "load it in Python with",
            "    from lerobot.datasets.lerobot_dataset import LeRobotDataset",
            f"    data = LeRobotDataset('local/{export.name}', root={str(export.output)!r})",
        ]


@dataclass(frozen=True)
class _Plan:
    """An episode to export.

    Attributes:
        episode_id: as in the tables.
        scene: its scene.
        steps: its rows of the plans table.
    """

    episode_id: str
    scene: Scene
    steps: list[PushRow]


def _plans(collection: Collection) -> Iterator[_Plan]:
    for record in collection.records():
        replayed = {row["episode_id"]: row["replayed"] for row in record["metrics"]}
        planned = [
            episode["episode_id"]
            for episode in record["episode_results"]
            if episode["action_sequence"] and replayed[episode["episode_id"]] is not False
        ]
        if planned:
            conditions = Conditions.of(record["metrics"][0])
            scene = collection.collected_scenes.scene(record, conditions)
            rows = pa.table(dict(record["plans"])).to_pylist()
            for episode_id in planned:
                steps = [row for row in rows if row["episode_id"] == episode_id]
                yield _Plan(episode_id, scene, steps)


class _Dataset:
    """A data set while it is written.

    Attributes:
        features: by name.
        frames: writes frames.
        episodes: writes what is known of each episode.
        videos: writes images.
        length: number of episodes.
        start: number of frames.
    """

    def __init__(self, folder: Path, movables: int) -> None:
        self._folder, self._movables = folder, movables
        self.features = features(movables)
        self._schema = schema_of(self.features)
        self.length = self.start = 0
        self._stats = {name: StatsSum() for name in self.features}
        path = partial(_path, folder)
        self.frames = ShardWriter[pa.Table](
            lambda number, tables: _write(path(_DATA, number), self._schema, tables),
            FRAMES_PER_FILE,
            size_of=len,
        )
        self.episodes = ShardWriter[dict[str, Any]](
            lambda number, rows: _write_episodes(path(_EPISODES, number), rows), EPISODES_PER_FILE
        )
        self.videos = VideoFiles(
            lambda number: path(_VIDEOS, number, video_key=IMAGE), FPS, PIXELS, PIXELS
        )

    def add(self, plan: _Plan, metres_per_pixel: float | None) -> None:
        """Write an episode."""
        motion = plan_motion(plan.steps)
        window = scene_window(plan.scene, PIXELS, metres_per_pixel)
        side = window.metres_per_pixel * window.pixels
        view = Bounds(window.x_min, window.y_min, window.x_min + side, window.y_min + side)
        pixels = PixelStats()
        images = _images(TopDownRenderer(plan.scene, PIXELS, view, 0.0), motion, pixels)
        span = self.videos.add(images, len(motion) - 1)
        place = EpisodePlace(self.length, self.start)
        goal = plan.scene.goal
        values = frame_values(
            motion, (goal.x, goal.y), list(map(_request, plan.steps)), self._movables, place
        )
        found = {name: vector_stats(each) for name, each in values.items()}
        stats = {name: found[name] if name in found else pixels.stats() for name in self.features}
        for name, each in stats.items():
            self._stats[name].add(each)
        row = {
            "episode_index": self.length,
            "tasks": [TASK],
            "length": len(motion) - 1,
            "episode_id": plan.episode_id,
            "scene_sha256": plan.scene.sha256,
            "metres_per_pixel": window.metres_per_pixel,
            "dataset_from_index": self.start,
            "dataset_to_index": self.start + len(motion) - 1,
            **_place("data", self.frames.shards),
            **_video_columns(span),
            **_place("meta/episodes", self.episodes.shards),
            **{
                f"stats/{name}/{statistic}": each[statistic].tolist()
                for name, each in stats.items()
                for statistic in NAMES
            },
        }
        self.frames.add(as_table(values, self._schema))
        self.episodes.add(row)
        self.length, self.start = self.length + 1, self.start + len(motion) - 1

    def finish(self) -> None:
        """Write what is known of all episodes."""
        info = {
            "codebase_version": VERSION,
            "robot_type": "disc",
            "total_episodes": self.length,
            "total_frames": self.start,
            "total_tasks": 1,
            "chunks_size": FILES_PER_FOLDER,
            "data_files_size_in_mb": _MEGABYTES_PER_FILE["data"],
            "video_files_size_in_mb": _MEGABYTES_PER_FILE["video"],
            "fps": FPS,
            "splits": {"train": f"0:{self.length}"},
            "data_path": _DATA,
            "video_path": _VIDEOS,
            "features": {name: each.as_info() for name, each in self.features.items()},
        }
        meta = self._folder / "meta"
        stats = {name: _as_lists(each.stats()) for name, each in self._stats.items()}
        _write_json(meta / "info.json", info)
        _write_json(meta / "stats.json", stats)
        _write_tasks(meta / "tasks.parquet")


def _images(
    renderer: TopDownRenderer, motion: PlanMotion, pixels: PixelStats
) -> Iterator[RgbImage]:
    """Yield the image of each frame but the last, and count its pixels."""
    for robot, movables in zip(motion.robot[:-1], motion.movables[:-1], strict=True):
        image = renderer.draw([*robot, *movables.ravel()])
        pixels.add(image)
        yield image


def _request(step: PushRow) -> tuple[int, tuple[float, float, float]]:
    """Return the pushed movable and the pose that it is pushed to."""
    target = step["goal_x"], step["goal_y"], step["goal_theta"]
    return step["object_names"].index(step["object_id"]), target


def _place(prefix: str, number: int) -> dict[str, int]:
    """Return the columns that say in which file something is."""
    chunk, file = divmod(number, FILES_PER_FOLDER)
    return {f"{prefix}/chunk_index": chunk, f"{prefix}/file_index": file}


def _video_columns(span: VideoSpan) -> dict[str, Any]:
    prefix = f"videos/{IMAGE}"
    times = {f"{prefix}/from_timestamp": span.start_s, f"{prefix}/to_timestamp": span.end_s}
    return {**_place(prefix, span.file), **times}


def _path(folder: Path, pattern: str, number: int, **names: str) -> Path:
    """Return the path of a numbered file, and make its folder."""
    chunk, file = divmod(number, FILES_PER_FOLDER)
    path = folder / pattern.format(chunk_index=chunk, file_index=file, **names)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _write(path: Path, schema: pa.Schema, tables: list[pa.Table]) -> None:
    write_table(path, schema, tables)


def _write_episodes(path: Path, rows: list[dict[str, Any]]) -> None:
    table = pa.Table.from_pylist(rows)
    write_table(path, table.schema, [table])


def _write_tasks(path: Path) -> None:
    """Write the tasks, as pandas writes a table with the task as its index."""
    index = "task"
    table = pa.table({"task_index": pa.array([0], pa.int64()), index: pa.array([TASK])})
    columns = [
        {"name": name, "field_name": name, "pandas_type": kind, "numpy_type": of, "metadata": None}
        for name, kind, of in (("task_index", "int64", "int64"), (index, "unicode", "object"))
    ]
    described = {"index_columns": [index], "column_indexes": [], "columns": columns}
    schema = table.schema.with_metadata({"pandas": json.dumps(described)})
    write_table(path, schema, [table.cast(schema)])


def _as_lists(stats: Stats) -> dict[str, Any]:
    return {name: np.asarray(values).tolist() for name, values in stats.items()}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with replacing(path) as handle:
        handle.write((json.dumps(content, indent=4) + "\n").encode())
