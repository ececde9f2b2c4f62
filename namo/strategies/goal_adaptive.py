"""Adaptive goals: random ones, pulled in until the box has room there."""

from __future__ import annotations

import numpy as np

from namo.geometry import Pose2D
from namo.strategies.goal_random import TRIES_PER_GOAL, draw_goal
from namo.world.world import World

DISTANCE_M = (0.2, 0.8)
SHRINK = 0.75
SHRINKS = 4


class AdaptiveGoals:
    """Random goals that are free of walls and of other movables, where the robot can push to.

    A draw that is not free moves towards the box's present place in `SHRINKS` steps, each to
    `SHRINK` of the distance, before it is given up.
    """

    def propose(
        self, world: World, name: str, count: int, rng: np.random.Generator
    ) -> list[Pose2D]:
        """See `namo.strategies.strategy.GoalStrategy`."""
        reachability = world.reachability()
        pose = reachability.poses[name]
        around = reachability.around(name)
        goals: list[Pose2D] = []
        for _ in range(count * TRIES_PER_GOAL):
            drawn = draw_goal(pose, DISTANCE_M, rng)
            if not reachability.can_push_towards(name, drawn):
                continue
            for shrink in range(SHRINKS + 1):
                goal = _towards(pose, drawn, SHRINK**shrink)
                near = pose.distance(goal) < DISTANCE_M[0]
                if not near and world.static.fits(name, goal) and around.leaves_room(goal):
                    goals.append(goal)
                    break
            if len(goals) == count:
                break
        return goals


def _towards(pose: Pose2D, goal: Pose2D, share: float) -> Pose2D:
    """Return the goal at a share of its distance, with its own orientation."""
    return Pose2D(
        pose.x + share * (goal.x - pose.x), pose.y + share * (goal.y - pose.y), goal.theta
    )
