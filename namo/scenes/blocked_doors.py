"""Which movables are too wide for the doors of the room they stand in.

A movable passes a door that a disc of its least width passes. From the clearance of every cell
(its distance to the nearest wall) follow the regions for discs of every size, so one descent from
the widest movable down to the robot finds who is shut in, and how wide the widest way out is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from namo.scenes.footprint import Footprint, Rectangle
from namo.scenes.regions import Labels, Regions, blocked_cells, regions_of
from namo.scenes.scene import Movable, Scene

STEP_M = 0.01
"""How finely radii are told apart."""
SMALLEST_ROOM_M2 = 0.25
"""A region of less, for the centre of a movable, is a gap between walls and no other room."""

Cell = tuple[int, int]


@dataclass(frozen=True)
class _ShutIn:
    """A movable that cannot leave its room: a cell there, and one in each other room."""

    movable: Movable
    here: Cell
    elsewhere: tuple[Cell, ...]


def least_width(footprint: Footprint) -> float:
    """Return how wide a door a footprint needs at least (m).

    That of a convex one is the smaller side of the smallest rectangle around it. Others can turn
    through narrower doors; of them only the largest circle inside counts.
    """
    if isinstance(footprint, Rectangle):
        return 2.0 * min(footprint.half_x, footprint.half_y)
    outline = shapely.Polygon(footprint.outline)
    if len(footprint.pieces) > 1:
        return 2.0 * float(shapely.maximum_inscribed_circle(outline).length)
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(outline))
    return float(np.hypot(*np.diff(corners, axis=0).T).min())


def too_wide_for_doors(
    scene: Scene, between_walls: Regions, robots: int
) -> list[tuple[str, float, float | None]]:
    """Return the movables that cannot leave their room although the robot can.

    Args:
        scene: with the movables.
        between_walls: where the robot fits with all movables gone.
        robots: the number of its region there.

    Returns:
        Name, least width (m) and the width of the widest way out (m, within 3 cm; None where the
        grid does not tell) of each, in the scene's order.
    """
    grid = between_walls.grid
    # Cells are lost at both sides of a door: a movable is only too wide if it surely is.
    steps = {
        movable.name: int((least_width(movable.footprint) / 2 - grid.resolution) / STEP_M)
        for movable in scene.movables
    }
    last = int(scene.robot.radius / STEP_M)
    if max(steps.values(), default=0) <= last:
        return []
    walls = blocked_cells(grid, scene.walls, 0.0)
    cells = cv2.distanceTransform(1 - walls, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    clearance = np.asarray(cells * grid.resolution, np.float32)
    pending: list[_ShutIn] = []
    widest: dict[str, float | None] = {}
    for step in range(max(steps.values()), last, -1):
        fresh = [movable for movable in scene.movables if steps[movable.name] == step]
        if not fresh and not pending:
            continue
        regions = regions_of(grid, (clearance <= step * STEP_M).astype(np.uint8))
        for shut_in in list(pending):
            if any(regions.labels[shut_in.here] == regions.labels[c] for c in shut_in.elsewhere):
                # The radius lies between this step and the last, and both sides lose half a cell.
                widest[shut_in.movable.name] = 2 * step * STEP_M + STEP_M + grid.resolution
                pending.remove(shut_in)
        found = _shut_in(fresh, regions, clearance, between_walls.labels == robots)
        widest.update(dict.fromkeys((shut_in.movable.name for shut_in in found), None))
        pending += found
    return [
        (movable.name, least_width(movable.footprint), widest[movable.name])
        for movable in scene.movables
        if movable.name in widest
    ]


def _shut_in(
    movables: Sequence[Movable],
    regions: Regions,
    clearance: NDArray[np.float32],
    reached: NDArray[np.bool_],
) -> list[_ShutIn]:
    """Return those of the movables that are in one room and could be in another.

    Args:
        movables: of about the same width.
        regions: for the centres of discs of that width.
        clearance: (rows + 2, columns + 2) distance of each cell to the nearest wall (m).
        reached: (rows + 2, columns + 2) where the robot can get with all movables gone.
    """
    own = {movable.name: _numbers_under(movable, regions) for movable in movables}
    movables = [movable for movable in movables if len(own[movable.name]) == 1]
    rooms = np.flatnonzero(regions.areas > SMALLEST_ROOM_M2).tolist()
    if not movables or len(rooms) < 2:
        return []
    numbers = {*rooms, *(number for movable in movables for number in own[movable.name])}
    cells = {number: _widest_cell(regions.labels == number, clearance) for number in numbers}
    found = []
    for movable in movables:
        (number,) = own[movable.name]
        others = tuple(cells[room] for room in rooms if room != number and reached[cells[room]])
        if others and reached[cells[number]]:
            found.append(_ShutIn(movable, cells[number], others))
    return found


def _numbers_under(movable: Movable, regions: Regions) -> set[int]:
    """Return the regions that a movable stands in."""
    mask = regions.grid.blank() * 0
    regions.grid.fill(mask, movable.pose, movable.footprint.pieces)
    under: Labels = regions.labels[mask != 0]
    return set(under.tolist()) - {0}


def _widest_cell(region: NDArray[np.bool_], clearance: NDArray[np.float32]) -> Cell:
    row, column = np.unravel_index(int(np.where(region, clearance, 0.0).argmax()), region.shape)
    return int(row), int(column)
