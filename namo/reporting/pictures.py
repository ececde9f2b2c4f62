"""A scene with a plan as SVG, and the frames that play it.

Lengths are whole millimetres; y points up in a group that turns the picture over, so coordinates
and angles are those of the tables. Classes give the colours (`page.css`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from markupsafe import Markup

from namo.geometry import Floats
from namo.reporting.gallery import Shown
from namo.scenes.drawing import OPEN_MARGIN, SMALLEST_MARK

Record = dict[str, Any]

MM = 1000.0
NUMBER_SIZE = 0.04
"""Height of the numbers of pushes as a share of the view."""
PATH_TOLERANCE_M = 0.01
"""How far the drawn path of the robot may be from where it was."""


@dataclass(frozen=True)
class Picture:
    """A picture and what plays it.

    Attributes:
        svg: the scene at the start, where each push left what it moved, and the robot's path.
        frames: a push each: name of the object, the movables that move (places in file order), and
            numbers to add up: x, y of the robot and x, y, angle of each of them (mm, mrad), a
            frame a row.
    """

    svg: Markup
    frames: list[Record]


def picture_of(shown: Shown, label: str) -> Picture:
    """Return the picture of a search.

    Args:
        shown: what to draw.
        label: what it shows, in words.
    """
    scene, names = shown.scene, shown.scene["movables"]
    poses = np.array(scene["poses"], np.float64).reshape(-1, 3)
    outlines = [_corners(outline) for outline in scene["outlines"]]
    walls = [_corners(wall) for wall in scene["walls"]]
    low, high = _view(scene, poses, outlines, walls)
    mark = SMALLEST_MARK * float((high - low).max())
    x, y, radius = scene["robot"]
    goal_x, goal_y, goal_radius = scene["goal"]
    radius, goal_radius = max(radius, mark), max(goal_radius, mark)
    steps = [_Step(push, names) for push in shown.pushes]
    ghosts, numbers = _ghosts(steps, outlines, high - low)
    end = steps[-1].robot[-1] if steps else None
    body = [
        f'<path class="floor" d="{_path([np.array(shapely.box(*low, *high).exterior.coords)])}"/>',
        f'<path class="wall" d="{_path(walls)}"/>',
        *(
            f'<g class="movable" {_placed(pose)}><path d="{_path([outline])}"/></g>'
            for pose, outline in zip(poses, outlines, strict=True)
        ),
        *ghosts,
        _way(steps),
        _circle("end", end[0], end[1], radius) if end is not None else "",
        _circle("goal", goal_x, goal_y, goal_radius),
        f'<g class="robot" {_placed((x, y, 0.0))}>{_circle("", 0.0, 0.0, radius)}</g>',
    ]
    width, height = _mm(high - low)
    left, top = _mm((low[0], -high[1]))
    # The only text from outside is the label.
    svg = Markup(  # noqa: S704
        f'<svg viewBox="{left} {top} {width} {height}" role="img" aria-label="{{}}">'
        f'<g transform="scale(1 -1)">{"".join(body)}</g>{"".join(numbers)}</svg>'
    ).format(label)
    return Picture(svg, [step.frames() for step in steps])


class _Step:
    """A push of a plan."""

    def __init__(self, push: Record, names: Sequence[str]) -> None:
        self.name = push["object_id"]
        self.object = names.index(self.name)
        self.moved = [names.index(name) for name in push["moved"]]
        self.robot = np.array(push["robot"], np.float64).reshape(-1, 2)
        poses = np.array(push["poses"], np.float64).reshape(len(self.robot), -1, 3)
        poses[:, :, 2] = np.unwrap(poses[:, :, 2], axis=0)
        self.poses = poses

    def frames(self) -> Record:
        rows = np.concatenate([self.robot, self.poses.reshape(len(self.robot), -1)], axis=1)
        steps = np.diff((rows * MM).round().astype(np.int64), axis=0, prepend=0)
        return {"name": self.name, "moved": self.moved, "frames": steps.ravel().tolist()}


def _view(
    scene: Record, poses: Floats, outlines: Sequence[Floats], walls: Sequence[Floats]
) -> tuple[Floats, Floats]:
    """Return the corners of what is to be seen (m), with a margin where something reaches out."""
    bounds = np.array(scene["bounds"], np.float64).reshape(2, 2)
    placed = [_moved(outline, pose) for outline, pose in zip(outlines, poses, strict=True)]
    points = np.concatenate([bounds, *walls, *placed])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = OPEN_MARGIN * float((high - low).max()) / 3.0
    return low - margin, high + margin


def _ghosts(
    steps: Sequence[_Step], outlines: Sequence[Floats], size: Floats
) -> tuple[list[str], list[str]]:
    """Return where pushes left what they moved, and the numbers of the pushes on their objects."""
    ghosts, numbers = [], []
    for number, step in enumerate(steps, start=1):
        for place, pose in zip(step.moved, step.poses[-1], strict=True):
            ghosts.append(
                f'<g class="ghost" {_placed(pose)}><path d="{_path([outlines[place]])}"/></g>'
            )
            if place == step.object and len(steps) > 1:
                x, y = _mm((pose[0], -pose[1]))
                font = round(NUMBER_SIZE * MM * float(size.max()))
                numbers.append(f'<text x="{x}" y="{y}" font-size="{font}">{number}</text>')
    return ghosts, numbers


def _way(steps: Sequence[_Step]) -> str:
    if not steps:
        return ""
    way = np.concatenate([step.robot for step in steps])
    line = shapely.get_coordinates(shapely.simplify(shapely.LineString(way), PATH_TOLERANCE_M))
    return f'<path class="way" d="{_path([line], close=False)}"/>'


def _corners(flat: Sequence[float]) -> Floats:
    return np.array(flat, np.float64).reshape(-1, 2)


def _moved(outline: Floats, pose: Floats) -> Floats:
    x, y, theta = pose
    turn = np.array([[np.cos(theta), np.sin(theta)], [-np.sin(theta), np.cos(theta)]])
    return np.asarray(outline @ turn + (x, y))


def _placed(pose: Sequence[float] | Floats) -> str:
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
    return [round(float(length) * MM) for length in lengths]
