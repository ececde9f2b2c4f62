"""The way to the robot's goal that is blocked least, and the movables that block it.

Only what lies outside the region of the robot counts, since driving inside it costs no push.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled
from namo.geometry import Floats, Pose2D
from namo.scenes.grid import Frame, Mask
from namo.world.drive_costs import (
    THROUGH_FACTOR,
    Cells,
    Distances,
    cheapest_way,
    drive_weights,
    movables_along,
    nearest_in_region,
    next_cell,
)
from namo.world.free_runs import Runs, any_in_region
from namo.world.free_space import TemporaryObstacle, connected_with
from namo.world.goal_distance import CUT_OFF, STEP, goal_distances
from namo.world.reachability import Reachability

WAY_M = 10.0
"""The rating of a state falls by a factor e per so many metres that its way to the goal costs."""


@dataclass(frozen=True, eq=False)
class BlockedWay:
    """The way to the robot's goal that is blocked least, in one state.

    Attributes:
        cost: of the way (m of free drive): 0 when the goal is open; infinite when walls alone cut
            it off, and for a robot that is wedged in.
        cells: (n, 2) rows and columns of the mask cells along the way, from the robot's region.
        blocking: name -> how much of `cost` is due to this movable (m), in order along the way.
    """

    cost: float
    cells: Cells
    blocking: dict[str, float]


def blocked_way(reachability: Reachability) -> BlockedWay:
    """Return the way from the region of the robot to its goal that is blocked least."""
    static, connected = reachability.static, reachability.connected
    weights = drive_weights(reachability)
    distances = goal_distances(static.walls, weights, *static.goal_cells)
    least, row, column = nearest_in_region(distances, connected.runs, connected.region)
    if least == CUT_OFF:
        return BlockedWay(math.inf, np.empty((0, 2), np.int64), {})
    cells = cheapest_way(distances, weights, row, column)
    cost = least / STEP * static.grid.resolution
    return BlockedWay(cost, cells, movables_along(reachability, cells))


def rating_of(costs: Floats) -> Floats:
    """Return the ratings (...) of states, from 0 to 1, by the costs of their ways to the goal (m).

    Args:
        costs: (...) m of free drive.
    """
    ratings: Floats = np.exp(-costs / WAY_M)
    return ratings


def opens_without(reachability: Reachability, name: str) -> bool:
    """Return whether the robot could drive to its goal if a movable were gone.

    Raises:
        UnknownMovableError: the scene has no such movable.
    """
    robot = reachability.poses["robot"]
    free = reachability.obstacles_excluding(name).free
    connected = free.connected(robot.x, robot.y, None)
    return any_in_region(connected.runs, connected.region, *reachability.static.goal_cells)


class RemainingWay:
    """What remains of the way to the robot's goal when a movable is at another pose.

    Everything that does not depend on that pose is computed once.
    """

    def __init__(self, reachability: Reachability, name: str) -> None:
        """Describe a state without a movable.

        Args:
            reachability: of the state.
            name: of the movable.

        Raises:
            UnknownMovableError: the scene has no such movable.
        """
        static = reachability.static
        self._static, self._place = static, static.index[name]
        self._free = reachability.obstacles_excluding(name).free
        self._weights = drive_weights(reachability, name)
        self._distances = goal_distances(static.walls, self._weights, *static.goal_cells)

    def cost(self, pose: Pose2D, robot_x: float, robot_y: float) -> float:
        """Return the cost of the remaining way (m of free drive), see `BlockedWay.cost`.

        The way is the cheapest without the movable. Where it goes through the movable at its new
        pose that costs extra, although there may be a cheaper way around it.

        Args:
            pose: of the movable, world frame.
            robot_x: of the robot (m), world frame.
            robot_y: likewise.
        """
        outlines = self._static.inflated.placed_alone(self._place, pose)
        with self._free.with_temporary_obstacle(outlines) as obstacle:
            steps = _remaining_cost(
                obstacle,
                self._free.blocked,
                self._free.runs,
                (robot_x, robot_y),
                self._static.grid.frame,
                self._free.back_off_m,
                self._distances,
                self._weights,
            )
        return math.inf if steps == CUT_OFF else steps / STEP * self._static.grid.resolution


@compiled
def _remaining_cost(
    obstacle: TemporaryObstacle,
    blocked: Mask,
    runs: Runs,
    robot: tuple[float, float],
    frame: Frame,
    back_off: float,
    distances: Distances,
    weights: NDArray[np.int32],
) -> int:
    runs, _, _, region = connected_with(obstacle, runs, robot[0], robot[1], frame, back_off)
    cost, row, column = nearest_in_region(distances, runs, region)
    if cost not in (0, CUT_OFF):
        while True:
            if obstacle.mask[row, column] != 0 and blocked[row, column] == 0:
                cost += STEP * THROUGH_FACTOR
            if distances[row, column] == 0:
                break
            row, column = next_cell(distances, weights, row, column)
    return cost
