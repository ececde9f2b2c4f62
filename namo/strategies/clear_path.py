"""Goals that clear the way, as motion primitives and the push planner predict them.

A movable at another pose leaves another part of the way to the robot's goal
(`namo.world.blocked_way`); where it leaves nothing, the goal is open. The poses that straight
pushes lead to, which primitives predict well, are rated by what they leave, and where these promise
little others around the movable, see `namo.strategies.clear_poses`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from namo.geometry import Floats, Pose2D
from namo.portable_math import log
from namo.strategies.clear_poses import P_COMPLETE, clear_poses
from namo.strategies.rated_candidates import StateCache, best_goals
from namo.strategies.strategy import FurtherGoals, RatedCandidates
from namo.world.blocked_way import P_LATER
from namo.world.candidate_ways import CandidateWays
from namo.world.candidates import candidate_pushes
from namo.world.world import World

SAMPLING_EXPONENT = 5
"""Samples of goals prefer high ratings by this much: in proportion to the odds it would be 1."""


class ClearPathGoals:
    """Rates goals by what they leave of the way to the robot's goal; needs no model.

    A push passes through the poses of the shorter ones from its contact point, so of those from one
    contact point the farthest comes first. Pushes that move several movables at once are predicted
    poorly; `best_first` finds them by its random pushes.

    Attributes:
        random_share: fraction of the pushes of `best_first` that stay random, a ratio.
    """

    random_share = 0.2

    def __init__(self) -> None:
        """Start without ratings."""
        self._rated = StateCache[RatedCandidates]()
        self._further = StateCache[FurtherGoals]()

    def propose(
        self, world: World, name: str, count: int, rng: np.random.Generator
    ) -> list[Pose2D]:
        """See `namo.strategies.strategy.GoalStrategy`.

        Goals are sampled without replacement, with probabilities proportional to the odds of their
        ratings to the power `SAMPLING_EXPONENT`, so each keeps a chance (Gumbel-top-k: Kool, van
        Hoof & Welling 2019).
        """
        rated = list(self.best(world, name))
        odds = np.array([value / (1.0 - value) for _, value in rated])
        keys = SAMPLING_EXPONENT * log(np.maximum(odds, 1e-6)) + rng.gumbel(size=len(odds))
        order = np.argsort(-keys, kind="stable")
        return [rated[place][0] for place in order[:count].tolist()]

    def best(self, world: World, name: str) -> Iterator[tuple[Pose2D, float]]:
        """See `namo.strategies.strategy.RatingGoalStrategy`."""
        return best_goals(self, world, name)

    def rated(self, world: World, name: str) -> RatedCandidates:
        """See `namo.strategies.strategy.RatingCandidatesStrategy`."""
        return self._rated.get(world, name, lambda: _rate(world, name))

    def further(self, world: World, name: str) -> FurtherGoals:
        """See `namo.strategies.strategy.RatingCandidatesStrategy`; poses that clear the way."""
        return self._further.get(world, name, lambda: clear_poses(world, name))


def _rate(world: World, name: str) -> RatedCandidates:
    ways = CandidateWays(world.reachability(), name, candidate_pushes(world, name))
    numbers = np.flatnonzero(ways.candidates.covered)
    opens = ways.p_opens.flat[numbers]

    def later() -> Floats:
        ratings: Floats = ways.p_later.flat[numbers]
        return ratings

    return RatedCandidates(ways.candidates, numbers, opens, later, P_COMPLETE, P_LATER)
