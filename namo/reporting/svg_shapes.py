"""Shapes of scenes as SVG, in whole millimetres, for the drawings of plans and of states.

A group flips the y axis up, so coordinates and angles are those of the tables.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from markupsafe import Markup

from namo.geometry import Floats, Pose2D
from namo.results.record_types import SceneColumns
from namo.scenes.drawing import OPEN_MARGIN, SMALLEST_MARK

MM_PER_M = 1000.0


def view_of(
    scene: SceneColumns, poses: Floats, outlines: Sequence[Floats], walls: Sequence[Floats]
) -> tuple[Floats, Floats]:
    """Return the lower and upper corner (2,) of the view (m), with a margin around everything.

    Args:
        scene: row of the scenes table.
        poses: (n, 3) of the movables at the start (m, m, rad).
        outlines: (corners, 2) of each movable, in its own frame (m).
        walls: (corners, 2) of each wall (m; world frame).
    """
    bounds = np.array(scene["bounds"], np.float64).reshape(2, 2)
    movables = [
        Pose2D(*pose).to_world(outline) for outline, pose in zip(outlines, poses, strict=True)
    ]
    points = np.concatenate([bounds, *walls, *movables])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = OPEN_MARGIN * float((high - low).max()) / 3.0
    return low - margin, high + margin


def transform(pose: Sequence[float] | Floats) -> str:
    """Return the attribute that places a shape at a pose (3,): x, y, theta (m, m, rad)."""
    x, y = to_mm(pose[:2])
    return f'transform="translate({x} {y}) rotate({np.degrees(pose[2]):.1f})"'


def path_data(loops: Sequence[Floats], *, close: bool = True) -> str:
    """Return path data of lines through corners (n, 2) (m), each of them closed or not."""
    end = "Z" if close else ""
    return "".join(
        "M" + "L".join(f"{x} {y}" for x, y in map(to_mm, loop)) + end for loop in loops if len(loop)
    )


def circle(kind: str, x: float, y: float, radius: float) -> str:
    """Return a circle.

    Args:
        kind: its CSS class.
        x: of its centre (m).
        y: likewise.
        radius: m.
    """
    x, y, radius = to_mm((x, y, radius))
    return f'<circle class="{kind}" cx="{x}" cy="{y}" r="{radius}"/>'


def to_mm(lengths: Sequence[float] | Floats) -> list[int]:
    """Return lengths (n,) (m) in whole millimetres."""
    return [round(float(length) * MM_PER_M) for length in lengths]


def room(low: Floats, high: Floats, walls: Sequence[Floats]) -> str:
    """Return the floor and the walls.

    Args:
        low: lower corner (2,) of the view (m).
        high: upper corner (2,) of it (m).
        walls: (corners, 2) of each wall (m; world frame).
    """
    floor = path_data([np.array(shapely.box(*low, *high).exterior.coords)])
    return f'<path class="floor" d="{floor}"/><path class="wall" d="{path_data(walls)}"/>'


def movable(kind: str, pose: Sequence[float] | Floats, outline: Floats) -> str:
    """Return a movable.

    Args:
        kind: its CSS class.
        pose: (3,) x, y, theta (m, m, rad; world frame).
        outline: (corners, 2) in its own frame (m).
    """
    return f'<g class="{kind}" {transform(pose)}><path d="{path_data([outline])}"/></g>'


def arrow(tail: Sequence[float] | Floats, tip: Sequence[float] | Floats, head: float) -> str:
    """Return an arrow.

    Args:
        tail: (2,) where it begins (m).
        tip: (2,) where it points to (m).
        head: length of its head (m), which reaches back beyond the tail of a shorter arrow.
    """
    begin, end = np.asarray(tail, np.float64), np.asarray(tip, np.float64)
    length = float(np.hypot(*(end - begin)))
    along = (end - begin) / max(length, 1e-9)
    base, across = end - head * along, np.array([-along[1], along[0]]) * head / 2.0
    point = f'<path class="tip" d="{path_data([np.stack([end, base + across, base - across])])}"/>'
    if length <= head:
        return point
    return f'<path class="shaft" d="{path_data([np.stack([begin, base])], close=False)}"/>{point}'


def visible(radius: float, low: Floats, high: Floats) -> float:
    """Return the radius (m) of a circle, or the smallest that is seen in a view if it is smaller.

    Args:
        radius: m.
        low: lower corner (2,) of the view (m).
        high: upper corner (2,) of it (m).
    """
    return max(radius, SMALLEST_MARK * float((high - low).max()))


def drawing(low: Floats, high: Floats, shapes: str, above: str, label: str) -> Markup:
    """Return a drawing of a scene.

    Args:
        low: lower corner (2,) of the view (m).
        high: upper corner (2,) of it (m).
        shapes: SVG with y up.
        above: SVG with y down, such as text.
        label: description for screen readers; may hold any text.
    """
    width, height = to_mm(high - low)
    left, top = to_mm((low[0], -high[1]))
    # The label is the only text from outside; `format` escapes it.
    return Markup(  # noqa: S704
        f'<svg viewBox="{left} {top} {width} {height}" role="img" aria-label="{{}}">'
        f'<g transform="scale(1 -1)">{shapes}</g>{above}</svg>'
    ).format(label)
