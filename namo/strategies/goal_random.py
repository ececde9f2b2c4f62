"""Random goals: in any direction, some distance away, slightly rotated, never inside a wall."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from namo.geometry import Pose2D, wrap_angle
from namo.world.world import World

DISTANCE_M = (0.3, 1.0)
TURN_RAD = math.pi / 4
TRIES_PER_GOAL = 20


class RandomGoals:
    """Uniform in direction, in distance over `DISTANCE_M` and in rotation over ± `TURN_RAD`.

    Infeasible samples are rejected: those that put the box into a wall, and those towards which the
    robot has no side to push from. Other movables do not rule out a goal; they can be pushed along.
    """

    def propose(
        self, world: World, name: str, count: int, rng: np.random.Generator
    ) -> list[Pose2D]:
        """See `namo.strategies.strategy.GoalStrategy`."""
        return sampled_goals(
            world, name, count, DISTANCE_M, rng, lambda goal: world.static.fits(name, goal)
        )


def sampled_goals(
    world: World,
    name: str,
    count: int,
    distance_m: tuple[float, float],
    rng: np.random.Generator,
    accepts: Callable[[Pose2D], bool] = lambda _: True,
) -> list[Pose2D]:
    """Return up to `count` random goals that are accepted and that the robot can push towards.

    Args:
        world: not changed.
        name: of the movable.
        count: how many goals.
        distance_m: of the goals, least and greatest (m).
        rng: stream for the samples.
        accepts: whether a world pose may be a goal.
    """
    reachability = world.reachability()
    pose = reachability.poses[name]
    goals: list[Pose2D] = []
    for _ in range(count * TRIES_PER_GOAL):
        goal = sample_goal(pose, distance_m, rng)
        if accepts(goal) and reachability.can_push_towards(name, goal):
            goals.append(goal)
        if len(goals) == count:
            break
    return goals


def sample_goal(pose: Pose2D, distance_m: tuple[float, float], rng: np.random.Generator) -> Pose2D:
    """Return a random goal for a box at `pose`, regardless of obstacles."""
    distance = rng.uniform(*distance_m)
    direction = rng.uniform(-math.pi, math.pi)
    turn = rng.uniform(-TURN_RAD, TURN_RAD)
    return Pose2D(
        pose.x + distance * math.cos(direction),
        pose.y + distance * math.sin(direction),
        wrap_angle(pose.theta + turn),
    )
