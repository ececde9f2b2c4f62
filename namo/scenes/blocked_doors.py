"""Find movables that are too wide for the doors of their room.

A movable passes a door if a disc of its minimum width does. The clearance of every cell (its
distance to the nearest wall) gives the regions for discs of every size, so that one sweep from the
widest movable down to the robot finds the confined movables, and the width of their widest exit.
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
"""Step of radii in the sweep."""
MIN_ROOM_M2 = 0.25
"""Minimum area of a region, for the centre of a movable, to count as another room."""

Cell = tuple[int, int]


@dataclass(frozen=True)
class _Confined:
    """A movable that cannot leave its room, with a cell there and one in each other room."""

    movable: Movable
    here: Cell
    elsewhere: tuple[Cell, ...]


def min_width(footprint: Footprint) -> float:
    """Return a lower bound on the width of doors that a footprint fits through (m).

    For a convex footprint it is the smaller side of the minimum bounding rectangle. Others can turn
    through narrower doors; for them it is the diameter of the largest inscribed circle.
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
        between_walls: free regions of the robot without movables.
        robots: the number of the region that the robot is in.

    Returns:
        Name, minimum width (m) and width of the widest exit (m, within 3 cm; None if the grid does
        not resolve it) of each, in the order of the scene.
    """
    grid = between_walls.grid
    # Cells are lost on both sides of a door; only movables that are certainly too wide count.
    steps = {
        movable.name: int((min_width(movable.footprint) / 2 - grid.resolution) / STEP_M)
        for movable in scene.movables
    }
    last = int((scene.robot.radius + scene.clearance) / STEP_M)
    if max(steps.values(), default=0) <= last:
        return []
    walls = blocked_cells(grid, scene.walls, 0.0)
    cells = cv2.distanceTransform(1 - walls, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    clearance = np.asarray(cells * grid.resolution, np.float32)
    pending: list[_Confined] = []
    widest: dict[str, float | None] = {}
    for step in range(max(steps.values()), last, -1):
        fresh = [movable for movable in scene.movables if steps[movable.name] == step]
        if not fresh and not pending:
            continue
        regions = regions_of(grid, (clearance <= step * STEP_M).astype(np.uint8))
        for confined in list(pending):
            if any(regions.labels[confined.here] == regions.labels[c] for c in confined.elsewhere):
                # The radius is between this step and the last, and both sides lose half a cell.
                widest[confined.movable.name] = 2 * step * STEP_M + STEP_M + grid.resolution
                pending.remove(confined)
        found = _confined(fresh, regions, clearance, between_walls.labels == robots)
        widest.update(dict.fromkeys((confined.movable.name for confined in found), None))
        pending += found
    return [
        (movable.name, min_width(movable.footprint), widest[movable.name])
        for movable in scene.movables
        if movable.name in widest
    ]


def _confined(
    movables: Sequence[Movable],
    regions: Regions,
    clearance: NDArray[np.float32],
    reached: NDArray[np.bool_],
) -> list[_Confined]:
    """Return the movables that are confined to one room while there are others.

    Args:
        movables: of about the same width.
        regions: free regions for the centre of a disc of that width.
        clearance: (rows + 2, columns + 2) distance of each cell to the nearest wall (m).
        reached: (rows + 2, columns + 2) whether the robot can reach a cell without movables.
    """
    own = {movable.name: _numbers_under(movable, regions) for movable in movables}
    movables = [movable for movable in movables if len(own[movable.name]) == 1]
    rooms = np.flatnonzero(regions.areas > MIN_ROOM_M2).tolist()
    if not movables or len(rooms) < 2:
        return []
    numbers = {*rooms, *(number for movable in movables for number in own[movable.name])}
    cells = {number: _widest_cell(regions.labels == number, clearance) for number in numbers}
    found = []
    for movable in movables:
        (number,) = own[movable.name]
        others = tuple(cells[room] for room in rooms if room != number and reached[cells[room]])
        if others and reached[cells[number]]:
            found.append(_Confined(movable, cells[number], others))
    return found


def _numbers_under(movable: Movable, regions: Regions) -> set[int]:
    """Return the numbers of the regions that a movable overlaps."""
    mask = regions.grid.blank() * 0
    regions.grid.fill(mask, movable.pose, movable.footprint.pieces)
    under: Labels = regions.labels[mask != 0]
    return set(under.tolist()) - {0}


def _widest_cell(region: NDArray[np.bool_], clearance: NDArray[np.float32]) -> Cell:
    row, column = np.unravel_index(int(np.where(region, clearance, 0.0).argmax()), region.shape)
    return int(row), int(column)
