"""Object strategies without a model: file order, random order and order by distance.

Ties keep the order of the scene file.
"""

from __future__ import annotations

import math

import numpy as np

from namo.world.world import World


class NoHeuristic:
    """The order of the scene file."""

    def rank(self, world: World, reachable: list[str], rng: np.random.Generator) -> list[str]:  # noqa: ARG002
        """See `namo.strategies.strategy.ObjectStrategy`."""
        return list(reachable)


class RandomOrder:
    """A random order, uniform over permutations."""

    def rank(self, world: World, reachable: list[str], rng: np.random.Generator) -> list[str]:  # noqa: ARG002
        """See `namo.strategies.strategy.ObjectStrategy`."""
        return [reachable[i] for i in rng.permutation(len(reachable))]


class NearestFirst:
    """By distance from the robot, nearest first."""

    def rank(self, world: World, reachable: list[str], rng: np.random.Generator) -> list[str]:  # noqa: ARG002
        """See `namo.strategies.strategy.ObjectStrategy`."""
        robot = world.poses()["robot"]
        return _by_distance(world, reachable, robot.x, robot.y)


class FarthestFirst:
    """By distance from the robot, farthest first."""

    def rank(self, world: World, reachable: list[str], rng: np.random.Generator) -> list[str]:  # noqa: ARG002
        """See `namo.strategies.strategy.ObjectStrategy`."""
        robot = world.poses()["robot"]
        return _by_distance(world, reachable, robot.x, robot.y, farthest=True)


class GoalProximity:
    """By distance from the robot's goal, nearest first."""

    def rank(self, world: World, reachable: list[str], rng: np.random.Generator) -> list[str]:  # noqa: ARG002
        """See `namo.strategies.strategy.ObjectStrategy`."""
        return _by_distance(world, reachable, world.scene.goal.x, world.scene.goal.y)


def _by_distance(
    world: World, names: list[str], x: float, y: float, *, farthest: bool = False
) -> list[str]:
    poses = world.poses()
    sign = -1.0 if farthest else 1.0
    return sorted(names, key=lambda name: sign * math.hypot(poses[name].x - x, poses[name].y - y))
