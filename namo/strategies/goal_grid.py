"""Goals on a polar grid: eight directions, two distances, orientation unchanged."""

from __future__ import annotations

import math

import numpy as np

from namo.geometry import Pose2D
from namo.world.world import World

DIRECTIONS = 8
DISTANCES_M = (0.4, 0.8)


class GridGoals:
    """The sixteen goals around a box that are not inside a wall, in random order.

    Random, because only `count` of them are tried; a fixed order would never try the others.
    """

    def propose(
        self, world: World, name: str, count: int, rng: np.random.Generator
    ) -> list[Pose2D]:
        """See `namo.strategies.strategy.GoalStrategy`."""
        pose = world.poses()[name]
        goals = [
            Pose2D(
                pose.x + distance * math.cos(2 * math.pi * k / DIRECTIONS),
                pose.y + distance * math.sin(2 * math.pi * k / DIRECTIONS),
                pose.theta,
            )
            for distance in DISTANCES_M
            for k in range(DIRECTIONS)
        ]
        shuffled = [goals[i] for i in rng.permutation(len(goals))]
        return [goal for goal in shuffled if world.static.fits(name, goal)][:count]
