"""A scene and its plan as SVG, with the frames of its animation.

Lengths are whole millimetres. A group flips the y axis up, so coordinates and angles are those of
the tables. Colours come from CSS classes (`page.css`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import shapely
from markupsafe import Markup

from namo.geometry import Floats
from namo.reporting.gallery import GalleryEntry, PlanRow
from namo.results.record_types import SceneRow
from namo.scenes.drawing import OPEN_MARGIN, SMALLEST_MARK

MM_PER_M = 1000.0
NUMBER_SIZE = 0.04
"""Font size of push numbers as a fraction of the view."""
PATH_TOLERANCE_M = 0.01
"""Largest deviation of the drawn robot path from the recorded one."""


class PushFrames(TypedDict):
    """The frames of one push, for the page's script.

    Attributes:
        name: pushed object.
        moved: movables that move, as indices in file order.
        frames: one row per frame: x, y of the robot, then x, y, theta of each movable in `moved`
            (mm, mrad), as differences to the previous row.
    """

    name: str
    moved: list[int]
    frames: list[int]


@dataclass(frozen=True)
class PlanDrawing:
    """A drawn scene with the animation of its plan.

    Attributes:
        svg: the scene at the start, the result of each push, and the robot's path.
        frames: of each push.
    """

    svg: Markup
    frames: list[PushFrames]


def draw_plan(entry: GalleryEntry, label: str) -> PlanDrawing:
    """Return the drawing of an episode.

    Args:
        entry: the episode.
        label: description for screen readers.
    """
    scene, names = entry.scene, entry.scene["movables"]
    poses = np.array(scene["poses"], np.float64).reshape(-1, 3)
    outlines = [_corners(outline) for outline in scene["outlines"]]
    walls = [_corners(wall) for wall in scene["walls"]]
    low, high = _view(scene, poses, outlines, walls)
    mark = SMALLEST_MARK * float((high - low).max())
    x, y, radius = scene["robot"]
    goal_x, goal_y, goal_radius = scene["goal"]
    radius, goal_radius = max(radius, mark), max(goal_radius, mark)
    steps = [_Step(push, names) for push in entry.pushes]
    ghosts, numbers = _ghosts(steps, outlines, high - low)
    end = steps[-1].robot[-1] if steps else None
    body = [
        f'<path class="floor" d="{_path([np.array(shapely.box(*low, *high).exterior.coords)])}"/>',
        f'<path class="wall" d="{_path(walls)}"/>',
        *(
            f'<g class="movable" {_transform(pose)}><path d="{_path([outline])}"/></g>'
            for pose, outline in zip(poses, outlines, strict=True)
        ),
        *ghosts,
        _robot_path(steps),
        _circle("end", end[0], end[1], radius) if end is not None else "",
        _circle("goal", goal_x, goal_y, goal_radius),
        f'<g class="robot" {_transform((x, y, 0.0))}>{_circle("", 0.0, 0.0, radius)}</g>',
    ]
    width, height = _mm(high - low)
    left, top = _mm((low[0], -high[1]))
    # The label is the only text from outside; `format` escapes it.
    svg = Markup(  # noqa: S704
        f'<svg viewBox="{left} {top} {width} {height}" role="img" aria-label="{{}}">'
        f'<g transform="scale(1 -1)">{"".join(body)}</g>{"".join(numbers)}</svg>'
    ).format(label)
    return PlanDrawing(svg, [step.frames() for step in steps])


class _Step:
    """One push of a plan.

    Attributes:
        name: pushed object.
        object: its index in file order.
        moved: indices of the movables that move.
        robot: positions (frames, 2) (m).
        poses: of the moved movables (frames, moved, 3) (m, rad), angles unwrapped.
    """

    def __init__(self, push: PlanRow, names: Sequence[str]) -> None:
        self.name = push["object_id"]
        self.object = names.index(self.name)
        self.moved = [names.index(name) for name in push["moved"]]
        self.robot = np.array(push["robot"], np.float64).reshape(-1, 2)
        poses = np.array(push["poses"], np.float64).reshape(len(self.robot), -1, 3)
        poses[:, :, 2] = np.unwrap(poses[:, :, 2], axis=0)
        self.poses = poses

    def frames(self) -> PushFrames:
        rows = np.concatenate([self.robot, self.poses.reshape(len(self.robot), -1)], axis=1)
        whole = (rows * MM_PER_M).round().astype(np.int64)
        steps = np.asarray(np.diff(whole, axis=0, prepend=0), np.int64)
        return {"name": self.name, "moved": self.moved, "frames": steps.ravel().tolist()}


def _view(
    scene: SceneRow, poses: Floats, outlines: Sequence[Floats], walls: Sequence[Floats]
) -> tuple[Floats, Floats]:
    """Return the lower and upper corner of the view (m), with a margin around everything."""
    bounds = np.array(scene["bounds"], np.float64).reshape(2, 2)
    placed = [_moved(outline, pose) for outline, pose in zip(outlines, poses, strict=True)]
    points = np.concatenate([bounds, *walls, *placed])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = OPEN_MARGIN * float((high - low).max()) / 3.0
    return low - margin, high + margin


def _ghosts(
    steps: Sequence[_Step], outlines: Sequence[Floats], size: Floats
) -> tuple[list[str], list[str]]:
    """Return outlines of all movables where pushes left them, and push numbers on the objects."""
    ghosts, numbers = [], []
    for number, step in enumerate(steps, start=1):
        for movable, pose in zip(step.moved, step.poses[-1], strict=True):
            ghosts.append(
                f'<g class="ghost" {_transform(pose)}><path d="{_path([outlines[movable]])}"/></g>'
            )
            if movable == step.object and len(steps) > 1:
                x, y = _mm((pose[0], -pose[1]))
                font = round(NUMBER_SIZE * MM_PER_M * float(size.max()))
                numbers.append(f'<text x="{x}" y="{y}" font-size="{font}">{number}</text>')
    return ghosts, numbers


def _robot_path(steps: Sequence[_Step]) -> str:
    if not steps:
        return ""
    positions = np.concatenate([step.robot for step in steps])
    line = shapely.simplify(shapely.LineString(positions), PATH_TOLERANCE_M)
    path = _path([shapely.get_coordinates(line)], close=False)
    return f'<path class="robot-path" d="{path}"/>'


def _corners(flat: Sequence[float]) -> Floats:
    return np.array(flat, np.float64).reshape(-1, 2)


def _moved(outline: Floats, pose: Floats) -> Floats:
    x, y, theta = pose
    rotation = np.array([[np.cos(theta), np.sin(theta)], [-np.sin(theta), np.cos(theta)]])
    return np.asarray(outline @ rotation + (x, y))


def _transform(pose: Sequence[float] | Floats) -> str:
    x, y = _mm(pose[:2])
    return f'transform="translate({x} {y}) rotate({np.degrees(pose[2]):.1f})"'


def _path(loops: Sequence[Floats], *, close: bool = True) -> str:
    end = "Z" if close else ""
    return "".join(
        "M" + "L".join(f"{x} {y}" for x, y in map(_mm, loop)) + end for loop in loops if len(loop)
    )


def _circle(kind: str, x: float, y: float, radius: float) -> str:
    x, y, radius = _mm((x, y, radius))
    return f'<circle class="{kind}" cx="{x}" cy="{y}" r="{radius}"/>'


def _mm(lengths: Sequence[float] | Floats) -> list[int]:
    return [round(float(length) * MM_PER_M) for length in lengths]
