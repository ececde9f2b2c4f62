"""Base of planners that follow ratings and spend a fraction of their pushes without them.

A confident but wrong model would mislead a search for its whole budget. So a fraction of the
pushes goes to a second search that uses no ratings: iterative deepening over random goals. The two
are interleaved as a portfolio (Gomes & Selman 2001). After the first `RATED_PHASE_PUSHES` pushes
the second gets most of them, or as many as the failures of the ratings suggest, if the search
notes these; if the strategies rate nothing, it gets all.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Protocol

from namo.planning.base import StrategyPlanner
from namo.planning.idfs import IDFS
from namo.planning.planner import (
    Termination,
)
from namo.planning.search import Node, Search, Steps, interleave, run_to_end
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.strategy import (
    GoalStrategy,
    ObjectStrategy,
    RatingGoalStrategy,
    RatingObjectStrategy,
)

RATED_PHASE_PUSHES = 10
"""Length of the first phase, in which ratings find most plans."""
LATE_RANDOM_FRACTION = 0.8
"""Fraction of random pushes after the first phase; the largest one that failures lead to."""
UNRATED_RANDOM_FRACTION = 0.2
"""Fraction of random pushes if only objects are rated, not goals."""


class RatedSearch(Protocol):
    """A search that follows ratings."""

    @property
    def late_random_fraction(self) -> float:
        """Fraction of random pushes beside it after the first phase, as far as it knows now."""

    def steps(self) -> Steps:
        """Search step by step."""


class PortfolioPlanner(StrategyPlanner):
    """A rated search and one without ratings, interleaved."""

    def __init__(
        self, objects: ObjectStrategy, goals: GoalStrategy, max_goals_per_object: int
    ) -> None:
        """See `namo.planning.planner.Planner`."""
        super().__init__(objects, goals, max_goals_per_object)
        self._is_rating = isinstance(objects, RatingObjectStrategy)
        unrated, self._random_fraction = goals, UNRATED_RANDOM_FRACTION
        if isinstance(goals, RatingGoalStrategy):
            self._is_rating = True
            unrated, self._random_fraction = RandomGoals(), goals.random_share
        self._unrated = IDFS(objects, unrated, max_goals_per_object)

    def _find(self, search: Search, streams: Streams) -> Node | Termination:
        return run_to_end(self.steps(search, streams))

    def random_pushes(self, pushes: int, late_fraction: float = LATE_RANDOM_FRACTION) -> int:
        """Return how many of the first `pushes` pushes are random.

        Args:
            pushes: how many in all.
            late_fraction: of all after the first phase, so random pushes catch up where it grows;
                that of the first phase if it is larger.
        """
        early = min(pushes, RATED_PHASE_PUSHES)
        late = max(self._random_fraction, late_fraction) if self._random_fraction else 0
        return math.floor(self._random_fraction * early + late * (pushes - early))

    def steps(self, search: Search, streams: Streams) -> Steps:
        """Search step by step from the root; other code may push in the same search in between."""
        sides = {}
        if self._random_fraction:
            sides["random"] = self._unrated.steps(search, streams)
        rated = self._rated_search(search, streams)
        if self._is_rating:
            sides["rated"] = rated.steps()

        def choose(spent: Mapping[str, int]) -> str:
            due = self.random_pushes(search.pushes_simulated + 1, rated.late_random_fraction)
            side = "random" if spent.get("random", 0) < due else "rated"
            return side if side in spent else next(iter(spent))

        return (yield from interleave(search, sides, choose))

    @abstractmethod
    def _rated_search(self, search: Search, streams: Streams) -> RatedSearch:
        """Return a search from the root, what is rated highest first."""
