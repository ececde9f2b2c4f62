"""Validate scenes as NAMO problems, whatever they were created from."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import shapely
from numpy.typing import NDArray

from namo.errors import SceneError
from namo.scenes.footprint import FootprintSet, Rectangle, overlap_depth
from namo.scenes.scene import Scene, Solid, Wall

OVERLAP_TOLERANCE_M = 0.01
FLOOR_TOLERANCE_M = 0.02

WALL_OVERLAP_FRACTION = 0.125
"""Fraction of a movable's footprint that may overlap a wall: such files are in use, and the physics
pushes the movable out. A larger overlap is a mistake."""

_log = logging.getLogger(__name__)

RESERVED_NAMES = ("floor", "robot")


def check_scene(scene: Scene) -> None:
    """Make sure that a scene is valid.

    A goal enclosed by walls is valid, as a problem without a solution. So is a movable in a
    doorway, on the goal or outside the walls. A movable with up to an eighth of its footprint in a
    wall is logged as a warning.

    Raises:
        SceneError: a name occurs twice, a number is not finite or not positive, a movable or the
            robot overlaps something by more than 1 cm, a movable is off the floor by more than
            2 cm, or robot or goal is outside the room. The message names the scene, the value and
            what is allowed.
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


@contextmanager
def warnings_collected() -> Iterator[list[str]]:
    """Collect the warnings of `check_scene` instead of logging them."""
    collected: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            collected.append(record.getMessage())

    handler, propagated = Collector(level=logging.WARNING), _log.propagate
    _log.addHandler(handler)
    _log.propagate = False
    try:
        yield collected
    finally:
        _log.removeHandler(handler)
        _log.propagate = propagated


def _check_names(scene: Scene) -> None:
    seen: set[str] = set(RESERVED_NAMES)
    for solid in (*scene.walls, *scene.movables):
        if not solid.name or solid.name in seen:
            raise SceneError(
                f"name '{solid.name}' is empty, used twice or reserved; names must be unique"
            )
        seen.add(solid.name)


def _check_numbers(scene: Scene) -> None:
    for solid in (*scene.walls, *scene.movables):
        _finite(f"'{solid.name}' pose", (*solid.pose, solid.z))
        _check_footprint(solid)
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


def _check_footprint(solid: Solid) -> None:
    footprint = solid.footprint
    if isinstance(footprint, Rectangle):
        half = (footprint.half_x, footprint.half_y, solid.half_z)
        _positive(f"'{solid.name}' half extents (m)", half)
        return
    _positive(f"'{solid.name}' half height (m)", (solid.half_z,))
    if not footprint.is_centred:
        x, y = footprint.centroid
        raise SceneError(
            f"'{solid.name}': the centroid of its outline is at ({x:g}, {y:g}) in its frame; it "
            "must be at the origin (footprint_of makes such outlines)"
        )


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
    lowest = min((one.z + one.half_z for one in scene.movables), default=math.inf)
    for wall in scene.walls:
        bottom, top = _bottom(wall), wall.z + wall.half_z
        # A wall may extend below the floor, and hang above it where everything still runs into it.
        if (
            top <= FLOOR_TOLERANCE_M
            or bottom > max(FLOOR_TOLERANCE_M, _reach_of_equator(scene.robot.radius))
            or bottom > max(FLOOR_TOLERANCE_M, lowest - FLOOR_TOLERANCE_M)
        ):
            raise SceneError(
                f"wall '{wall.name}' spans z = {bottom:.3g} to {top:.3g} m; "
                "it must rise from the floor at 0"
            )
    for movable in scene.movables:
        if abs(_bottom(movable)) > FLOOR_TOLERANCE_M:
            raise SceneError(
                f"movable '{movable.name}' has its bottom at z = {_bottom(movable):.3g} m; "
                f"it must stand on the floor, within {FLOOR_TOLERANCE_M} m"
            )


def _reach_of_equator(radius: float) -> float:
    """Return up to which height a sphere on the floor is nearly as wide as at its centre (m).

    A wall that starts there stops the robot within `OVERLAP_TOLERANCE_M` of its footprint.
    """
    narrow = max(radius - OVERLAP_TOLERANCE_M, 0.0)
    return radius + math.sqrt(radius**2 - narrow**2)


def _bottom(solid: Solid) -> float:
    return solid.z - solid.half_z


def _check_overlaps(scene: Scene) -> None:
    solids: tuple[Solid, ...] = (*scene.movables, *scene.walls)
    robot = scene.robot
    footprints = FootprintSet((solid.pose, solid.footprint) for solid in solids)
    depths = robot.radius - footprints.distances(np.array([[robot.x, robot.y]]))[0]
    for solid, depth in zip(solids, depths, strict=True):
        if depth > OVERLAP_TOLERANCE_M:
            raise SceneError(
                f"the robot overlaps '{solid.name}' by {depth:.3f} m; "
                f"at most {OVERLAP_TOLERANCE_M} m is allowed"
            )
    for first, second in _close_pairs(solids, len(scene.movables)):
        a, b = solids[first], solids[second]
        depth = overlap_depth(a.pose, a.footprint, b.pose, b.footprint)
        if depth <= OVERLAP_TOLERANCE_M:
            continue
        fraction = _covered_fraction(a, b)
        if isinstance(b, Wall) and fraction <= WALL_OVERLAP_FRACTION:
            _log.warning(
                "%s: '%s' overlaps wall '%s' by %.0f %% of its footprint; the physics will push "
                "it out",
                scene.path or "scene",
                a.name,
                b.name,
                100 * fraction,
            )
            continue
        raise SceneError(
            f"'{a.name}' overlaps '{b.name}' by {depth:.3f} m, {fraction:.0%} of its footprint; "
            f"at most {OVERLAP_TOLERANCE_M} m is allowed, or {WALL_OVERLAP_FRACTION:.1%} with a "
            "wall"
        )


def _covered_fraction(solid: Solid, other: Solid) -> float:
    """Return the fraction of a solid's footprint that the other covers, 0 to 1."""
    covered = shapely.Polygon(solid.corners()).intersection(shapely.Polygon(other.corners()))
    return float(covered.area) / solid.footprint.area


def _close_pairs(solids: Sequence[Solid], movables: int) -> NDArray[np.intp]:
    """Return index pairs (n, 2) of solids whose bounding boxes overlap, at least one movable.

    Args:
        solids: movables first.
        movables: number of movables.
    """
    if not solids:
        return np.empty((0, 2), dtype=np.intp)
    corners = [solid.corners() for solid in solids]
    low = np.array([points.min(axis=0) for points in corners])
    high = np.array([points.max(axis=0) for points in corners])
    moving = slice(0, movables)
    meet = np.all((low[moving, None] < high[None]) & (low[None] < high[moving, None]), axis=-1)
    return np.argwhere(np.triu(meet, k=1))


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
