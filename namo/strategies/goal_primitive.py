"""Goals reached by one straight push: the end poses of motion primitives, in random order."""

from __future__ import annotations

import numpy as np

from namo.geometry import Pose2D
from namo.world.candidates import candidate_pushes
from namo.world.world import World


class PrimitiveGoals:
    """Candidates that are possible now, uniform over contact points, then over their travels.

    Most contact points have ten travels, a few have fewer; sampling the point first weights all
    sides of a movable equally. A call does not propose the same candidate twice.
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
        sampled = rng.choice(weights.size, count, replace=False, p=weights / weights.sum())
        return [candidates.goal(number) for number in sampled.tolist()]
