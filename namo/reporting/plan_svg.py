"""A scene and its plan as SVG, with the frames of its animation.

Lengths are whole millimetres (`svg_shapes`). Colours come from CSS classes (`scene.css`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import shapely
from markupsafe import Markup

from namo.geometry import Floats
from namo.reporting.gallery import PlanRow
from namo.reporting.scene_shapes import corners_of
from namo.reporting.svg_shapes import (
    MM_PER_M,
    circle,
    drawing,
    movable,
    path_data,
    room,
    to_mm,
    transform,
    view_of,
    visible,
)
from namo.results.record_types import SceneColumns

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


def draw_plan(scene: SceneColumns, pushes: Sequence[PlanRow], label: str) -> PlanDrawing:
    """Return the drawing of a scene and a plan.

    Args:
        scene: row of the scenes table.
        pushes: rows of the plans table, in order; empty to draw the scene alone.
        label: description for screen readers.
    """
    names = scene["movables"]
    poses = np.array(scene["poses"], np.float64).reshape(-1, 3)
    outlines = [corners_of(outline) for outline in scene["outlines"]]
    walls = [corners_of(wall) for wall in scene["walls"]]
    low, high = view_of(scene, poses, outlines, walls)
    x, y, radius = scene["robot"]
    goal_x, goal_y, goal_radius = scene["goal"]
    radius, goal_radius = (visible(each, low, high) for each in (radius, goal_radius))
    steps = [_Step(push, names) for push in pushes]
    ghosts, numbers = _ghosts(steps, outlines, high - low)
    end = steps[-1].robot[-1] if steps else None
    body = [
        room(low, high, walls),
        *(movable("movable", pose, outline) for pose, outline in zip(poses, outlines, strict=True)),
        *ghosts,
        _robot_path(steps),
        circle("end", end[0], end[1], radius) if end is not None else "",
        circle("goal", goal_x, goal_y, goal_radius),
        f'<g class="robot" {transform((x, y, 0.0))}>{circle("", 0.0, 0.0, radius)}</g>',
    ]
    svg = drawing(low, high, "".join(body), "".join(numbers), label)
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


def _ghosts(
    steps: Sequence[_Step], outlines: Sequence[Floats], size: Floats
) -> tuple[list[str], list[str]]:
    """Return outlines of all movables where pushes left them, and push numbers on the objects."""
    ghosts, numbers = [], []
    for number, step in enumerate(steps, start=1):
        for place, pose in zip(step.moved, step.poses[-1], strict=True):
            ghosts.append(movable("ghost", pose, outlines[place]))
            if place == step.object and len(steps) > 1:
                x, y = to_mm((pose[0], -pose[1]))
                font = round(NUMBER_SIZE * MM_PER_M * float(size.max()))
                numbers.append(f'<text x="{x}" y="{y}" font-size="{font}">{number}</text>')
    return ghosts, numbers


def _robot_path(steps: Sequence[_Step]) -> str:
    if not steps:
        return ""
    positions = np.concatenate([step.robot for step in steps])
    line = shapely.simplify(shapely.LineString(positions), PATH_TOLERANCE_M)
    path = path_data([shapely.get_coordinates(line)], close=False)
    return f'<path class="robot-path" d="{path}"/>'
