"""Openings: the free regions next to that of the robot, and the movables between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from namo.scenes.regions import regions_of
from namo.world.drive_costs import cheapest_way
from namo.world.free_runs import NO_REGION
from namo.world.goal_distance import CUT_OFF, STEP, goal_distances
from namo.world.reachability import REACHED, Reachability

MIN_REGION_M2 = 0.05
"""Smaller free regions are gaps between movables, of no use to get to."""
OPENED_FRACTION = 0.5
"""A region counts as opened when this fraction of what is still free of it can be reached."""


@dataclass(frozen=True, eq=False)
class Opening:
    """Another free region, or the goal where a movable stands on it, and the way there.

    Attributes:
        window: rows and columns of the grid's mask that contain the region.
        cells: mask of the region in this window, (rows, columns).
        movables: names of those between the robot's region and this one, in order along the way.
        cost: of the way to the robot's goal through this region (m of free drive).
    """

    window: tuple[slice, slice]
    cells: NDArray[np.bool_]
    movables: tuple[str, ...]
    cost: float

    def is_open(self, reachability: Reachability) -> bool:
        """Return whether the robot can get into the region in another state."""
        mask = reachability.mask[self.window][self.cells]
        reached, free = int((mask == REACHED).sum()), int((mask != 1).sum())
        return reached > 0 and reached >= OPENED_FRACTION * free


def openings(reachability: Reachability) -> list[Opening]:
    """Return the openings of the robot's region, those on the cheapest way to its goal first.

    Regions that can be reached only through others are left out, and those from which walls cut off
    the goal. A robot that is wedged in has none.
    """
    static, connected = reachability.static, reachability.connected
    if connected.region == NO_REGION:
        return []
    weights, to_goal = reachability.drive.weights, reachability.drive.distances
    # Contiguous like the cells of a goal, or the kernel would be compiled once more.
    reached = map(np.ascontiguousarray, np.nonzero(reachability.mask == REACHED))
    from_robot = goal_distances(static.walls, weights, *reached)
    blocked = reachability.obstacles_excluding(None).free.blocked
    regions = regions_of(static.grid, blocked)
    labels, own = regions.labels, regions.labels[connected.row, connected.column]
    large = {*np.flatnonzero(regions.areas >= MIN_REGION_M2).tolist()} - {int(own)}
    large |= {*labels[static.goal_cells].tolist()} - {0, int(own)}
    targets = [(number, labels == number) for number in sorted(large)]
    goal = np.zeros(labels.shape, np.bool_)
    goal[static.goal_cells] = True
    if not labels[goal].any():
        targets.append((0, goal & (static.walls == 0)))
    found = []
    for number, cells in targets:
        if not cells.any() or to_goal[cells].min() == CUT_OFF:
            continue
        rows, columns = np.nonzero(cells)
        first = int(from_robot[rows, columns].argmin())
        if from_robot[rows[first], columns[first]] == CUT_OFF:
            continue
        way = cheapest_way(from_robot, weights, int(rows[first]), int(columns[first]))[::-1]
        if {*labels[way[:, 0], way[:, 1]].tolist()} & (large - {number}):
            continue
        cost = int(from_robot[rows[first], columns[first]]) + int(to_goal[cells].min())
        metres = cost / STEP * static.grid.resolution
        window = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
        between = tuple(reachability.drive.movables_along(way))
        found.append(Opening(window, cells[window].copy(), between, metres))
    return sorted(found, key=lambda opening: opening.cost)
