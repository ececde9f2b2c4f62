"""Adaptive goals: random ones, moved towards the box until they are collision-free."""

from __future__ import annotations

import numpy as np

from namo.geometry import Pose2D
from namo.strategies.goal_random import TRIES_PER_GOAL, sample_goal
from namo.world.world import World

DISTANCE_M = (0.2, 0.8)
SHRINK = 0.75
SHRINKS = 4


class AdaptiveGoals:
    """Random goals clear of walls and other movables, in directions the robot can push.

    A sample that is not clear moves towards the present pose of the box in up to `SHRINKS` steps,
    each to `SHRINK` of the distance, before it is rejected.
    """

    def propose(
        self, world: World, name: str, count: int, rng: np.random.Generator
    ) -> list[Pose2D]:
        """See `namo.strategies.strategy.GoalStrategy`."""
        reachability = world.reachability()
        pose = reachability.poses[name]
        obstacles = reachability.obstacles_excluding(name)
        goals: list[Pose2D] = []
        for _ in range(count * TRIES_PER_GOAL):
            sampled = sample_goal(pose, DISTANCE_M, rng)
            if not reachability.can_push_towards(name, sampled):
                continue
            for shrink in range(SHRINKS + 1):
                goal = _towards(pose, sampled, SHRINK**shrink)
                near = pose.distance(goal) < DISTANCE_M[0]
                if not near and world.static.fits(name, goal) and obstacles.is_clear(goal):
                    goals.append(goal)
                    break
            if len(goals) == count:
                break
        return goals


def _towards(pose: Pose2D, goal: Pose2D, fraction: float) -> Pose2D:
    """Return the goal at a fraction of its distance, orientation unchanged."""
    return Pose2D(
        pose.x + fraction * (goal.x - pose.x), pose.y + fraction * (goal.y - pose.y), goal.theta
    )
