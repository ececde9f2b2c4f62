"""Poses around a movable that clear the way, for where no straight push does.

A fixed pattern of poses, which may take several contacts: the push planner says whether it has a
plan that ends there. Rated by what they leave of the way to the robot's goal, also where a push may
end beside them.
"""

from __future__ import annotations

import math

import numpy as np

from namo.geometry import Floats, Pose2D, wrap_angle
from namo.portable_math import cos, sin
from namo.strategies.strategy import FurtherGoals
from namo.world.blocked_way import RemainingWay, rate_later
from namo.world.push_planner import ANGLE_TOLERANCE_RAD, POSITION_TOLERANCE_M
from namo.world.reachability import Reachability
from namo.world.world import World

P_COMPLETE = 0.8
"""Probability that a push gets to a pose to which the push planner has a complete plan.

No goal of `clear_poses` promises more.
"""
P_INCOMPLETE = 0.2
"""The same if its plan only gets nearer."""
PATTERN_POSES = 200
"""Size of the pattern of poses around a movable."""
PATTERN_M = (0.05, 1.2)
PATTERN_TURN_RAD = math.pi / 2
MAX_PLANNED = 24
"""Poses of the pattern for which a push is planned: evenly over those that clear the way most."""
PATTERN_DISCOUNT = 0.95
"""Factor on ratings per pose of the pattern: after failures something else may be worth a try."""


def clear_poses(world: World, name: str) -> FurtherGoals:
    """Return the poses of the pattern to push a movable to.

    Args:
        world: in the state in question; not changed.
        name: of the movable.

    Raises:
        UnknownMovableError: the scene has no such movable.
        SceneError: see `World.primitives`.
        OSError: likewise.
    """
    reachability, planner = world.reachability(), world.primitives(name)[1]
    way, robot = RemainingWay(reachability, name), reachability.poses["robot"]
    now = way.cost(reachability.poses[name], robot.x, robot.y)
    cost, clear = _clearest(reachability, name, way, now)
    if len(clear) > MAX_PLANNED:
        clear = [clear[place * len(clear) // MAX_PLANNED] for place in range(MAX_PLANNED)]
    usable = reachability.reachable_contacts(name)
    value = 1.0 if cost == 0.0 else float(rate_later(np.array(cost), now))
    rated = []
    for goal in clear:
        planned = planner.plan(reachability, goal, usable)
        if planned is not None:
            arrives = P_COMPLETE if planned.complete else P_INCOMPLETE
            rated.append((goal, value * arrives * _share_as_clear(way, goal, reachability, cost)))
    rated.sort(key=lambda one: -one[1])
    return tuple((goal, value * PATTERN_DISCOUNT**at) for at, (goal, value) in enumerate(rated))


def _share_as_clear(
    way: RemainingWay, goal: Pose2D, reachability: Reachability, cost: float
) -> float:
    """Return the share of the poses where a push to a goal may end that clear the way as well.

    Args:
        way: without the movable.
        goal: of the pattern.
        reachability: of the state.
        cost: what the goal itself leaves of the way (m).
    """
    robot = reachability.poses["robot"]
    ends = (Pose2D(goal.x + x, goal.y + y, wrap_angle(goal.theta + turn)) for x, y, turn in _ENDS)
    return sum(way.cost(end, robot.x, robot.y) <= cost for end in ends) / len(_ENDS)


def _clearest(
    reachability: Reachability, name: str, way: RemainingWay, now: float
) -> tuple[float, list[Pose2D]]:
    """Return what the best poses of the pattern leave of the way (m), and these, nearest first.

    Nothing if the movable is not in the way.

    Args:
        reachability: of the state.
        name: of the movable.
        way: without it.
        now: what it leaves of the way where it is (m).
    """
    static, robot, pose = reachability.static, reachability.poses["robot"], reachability.poses[name]
    others = reachability.obstacles_excluding(name)
    clear: list[Pose2D] = []
    least = now
    for x, y, turn in _PATTERN.tolist():
        goal = Pose2D(pose.x + x, pose.y + y, wrap_angle(pose.theta + turn))
        if static.fits(name, goal) and others.is_clear(goal):
            cost = way.cost(goal, robot.x, robot.y)
            if cost < least:
                clear, least = [], cost
            if cost == least < now:
                clear.append(goal)
    return least, clear


def _ends() -> list[tuple[float, float, float]]:
    """Return displacements x, y (m), theta (rad) of ends around a goal, itself first."""
    angles = [math.pi / 3 * number for number in range(6)]
    turns = [ANGLE_TOLERANCE_RAD / 2, -ANGLE_TOLERANCE_RAD / 2] * 3
    return [(0.0, 0.0, 0.0)] + [
        (POSITION_TOLERANCE_M * math.cos(angle), POSITION_TOLERANCE_M * math.sin(angle), turn)
        for angle, turn in zip(angles, turns, strict=True)
    ]


def _pattern() -> Floats:
    """Return displacements (n, 3) x, y (m), theta (rad), the nearest first."""
    # A Kronecker sequence: covers all three dimensions evenly.
    ratios = [1.2207440846057596**power for power in (1, 2, 3)]
    fractions = np.arange(1, PATTERN_POSES + 1)[:, None] / ratios % 1.0
    distance = np.sort(PATTERN_M[0] + (PATTERN_M[1] - PATTERN_M[0]) * fractions[:, 0])
    order = np.argsort(fractions[:, 0], kind="stable")
    direction = 2.0 * math.pi * fractions[order, 1]
    turn = PATTERN_TURN_RAD * (2.0 * fractions[order, 2] - 1.0)
    return np.stack([distance * cos(direction), distance * sin(direction), turn], axis=1)


_PATTERN = _pattern()
_ENDS = _ends()
