"""A scene and its plan as SVG, with the frames of its animation.

A straight push is drawn as an arrow from its contact point, a push to a pose as the outline of its
target; dashed is where either left the movables. Lengths are whole millimetres (`svg_shapes`).
Colours come from CSS classes (`scene.css`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import shapely
from markupsafe import Markup

from namo.geometry import Floats
from namo.reporting.gallery import PlanRow
from namo.reporting.scene_shapes import corners_of, straight_way
from namo.reporting.svg_shapes import (
    MM_PER_M,
    arrow,
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
from namo.results.actions import request_text
from namo.results.record_types import SceneColumns

NUMBER_SIZE = 0.04
"""Font size of push numbers as a fraction of the view."""
ARROW_HEAD = 0.026
"""Length of the heads of arrows, likewise."""
PATH_TOLERANCE_M = 0.01
"""Largest deviation of the drawn robot path from the recorded one."""


class PushFrames(TypedDict):
    """The frames of one push, for the page's script.

    Attributes:
        text: pushed object, and what was asked for.
        moved: movables that move, as indices in file order.
        frames: one row per frame: x, y of the robot, then x, y, theta of each movable in `moved`
            (mm, mrad), as differences to the previous row.
    """

    text: str
    moved: list[int]
    frames: list[int]


@dataclass(frozen=True)
class PlanDrawing:
    """A drawn scene with the animation of its plan.

    Attributes:
        svg: the scene at the start, the result of each push, and the robot's path.
        frames: of each push.
        straight: number of straight pushes.
    """

    svg: Markup
    frames: list[PushFrames]
    straight: int


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
    span = float((high - low).max())
    end = steps[-1].robot[-1] if steps else None
    body = [
        room(low, high, walls),
        *(movable("movable", pose, outline) for pose, outline in zip(poses, outlines, strict=True)),
        *_ghosts(steps, outlines),
        _robot_path(steps),
        *_requests(steps, poses, outlines, scene["robot"][2], span),
        circle("end", end[0], end[1], radius) if end is not None else "",
        circle("goal", goal_x, goal_y, goal_radius),
        f'<g class="robot" {transform((x, y, 0.0))}>{circle("", 0.0, 0.0, radius)}</g>',
    ]
    numbers = _numbers(steps, span) if len(steps) > 1 else ()
    svg = drawing(low, high, "".join(body), "".join(numbers), label)
    straight = sum(step.push["contact"] is not None for step in steps)
    return PlanDrawing(svg, [step.frames() for step in steps], straight)


class _Step:
    """One push of a plan.

    Attributes:
        push: its row.
        object: index of the pushed movable in file order.
        moved: indices of the movables that move.
        robot: positions (frames, 2) (m).
        poses: of the moved movables (frames, moved, 3) (m, rad), angles unwrapped.
    """

    def __init__(self, push: PlanRow, names: Sequence[str]) -> None:
        self.push = push
        self.object = names.index(push["object_id"])
        self.moved = [names.index(name) for name in push["moved"]]
        self.robot = np.array(push["robot"], np.float64).reshape(-1, 2)
        poses = np.array(push["poses"], np.float64).reshape(len(self.robot), -1, 3)
        poses[:, :, 2] = np.unwrap(poses[:, :, 2], axis=0)
        self.poses = poses

    def frames(self) -> PushFrames:
        rows = np.concatenate([self.robot, self.poses.reshape(len(self.robot), -1)], axis=1)
        whole = (rows * MM_PER_M).round().astype(np.int64)
        steps = np.asarray(np.diff(whole, axis=0, prepend=0), np.int64)
        text = f"{self.push['object_id']}, {request_text(self.push)}"
        return {"text": text, "moved": self.moved, "frames": steps.ravel().tolist()}


def _ghosts(steps: Sequence[_Step], outlines: Sequence[Floats]) -> list[str]:
    """Return the outlines of all movables where each push left them."""
    return [
        _of_push(number, "".join(movable("ghost", *each) for each in _results(step, outlines)))
        for number, step in enumerate(steps)
    ]


def _results(step: _Step, outlines: Sequence[Floats]) -> Iterator[tuple[Floats, Floats]]:
    """Yield pose and outline of each movable that a push moved, after it."""
    for place, pose in zip(step.moved, step.poses[-1], strict=True):
        yield pose, outlines[place]


def _requests(
    steps: Sequence[_Step], poses: Floats, outlines: Sequence[Floats], radius: float, span: float
) -> Iterator[str]:
    """Yield what each push asked for: the way of a straight push, or else the target pose.

    Args:
        steps: the pushes.
        poses: (movables, 3) at the start (m, m, rad).
        outlines: (corners, 2) of each movable in its own frame (m).
        radius: of the robot (m).
        span: longer side of the view (m).
    """
    now = poses.copy()
    for number, step in enumerate(steps):
        push, outline = step.push, outlines[step.object]
        if push["contact"] is None or push["travel"] is None:
            target = push["goal_x"], push["goal_y"], push["goal_theta"]
            yield _of_push(number, movable("target", target, outline), 'class="request"')
        else:
            before = now[step.object]
            way = straight_way(outline, radius, before, push["contact"], push["travel"])
            if way is not None:
                yield _of_push(number, arrow(way[0], way[1], ARROW_HEAD * span), 'class="request"')
        now[step.moved] = step.poses[-1]


def _of_push(number: int, shapes: str, attributes: str = "") -> str:
    """Return shapes that belong to a push, by its number from 0, which the script looks for."""
    return f'<g data-push="{number}" {attributes}>{shapes}</g>'


def _numbers(steps: Sequence[_Step], span: float) -> Iterator[str]:
    """Yield the numbers of the pushes on the objects where they left them.

    Those that would cover each other are one text.

    Args:
        steps: the pushes.
        span: longer side of the view (m).
    """
    size = NUMBER_SIZE * span
    placed: list[tuple[Floats, list[int]]] = []
    for number, step in enumerate(steps):
        if step.object not in step.moved:
            continue
        at = step.poses[-1, step.moved.index(step.object), :2]
        near = (numbers for other, numbers in placed if np.hypot(*(other - at)) < size)
        if (numbers := next(near, None)) is None:
            placed.append((at, [number]))
        else:
            numbers.append(number)
    font = round(size * MM_PER_M)
    for at, numbers in placed:
        x, y = to_mm((at[0], -at[1]))
        text = ",".join(str(number + 1) for number in numbers)
        yield f'<text x="{x}" y="{y}" font-size="{font}">{text}</text>'


def _robot_path(steps: Sequence[_Step]) -> str:
    if not steps:
        return ""
    positions = np.concatenate([step.robot for step in steps])
    line = shapely.simplify(shapely.LineString(positions), PATH_TOLERANCE_M)
    path = path_data([shapely.get_coordinates(line)], close=False)
    return f'<path class="robot-path" d="{path}"/>'
