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
from namo.portable_math import exp
from namo.scenes.grid import Frame, Mask
from namo.world.drive_costs import (
    THROUGH_FACTOR,
    Cells,
    Distances,
    Weights,
    cheapest_way,
    next_cell,
)
from namo.world.free_runs import Runs, any_in_region, locate
from namo.world.free_space import Drawings, TemporaryObstacle, connected_with, put, remove
from namo.world.goal_distance import CUT_OFF, STEP, RowMinima, nearest_in_region, row_minima
from namo.world.reachability import Reachability

WAY_M = 10.0
"""The rating of a state falls by a factor e per so many metres that its way to the goal costs."""
P_LATER = 0.5
"""Factor on the rating of a state that a push leads to if the goal is not open there."""
ELSEWHERE_FACTOR = 0.5
"""Factor on the ratings of movables that are not in the way: they may be in the way of a push."""


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
    drive, connected = reachability.drive, reachability.connected
    distances = drive.distances
    least, row, column = nearest_in_region(
        distances, row_minima(distances), connected.runs, connected.region
    )
    if least == CUT_OFF:
        return BlockedWay(math.inf, np.empty((0, 2), np.int64), {})
    cells = cheapest_way(distances, drive.weights, row, column)
    cost = least / STEP * reachability.static.grid.resolution
    return BlockedWay(cost, cells, drive.movables_along(cells))


def rating_of(costs: Floats) -> Floats:
    """Return the ratings (...) of states, from 0 to 1, by the costs of their ways to the goal (m).

    Args:
        costs: (...) m of free drive.
    """
    ratings: Floats = exp(-costs / WAY_M)
    return ratings


def rate_later(costs: Floats, now: float) -> Floats:
    """Return the ratings (...) of pushes that do not open the goal, from 0 to `P_LATER`.

    Args:
        costs: (...) of the ways that they leave (m).
        now: cost of the way before them (m).
    """
    ratings = P_LATER * rating_of(costs)
    return np.where(costs < now, ratings, ELSEWHERE_FACTOR * ratings)


def opens_without(reachability: Reachability, name: str) -> bool:
    """Return whether the robot could drive to its goal if a movable were gone.

    Raises:
        UnknownMovableError: the scene has no such movable.
    """
    robot = reachability.poses["robot"]
    free = reachability.obstacles_excluding(name).free
    connected = free.connected(robot.x, robot.y, None)
    return any_in_region(connected.runs, connected.region, *reachability.static.goal_cells)


def drawings_at(reachability: Reachability, name: str, poses: Floats) -> Drawings:
    """Draw a movable at each of some poses, among the other obstacles.

    Args:
        reachability: of the state.
        name: of the movable.
        poses: (n, 3) of it, x, y (m), theta (rad), world frame.

    Raises:
        UnknownMovableError: the scene has no such movable.
    """
    static, free = reachability.static, reachability.obstacles_excluding(name).free
    return free.drawings(static.inflated.placed_each(static.index[name], poses))


def opens_at(
    reachability: Reachability, name: str, drawings: Drawings, robots: Floats
) -> NDArray[np.bool_]:
    """Return whether the robot could drive to its goal with a movable at other poses, (n,).

    Args:
        reachability: of the state.
        name: of the movable.
        drawings: by `drawings_at`, of n poses.
        robots: (n, 2) of the robot (m), world frame.

    Raises:
        UnknownMovableError: the scene has no such movable.
    """
    free, static = reachability.obstacles_excluding(name).free, reachability.static
    around = free.blocked, free.runs, static.grid.frame, free.back_off_m
    return _opens_at(drawings, free.scratch, *around, robots, *static.goal_cells)


