"""Find peculiarities of valid scenes that their authors rarely intend.

`namo.scenes.checking` refuses invalid scenes. Remarks are on valid ones: a goal that no push can
free, a box that fits through no door, numbers that look like centimetres. They are measured on the
collector's own grid, so that they predict what a collection would encounter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import shapely

from namo.errors import SceneError
from namo.geometry import Floats
from namo.scenes.blocked_doors import too_wide_for_doors
from namo.scenes.footprint import FootprintSet, overlap_depth
from namo.scenes.grid import Grid
from namo.scenes.physics_remarks import physics_remarks
from namo.scenes.regions import BACK_OFF_M, Labels, Regions, free_regions
from namo.scenes.remarks import TOUCHING_M, Remark, RemarkKind
from namo.scenes.scene import GOAL_TOLERANCE_M, UNWALLED_MARGIN_M, Scene, Solid, Wall

MIN_PART_M2 = 0.25
"""Minimum area of unreachable floor to remark on."""
MAX_ROBOT_M, MAX_SCENE_M, MAX_MOVABLE_M = 2.0, 100.0, 10.0
"""Radius, width and side from which numbers are probably not in metres."""
USUAL_ROBOT_M = 0.8
"""Maximum radius of a typical robot, which tells centimetres from millimetres."""


def inspect_scene(scene: Scene) -> list[Remark]:
    """Return the peculiarities of a scene that `check_scene` accepts, followed by information.

    Remarks that are measured on the grid are omitted if the numbers look like another unit, in
    which they would be meaningless.

    Raises:
        SceneError: the scene is too large for the grid of the collector.
    """
    units = list(_units(scene))
    try:
        Grid.over(scene.bounds)
    except SceneError as error:
        hint = "".join(f"; {remark.text}" for remark in units)
        raise SceneError(f"{scene.path or 'scene'}: {error}{hint}") from None
    remarks = [*units, *_overlaps(scene), *physics_remarks(scene)]
    if not units:
        remarks += _floor_plan(scene)
    return sorted(remarks, key=lambda remark: remark.is_note)


def robot_region(scene: Scene, solids: Sequence[Solid]) -> tuple[Regions, int]:
    """Return the free regions between solids, and the one that the robot starts in.

    Args:
        scene: whose robot, clearance and bounds are used.
        solids: obstacles; those of the scene or some of them.

    Returns:
        The regions, and the number of the robot's; 0 if it has no room to move.

    Raises:
        SceneError: the scene is too large for the grid.
    """
    radius, back_off = scene.robot.radius + scene.clearance, BACK_OFF_M + scene.clearance
    regions = free_regions(scene.bounds, solids, radius)
    numbers, _ = regions_around(regions, (scene.robot.x, scene.robot.y), back_off)
    return regions, int(numbers[0]) if len(numbers) else 0


def regions_around(
    regions: Regions, point: tuple[float, float], radius: float
) -> tuple[Labels, Floats]:
    """Return the regions of the free cells within a radius of a point, nearest first.

    Args:
        regions: to search.
        point: in the world (m).
        radius: maximum distance of the centre of a cell (m).

    Returns:
        (n,) numbers, one per free cell, and their (n,) distances (m).
    """
    grid = regions.grid
    row, column = grid.cell(*point)
    span = math.ceil(radius / grid.resolution) + 1
    top, left = max(row - span, 0), max(column - span, 0)
    window = regions.labels[top : row + span + 1, left : column + span + 1]
    rows, columns = np.nonzero(window)
    distances = np.hypot(*(grid.centres(rows + top, columns + left) - point).T)
    order = np.argsort(distances, kind="stable")
    order = order[distances[order] <= radius]
    return window[rows, columns][order], distances[order]


def _units(scene: Scene) -> Iterator[Remark]:
    bounds, margin = scene.bounds, 0.0 if scene.room else 2 * UNWALLED_MARGIN_M
    width = max(bounds.x_max - bounds.x_min, bounds.y_max - bounds.y_min) - margin
    sides = [np.ptp(movable.footprint.outline, axis=0).max() for movable in scene.movables]
    sizes = (
        ("the robot's radius is", scene.robot.radius, MAX_ROBOT_M),
        ("the scene's width is", width, MAX_SCENE_M),
        ("the largest movable's side is", max(sides, default=0.0), MAX_MOVABLE_M),
    )
    found = ", ".join(f"{what} {size:g} m" for what, size, largest in sizes if size >= largest)
    if found:
        centimetres = 0.01 * scene.robot.radius < USUAL_ROBOT_M
        centimetres &= all(0.01 * size < largest for _, size, largest in sizes)
        unit, factor = ("centimetres", 0.01) if centimetres else ("millimetres", 0.001)
        yield Remark(
            RemarkKind.UNITS, f"looks like {unit}: {found}; scale it by {factor:g} if it is"
        )


def _overlaps(scene: Scene) -> Iterator[Remark]:
    solids: tuple[Solid, ...] = (*scene.movables, *scene.walls)
    if not solids:
        return
    robot = scene.robot
    footprints = FootprintSet((solid.pose, solid.footprint) for solid in solids)
    depths = robot.radius - footprints.distances(np.array([[robot.x, robot.y]]))[0]
    for solid, depth in zip(solids, depths, strict=True):
        if depth > TOUCHING_M:
            yield Remark(RemarkKind.OVERLAP, f"the robot overlaps '{solid.name}' by {depth:.3f} m")
    outlines = np.array([shapely.Polygon(solid.corners()) for solid in solids], dtype=object)
    movables = outlines[: len(scene.movables)]
    pairs = shapely.STRtree(outlines).query(movables, predicate="intersects").T.tolist()
    for first, second in sorted(pair for pair in pairs if pair[0] < pair[1]):
        a, b = solids[first], solids[second]
        depth = overlap_depth(a.pose, a.footprint, b.pose, b.footprint)
        if depth <= TOUCHING_M:
            continue
        text = f"'{a.name}' and '{b.name}' overlap by {depth:.3f} m"
        if isinstance(b, Wall):
            covered = outlines[first].intersection(outlines[second]).area / a.footprint.area
            text = f"'{a.name}' stands {depth:.3f} m in wall '{b.name}', {covered:.1%} of it"
        yield Remark(RemarkKind.OVERLAP, text)


def _floor_plan(scene: Scene) -> Iterator[Remark]:
    between_walls, robots = robot_region(scene, scene.walls)
    yield from _goal_at_wall(scene, between_walls)
    if not robots:
        yield Remark(
            RemarkKind.ROBOT_STUCK,
            "walls leave the robot no room to move, even with all movables gone",
        )
        return
    goal = scene.goal.x, scene.goal.y
    around_goal, _ = regions_around(between_walls, goal, GOAL_TOLERANCE_M)
    if len(around_goal) and robots not in around_goal:
        yield Remark(RemarkKind.GOAL_CUT_OFF, "no way to the goal even with all movables gone")
    yield from _cut_off_floor(scene, between_walls, robots)
    for name, width, widest in too_wide_for_doors(scene, between_walls, robots):
        door = f", the widest about {widest:.2f} m" if widest is not None else ""
        yield Remark(
            RemarkKind.TOO_WIDE,
            f"'{name}' is {width:.2f} m wide and fits through no door of its room{door}",
        )
    at_start, robots_at_start = robot_region(scene, (*scene.walls, *scene.movables))
    if not robots_at_start:
        yield Remark(RemarkKind.ROBOT_STUCK, "the robot has no room to move at the start")
    elif robots_at_start in regions_around(at_start, goal, GOAL_TOLERANCE_M)[0]:
        yield Remark(RemarkKind.GOAL_FREE, "goal reachable at the start")
    if robots in _at_the_border(between_walls):
        yield Remark(RemarkKind.OPEN_PLAN, "walls do not enclose the robot, it can leave the plan")


def _goal_at_wall(scene: Scene, between_walls: Regions) -> Iterator[Remark]:
    if not scene.walls:
        return
    goal = scene.goal.x, scene.goal.y
    walls = FootprintSet((wall.pose, wall.footprint) for wall in scene.walls)
    distances = walls.distances(np.array([goal]))[0]
    nearest = int(distances.argmin())
    name, distance = scene.walls[nearest].name, float(distances[nearest])
    if distance == 0.0:
        yield Remark(RemarkKind.GOAL_AT_WALL, f"the goal is in wall '{name}'")
    around = scene.robot.radius + UNWALLED_MARGIN_M
    reached = regions_around(between_walls, goal, around)[1][:1]
    if len(reached) and reached[0] <= GOAL_TOLERANCE_M:
        return
    room = f" and {scene.clearance:g} m of clearance" if scene.clearance else ""
    how_near = f"gets no nearer than {reached[0]:.2f} m" if len(reached) else "gets nowhere near"
    yield Remark(
        RemarkKind.GOAL_AT_WALL,
        f"the goal is {distance:.2f} m from wall '{name}' and the robot, "
        f"{scene.robot.radius:g} m in radius{room}, {how_near} to it; "
        f"{GOAL_TOLERANCE_M:g} m counts as reached",
    )


def _cut_off_floor(scene: Scene, between_walls: Regions, robots: int) -> Iterator[Remark]:
    grid, labels = between_walls.grid, between_walls.labels
    if scene.room is None:
        cells = between_walls.cells.copy()
        cells[[number for number in _at_the_border(between_walls) if number != robots]] = 0
    else:
        room = scene.room
        corners = np.array([(room.x_min, room.y_min), (room.x_max, room.y_max)])
        (top, bottom), (left, right) = grid.cells(corners)
        inside = labels[top : bottom + 1, left : right + 1]
        cells = np.bincount(inside.ravel(), minlength=len(between_walls.cells))
        cells[0] = 0
    total = float(cells.sum()) * grid.resolution**2
    cut_off = total - float(cells[robots]) * grid.resolution**2
    if cut_off > MIN_PART_M2:
        yield Remark(
            RemarkKind.FLOOR_CUT_OFF,
            f"walls keep the robot from {cut_off:.2f} m² of the {total:.2f} m² its centre fits in",
        )


def _at_the_border(regions: Regions) -> set[int]:
    """Return the regions that touch the border of the grid; 0 may be among them."""
    labels = regions.labels
    sides = labels[1, 1:-1], labels[-2, 1:-1], labels[1:-1, 1], labels[1:-1, -2]
    return set(np.unique(np.concatenate(sides)).tolist())
