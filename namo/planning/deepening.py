"""Base of planners that search with increasing depth limits."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from namo.planning.base import StrategyPlanner
from namo.planning.planner import (
    Termination,
)
from namo.planning.search import Node, Search, Steps, run_to_end
from namo.seeding import Streams


class DeepeningPlanner(StrategyPlanner):
    """A planner that searches to depth 1, then to depth 2, and so on (Korf 1985)."""

    def _find(self, search: Search, streams: Streams) -> Node | Termination:
        return run_to_end(self.steps(search, streams))

    def steps(self, search: Search, streams: Streams) -> Steps:
        """Search step by step from the root; other code may push in the same search in between."""
        visit = self._start(search, streams)
        # The start is checked even if the budget allows no push at all.
        for limit in range(min(1, search.budget.depth), search.budget.depth + 1):
            found = yield from visit(limit)
            if found is not Termination.DEPTH:
                return found
        return Termination.DEPTH

    @abstractmethod
    def _start(self, search: Search, streams: Streams) -> Callable[[int], Steps]:
        """Begin a search and return a function that searches to a given depth limit.

        Its steps end with the solved node, `DEPTH` if the limit cut anything off, or `EXHAUSTED`.
        """
