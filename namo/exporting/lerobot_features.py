"""The features of a LeRobot data set: what a frame holds, and what each number of it means.

A frame is a moment of the recorded motion of a plan, and the action in it is where the robot is one
frame later. The last frame is the one before the robot arrives at its goal.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from namo.exporting.video_files import CODEC, PIXEL_FORMAT
from namo.geometry import Floats
from namo.results.plan_motion import PlanMotion
from namo.world.recording import FRAME_S

FPS = round(1.0 / FRAME_S)
IMAGE = "observation.images.top"
PIXELS = 384
"""Side of the images."""
_VIDEO = "video"
_XY = ("x", "y")
_BOX = ("x", "y", "theta", "present")


class Feature(NamedTuple):
    """A feature of a frame.

    Attributes:
        dtype: as LeRobot names it.
        meaning: with units.
        names: of its components; none for a single number.
    """

    dtype: str
    meaning: str
    names: tuple[str, ...] = ()

    @property
    def shape(self) -> list[int]:
        """Shape as LeRobot writes it."""
        return [PIXELS, PIXELS, 3] if self.dtype == _VIDEO else [len(self.names) or 1]

    def as_info(self) -> dict[str, Any]:
        """Return the entry of the feature in `meta/info.json`."""
        names = list(self.names) or None
        if self.dtype != _VIDEO:
            return {"dtype": self.dtype, "shape": self.shape, "names": names}
        return {
            "dtype": self.dtype,
            "shape": self.shape,
            "names": names,
            "info": {
                "video.height": PIXELS,
                "video.width": PIXELS,
                "video.codec": CODEC,
                "video.pix_fmt": PIXEL_FORMAT,
                "video.is_depth_map": False,
                "video.fps": FPS,
                "video.channels": 3,
                "has_audio": False,
            },
        }

    def as_field(self, name: str) -> pa.Field:
        """Return the Arrow field of a feature that is no video."""
        kind = pa.type_for_alias(self.dtype)
        field = pa.field(name, pa.list_(kind, len(self.names)) if self.names else kind)
        return field.with_metadata({"description": self.meaning})


def features(movables: int) -> dict[str, Feature]:
    """Return the features by name, those of LeRobot itself last.

    Args:
        movables: number of movables to pad to.
    """
    boxes = tuple(f"movable_{number}.{part}" for number in range(movables) for part in _BOX)
    return {
        IMAGE: Feature(
            _VIDEO, "the scene from above, x to the right, y up", ("height", "width", "channels")
        ),
        "observation.state": Feature("float32", "position of the robot (m)", _XY),
        "observation.environment_state": Feature(
            "float32",
            "position of the robot's goal (m), then pose of each movable (m, m, rad) in the order "
            "of the scene file, and 1; 0 where the scene has fewer movables",
            ("goal.x", "goal.y", *boxes),
        ),
        "action": Feature("float32", "position of the robot one frame later (m)", _XY),
        "next.reward": Feature("float32", "1 if the robot arrives at its goal, else 0"),
        "next.done": Feature("bool", "whether the episode ends"),
        "next.success": Feature("bool", "whether the robot arrives at its goal"),
        "push.step": Feature("int64", "number of the push in the plan, from 0"),
        "push.object": Feature("int64", "pushed movable, by its place in the scene file, from 0"),
        "push.target": Feature(
            "float32", "pose that it is pushed to (m, m, rad)", ("x", "y", "theta")
        ),
        "timestamp": Feature("float32", "time since the start of the episode (s)"),
        "frame_index": Feature("int64", "number of the frame in its episode, from 0"),
        "episode_index": Feature("int64", "number of the episode, from 0"),
        "index": Feature("int64", "number of the frame in the data set, from 0"),
        "task_index": Feature("int64", "number of the task in `meta/tasks.parquet`"),
    }


def schema_of(described: dict[str, Feature]) -> pa.Schema:
    """Return the Arrow schema of the frames."""
    return pa.schema(
        [feature.as_field(name) for name, feature in described.items() if feature.dtype != _VIDEO]
    )


class EpisodePlace(NamedTuple):
    """Where an episode is in the data set.

    Attributes:
        episode: its number, from 0.
        start: number of its first frame, from 0.
    """

    episode: int
    start: int


def frame_values(
    motion: PlanMotion,
    goal: tuple[float, float],
    pushes: list[tuple[int, tuple[float, float, float]]],
    movables: int,
    place: EpisodePlace,
) -> dict[str, Floats]:
    """Return the values (frames, components) of all features but the image, in their units.

    Args:
        motion: of the plan; all but its last frame are frames of the data set.
        goal: x, y of the robot's goal (m).
        pushes: of each push of the plan the movable's place in file order, and its target pose (m,
            m, rad).
        movables: number of movables to pad to.
        place: of the episode.
    """
    frames = len(motion) - 1
    boxes = np.zeros((frames, movables, len(_BOX)))
    present = motion.movables.shape[1]
    boxes[:, :present, :3], boxes[:, :present, 3] = motion.movables[:-1], 1.0
    surroundings = np.concatenate([np.tile(goal, (frames, 1)), boxes.reshape(frames, -1)], axis=1)
    number = np.arange(frames)
    last = number == frames - 1
    objects, targets = (np.array(each, np.float64) for each in zip(*pushes, strict=True))
    push = motion.push[1:]  # an action is of the push that the next frame belongs to
    values = {
        "observation.state": motion.robot[:-1],
        "observation.environment_state": surroundings,
        "action": motion.robot[1:],
        "next.reward": last,
        "next.done": last,
        "next.success": last,
        "push.step": push,
        "push.object": objects[push],
        "push.target": targets[push],
        "timestamp": number / FPS,
        "frame_index": number,
        "episode_index": np.full(frames, place.episode),
        "index": place.start + number,
        "task_index": np.zeros(frames),
    }
    return {
        name: np.reshape(each, (frames, -1)).astype(np.float64) for name, each in values.items()
    }


def as_table(values: dict[str, Floats], schema: pa.Schema) -> pa.Table:
    """Return the rows of frames.

    Args:
        values: (frames, components) of each feature, in its unit.
        schema: of the rows.
    """
    columns = []
    for field in schema:
        is_list = pa.types.is_fixed_size_list(field.type)
        kind = field.type.value_type if is_list else field.type
        flat = pa.array(values[field.name].ravel().astype(kind.to_pandas_dtype()), kind)
        columns.append(
            pa.FixedSizeListArray.from_arrays(flat, type=field.type) if is_list else flat
        )
    return pa.table(columns, schema=schema)
