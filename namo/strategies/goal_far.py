"""Far goals: in a random direction, farther away than a push can usually bring a box.

A push stops as soon as it opens the robot's goal. One that aims beyond does not stop before that,
so a single simulation tries all distances in its direction.
"""

from __future__ import annotations

import numpy as np

from namo.geometry import Pose2D
from namo.strategies.goal_random import sampled_goals
from namo.world.world import World

DISTANCE_M = (2.3, 3.0)


class FarGoals:
    """Random goals `DISTANCE_M` away, with a random rotation, regardless of obstacles.

    Only samples towards which the robot has no side to push from are rejected.
    """

    def propose(
        self, world: World, name: str, count: int, rng: np.random.Generator
    ) -> list[Pose2D]:
        """See `namo.strategies.strategy.GoalStrategy`."""
        return sampled_goals(world, name, count, DISTANCE_M, rng)
