"""Goals that one straight push reaches: the end poses of motion primitives, in random order."""

from __future__ import annotations

import numpy as np

from namo.geometry import Pose2D
from namo.world.candidates import candidate_pushes
from namo.world.world import World


class PrimitiveGoals:
    """Candidates that are possible now, uniform over contact points, then over their travels.

    Most contact points have ten travels, a few have less; drawing the point first gives each side
    of a movable its fair share. The same candidate is not proposed twice in one call.
    """

    def propose(
        self, world: World, name: str, count: int, rng: np.random.Generator
    ) -> list[Pose2D]:
        """See `namo.strategies.strategy.GoalStrategy`."""
        candidates = candidate_pushes(world, name)
        possible = candidates.possible
        per_contact = possible.sum(axis=1, keepdims=True)
        weights = np.where(possible, 1.0 / np.maximum(per_contact, 1), 0.0).ravel()
        count = min(count, int(possible.sum()))
        if count == 0:
            return []
        drawn = rng.choice(weights.size, count, replace=False, p=weights / weights.sum())
        return [candidates.goal(number) for number in drawn.tolist()]
