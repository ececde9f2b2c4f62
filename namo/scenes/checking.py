"""Whether a scene makes sense as a NAMO problem, whatever it was made from."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from namo.errors import SceneError
from namo.geometry import RectangleSet, rectangles_overlap_depth
from namo.scenes.scene import Box, Scene, Wall

OVERLAP_TOLERANCE_M = 0.01
FLOOR_TOLERANCE_M = 0.02

# A box that stands a little in a wall is pushed out by the physics and such files are in use; one
# that a wall runs through is a mistake.
WALL_OVERLAP_SHARE = 0.125

_log = logging.getLogger(__name__)

RESERVED_NAMES = ("floor", "robot")


def check_scene(scene: Scene) -> None:
    """Raise if the scene cannot be used.

    A goal behind closed walls is fine: it is a problem without a solution. So is a movable that
    stands in a doorway, on the goal or outside the walls.

    Raises:
        SceneError: a name used twice, a number that is not finite or not positive, movables or the
            robot inside something by more than 1 cm, a box off the floor by more than 2 cm, robot
            or goal outside the room. The message names the scene, the thing and what is allowed.
            A movable with up to an eighth of its footprint in a wall is a warning in the log.
    """
    source = scene.path or "scene"
    try:
        _check_names(scene)
        _check_numbers(scene)
        _check_heights(scene)
        _check_overlaps(scene)
        _check_inside(scene)
    except SceneError as error:
        raise SceneError(f"{source}: {error}") from None


def _check_names(scene: Scene) -> None:
    seen: set[str] = set(RESERVED_NAMES)
    for box in (*scene.walls, *scene.movables):
        if not box.name or box.name in seen:
            raise SceneError(f"name '{box.name}' is empty, used twice or reserved; names differ")
        seen.add(box.name)


def _check_numbers(scene: Scene) -> None:
    for box in (*scene.walls, *scene.movables):
        _finite(f"'{box.name}' pose", (*box.pose, box.z))
        _positive(f"'{box.name}' half extents (m)", box.half_extents)
    for movable in scene.movables:
        _positive(f"'{movable.name}' mass (kg)", (movable.mass,))
        _not_negative(f"'{movable.name}' friction", movable.friction)
    robot, goal = scene.robot, scene.goal
    _finite("robot position", (robot.x, robot.y))
    _positive("robot radius (m), mass (kg), force (N)", (robot.radius, robot.mass, robot.max_force))
    _not_negative("robot friction", robot.friction)
    _finite("goal position", (goal.x, goal.y))
    _positive("goal radius (m)", (goal.radius,))
    _not_negative("floor friction", scene.floor_friction)


def _finite(what: str, values: Sequence[float]) -> None:
    if not all(map(math.isfinite, values)):
        raise SceneError(f"{what} is {_join(values)}; it must be finite")


def _positive(what: str, values: Sequence[float]) -> None:
    _finite(what, values)
    if min(values) <= 0.0:
        raise SceneError(f"{what} is {_join(values)}; it must be positive")


def _not_negative(what: str, values: Sequence[float]) -> None:
    _finite(what, values)
    if min(values) < 0.0:
        raise SceneError(f"{what} is {_join(values)}; it must not be negative")


def _join(values: Sequence[float]) -> str:
    return " ".join(f"{value:g}" for value in values)


def _check_heights(scene: Scene) -> None:
    for wall in scene.walls:
        # A wall may reach below the floor, but what hangs above it does not stop a robot.
        if _bottom(wall) > FLOOR_TOLERANCE_M or wall.z + wall.half_extents[2] <= FLOOR_TOLERANCE_M:
            raise SceneError(
                f"wall '{wall.name}' spans z = {_bottom(wall):.3g} to "
                f"{wall.z + wall.half_extents[2]:.3g} m; it must rise from the floor at 0"
            )
    for movable in scene.movables:
        if abs(_bottom(movable)) > FLOOR_TOLERANCE_M:
            raise SceneError(
                f"movable '{movable.name}' has its bottom at z = {_bottom(movable):.3g} m; "
                f"it must stand on the floor, within {FLOOR_TOLERANCE_M} m"
            )


def _bottom(box: Box) -> float:
    return box.z - box.half_extents[2]


def _check_overlaps(scene: Scene) -> None:
    boxes: tuple[Box, ...] = (*scene.movables, *scene.walls)
    robot = scene.robot
    rectangles = RectangleSet((box.pose, box.half_xy) for box in boxes)
    depths = robot.radius - rectangles.distances(np.array([[robot.x, robot.y]]))[0]
    for box, depth in zip(boxes, depths, strict=True):
        if depth > OVERLAP_TOLERANCE_M:
            raise SceneError(
                f"the robot overlaps '{box.name}' by {depth:.3f} m; "
                f"at most {OVERLAP_TOLERANCE_M} m is allowed"
            )
    for first, second in _close_pairs(boxes, len(scene.movables)):
        a, b = boxes[first], boxes[second]
        depth = rectangles_overlap_depth(a.pose, a.half_xy, b.pose, b.half_xy)
        if depth <= OVERLAP_TOLERANCE_M:
            continue
        share = _covered_share(a, b)
        if isinstance(b, Wall) and share <= WALL_OVERLAP_SHARE:
            _log.warning(
                "%s: '%s' overlaps wall '%s' by %.0f %% of its footprint; the physics will push "
                "it out",
                scene.path or "scene",
                a.name,
                b.name,
                100 * share,
            )
            continue
        raise SceneError(
            f"'{a.name}' overlaps '{b.name}' by {depth:.3f} m, {share:.0%} of its footprint; "
            f"at most {OVERLAP_TOLERANCE_M} m is allowed, or {WALL_OVERLAP_SHARE:.1%} with a wall"
        )


def _covered_share(box: Box, other: Box) -> float:
    """Return the part of the box's footprint that lies in the other's, 0 to 1.

    Clips the footprint at the other's four sides (Sutherland, Hodgman 1974).
    """
    polygon = other.pose.to_local(box.corners())
    for axis, sign in ((0, 1.0), (0, -1.0), (1, 1.0), (1, -1.0)):
        beyond = sign * polygon[:, axis] - other.half_xy[axis]
        kept = []
        for index, corner in enumerate(polygon):
            before, was, now = polygon[index - 1], beyond[index - 1], beyond[index]
            if (was > 0.0) != (now > 0.0):
                kept.append(before + (corner - before) * was / (was - now))
            if now <= 0.0:
                kept.append(corner)
        if not kept:
            return 0.0
        polygon = np.array(kept)
    x, y = polygon.T
    area = 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
    return area / (4.0 * box.half_xy[0] * box.half_xy[1])


def _close_pairs(boxes: Sequence[Box], movables: int) -> NDArray[np.intp]:
    """Return index pairs (n, 2) of boxes whose bounding rectangles meet, one of them a movable.

    Args:
        boxes: movables first.
        movables: how many of them.
    """
    if not boxes:
        return np.empty((0, 2), dtype=np.intp)
    low, high = _extents(boxes)
    meet = np.all((low[:, None] < high[None]) & (low[None] < high[:, None]), axis=-1)
    meet = np.triu(meet, k=1)
    meet[movables:] = False
    return np.argwhere(meet)


def _extents(boxes: Sequence[Box]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and upper corners (n, 2) of the bounding rectangles (m)."""
    corners = np.stack([box.corners() for box in boxes])
    return corners.min(axis=1), corners.max(axis=1)


def _check_inside(scene: Scene) -> None:
    room = scene.room
    if room is None:
        return
    for what, x, y in (
        ("robot", scene.robot.x, scene.robot.y),
        ("goal", scene.goal.x, scene.goal.y),
    ):
        if not (room.x_min <= x <= room.x_max and room.y_min <= y <= room.y_max):
            raise SceneError(
                f"the {what} at ({x:g}, {y:g}) is outside the room, which spans x "
                f"{room.x_min:g} to {room.x_max:g} m and y {room.y_min:g} to {room.y_max:g} m"
            )