@compiled
def _opens_at(
    drawings: Drawings,
    scratch: TemporaryObstacle,
    blocked: Mask,
    runs: Runs,
    frame: Frame,
    back_off: float,
    robots: Floats,
    goal_rows: NDArray[np.int64],
    goal_columns: NDArray[np.int64],
) -> NDArray[np.bool_]:
    opens = np.zeros(len(robots), np.bool_)
    begin = 0
    for i in range(len(robots)):
        begin = put(drawings, i, begin, scratch)
        x, y = robots[i]
        _, _, without = locate(scratch.mask, runs, x, y, frame, back_off)
        if any_in_region(runs, without, goal_rows, goal_columns):  # else it cannot with it either
            after, _, _, region = connected_with(scratch, runs, x, y, frame, back_off)
            opens[i] = any_in_region(after, region, goal_rows, goal_columns)
        remove(drawings, i, scratch, blocked)
    return opens


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
        self._reachability, self._name = reachability, name
        self._free = reachability.obstacles_excluding(name).free
        self._weights, self._distances = reachability.drive.without(name)
        self._minima = row_minima(self._distances)

    def cost(self, pose: Pose2D, robot_x: float, robot_y: float) -> float:
        """Return the cost of the remaining way (m of free drive), see `costs`.

        Args:
            pose: of the movable, world frame.
            robot_x: of the robot (m), world frame.
            robot_y: likewise.
        """
        return float(self.costs(np.array([pose]), np.array([[robot_x, robot_y]]))[0])

    def costs(self, poses: Floats, robots: Floats) -> Floats:
        """Return the costs (n,) of the remaining ways (m of free drive), see `BlockedWay.cost`.

        The way is the cheapest without the movable. Where it goes through the movable at its new
        pose that costs extra, although there may be a cheaper way around it.

        Args:
            poses: (n, 3) of the movable, x, y (m), theta (rad), world frame.
            robots: (n, 2) of the robot (m), world frame.
        """
        return self.costs_at(drawings_at(self._reachability, self._name, poses), robots)

    def costs_at(self, drawings: Drawings, robots: Floats) -> Floats:
        """Return `costs` (n,) of the remaining ways (m of free drive).

        Args:
            drawings: of the movable at its n poses, by `drawings_at`.
            robots: (n, 2) of the robot (m), world frame.
        """
        free, grid = self._free, self._reachability.static.grid
        steps = _remaining_costs(
            drawings,
            free.scratch,
            free.blocked,
            free.runs,
            robots,
            grid.frame,
            free.back_off_m,
            self._distances,
            self._minima,
            self._weights,
        )
        return np.where(steps == CUT_OFF, np.inf, steps / STEP * grid.resolution)


@compiled
def _remaining_costs(
    drawings: Drawings,
    scratch: TemporaryObstacle,
    blocked: Mask,
    runs: Runs,
    robots: Floats,
    frame: Frame,
    back_off: float,
    distances: Distances,
    minima: RowMinima,
    weights: Weights,
) -> NDArray[np.int64]:
    costs = np.empty(len(robots), np.int64)
    begin = 0
    for i in range(len(robots)):
        begin = put(drawings, i, begin, scratch)
        robot = robots[i, 0], robots[i, 1]
        costs[i] = _remaining_cost(
            scratch, blocked, runs, robot, frame, back_off, distances, minima, weights
        )
        remove(drawings, i, scratch, blocked)
    return costs


@compiled
def _remaining_cost(
    obstacle: TemporaryObstacle,
    blocked: Mask,
    runs: Runs,
    robot: tuple[float, float],
    frame: Frame,
    back_off: float,
    distances: Distances,
    minima: RowMinima,
    weights: Weights,
) -> int:
    runs, _, _, region = connected_with(obstacle, runs, robot[0], robot[1], frame, back_off)
    cost, row, column = nearest_in_region(distances, minima, runs, region)
    if cost not in (0, CUT_OFF):
        while True:
            if obstacle.mask[row, column] != 0 and blocked[row, column] == 0:
                cost += STEP * THROUGH_FACTOR
            if distances[row, column] == 0:
                break
            row, column = next_cell(distances, weights, row, column)
    return cost
