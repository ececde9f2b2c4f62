"""What planners with growing depth limits share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from namo.planning.asking import AskingPlanner
from namo.planning.planner import Budget, SearchResult, Termination, Watch, unwatched
from namo.planning.search import Search, Steps, finished
from namo.seeding import Streams
from namo.world.world import World


class DeepeningPlanner(AskingPlanner, ABC):
    """A planner that searches to depth 1, then to depth 2, and so on (Korf 1985)."""

    def search(
        self, world: World, budget: Budget, streams: Streams, watch: Watch = unwatched
    ) -> SearchResult:
        """Search from the world's present state."""
        search = Search(world, budget, watch)
        return search.run(lambda: finished(self.steps(search, streams)))

    def steps(self, search: Search, streams: Streams) -> Steps:
        """Search step by step, from the root; others may push in the same search in between."""
        visit = self._start(search, streams)
        # The start is looked at even where the budget allows no push at all.
        for limit in range(min(1, search.budget.depth), search.budget.depth + 1):
            found = yield from visit(limit)
            if found is not Termination.DEPTH:
                return found
        return Termination.DEPTH

    @abstractmethod
    def _start(self, search: Search, streams: Streams) -> Callable[[int], Steps]:
        """Begin a search and return how to search it to a depth limit.

        That returns the solved node, `DEPTH` when the limit cut anything off, or `EXHAUSTED`.
        """
