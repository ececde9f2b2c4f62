"""Exploration: pushes for a model to learn from, from the start and from states near it.

A search that stops at its first solution leaves most of what it saw with one success and a handful
of failures. Exploration spends its whole budget of pushes instead: rounds of one push list for
every reachable object, in states drawn at random from those met so far, the start again and again
among them. It ends with the shortest plan it came upon.
"""

from __future__ import annotations

from contextlib import closing

from namo.errors import UsageError
from namo.planning.asking import AskingPlanner
from namo.planning.planner import Budget, SearchResult, Termination, Watch, unwatched
from namo.planning.search import BudgetSpentError, Node, Search
from namo.seeding import Streams
from namo.world.world import World

START_SHARE = 0.3
"""How often a round is spent on the start."""
STALE_ROUNDS = 5
"""A state is left after so many rounds in a row without a push that is new."""


class Exploration(AskingPlanner):
    """Spends its budget of pushes on many states."""

    def search(
        self, world: World, budget: Budget, streams: Streams, watch: Watch = unwatched
    ) -> SearchResult:
        """Search from the world's present state.

        Raises:
            UsageError: the budget sets no limit on pushes.
        """
        if budget.pushes is None:
            raise UsageError("--algorithm exploration needs --max-pushes: it spends all of them")
        search = Search(world, budget, watch)
        return search.run(lambda: self._explore(search, streams))

    def _explore(self, search: Search, streams: Streams) -> Node | Termination:
        if search.is_goal(search.root):
            return search.root
        best: Node | None = None
        known = {search.root.number}
        waiting = {search.root: 0}  # unsolved states with something to push: stale rounds in a row
        cut_off = False
        try:
            while waiting:
                node = self._draw(search.root, list(waiting), streams)
                if node.depth == search.budget.depth or not node.reachable:
                    cut_off |= bool(node.reachable)
                    del waiting[node]
                    continue
                simulated = search.pushes_simulated
                pushes = self._proposed(search, node, streams)
                with closing(search.push_each(node, pushes)) as children:
                    for child in children:
                        if child is None:
                            continue
                        if search.is_goal(child):
                            if best is None or child.depth < best.depth:
                                best = child
                        elif child.number not in known:
                            known.add(child.number)
                            waiting[child] = 0
                is_stale = search.pushes_simulated == simulated
                waiting[node] = waiting[node] + 1 if is_stale else 0
                if waiting[node] == STALE_ROUNDS:
                    del waiting[node]
        except BudgetSpentError as spent:
            return best or spent.termination
        return best or (Termination.DEPTH if cut_off else Termination.EXHAUSTED)

    def _draw(self, start: Node, waiting: list[Node], streams: Streams) -> Node:
        """Return the state to spend a round on."""
        others = [node for node in waiting if node is not start]
        if not others or (len(others) < len(waiting) and streams.objects.random() < START_SHARE):
            return start
        return others[int(streams.objects.integers(len(others)))]
