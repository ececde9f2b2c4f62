"""Exploration: pushes for a model to learn from, from the start and from states near it.

A search that stops at its first solution leaves most of what it saw with one success and a handful
of failures. Exploration spends its whole budget of pushes instead: rounds of one push list for
every reachable object, in states drawn at random from those met so far, the start again and again
among them. It ends with the shortest plan it came upon.
"""

from __future__ import annotations

from collections.abc import Iterator

from namo.errors import UsageError
from namo.planning.planner import Budget, SearchResult, Termination
from namo.planning.search import BudgetSpentError, Node, Search
from namo.seeding import Streams
from namo.strategies.strategy import GoalStrategy, ObjectStrategy
from namo.world.push import Push
from namo.world.world import World

START_SHARE = 0.3
"""How often a round is spent on the start."""
STALE_ROUNDS = 20
"""After so many rounds in a row without a push that was not simulated before, all is tried."""


class Exploration:
    """Spends its budget of pushes on many states; see the module's text."""

    def __init__(
        self, objects: ObjectStrategy, goals: GoalStrategy, max_goals_per_object: int
    ) -> None:
        """See `namo.planning.planner.Planner`."""
        self._objects, self._goals = objects, goals
        self._max_goals = max_goals_per_object

    def search(self, world: World, budget: Budget, streams: Streams) -> SearchResult:
        """Search from the world's present state.

        Raises:
            UsageError: the budget sets no limit on pushes.
        """
        if budget.pushes is None:
            raise UsageError("--algorithm exploration needs --max-pushes: it spends all of them")
        search = Search(world, budget)
        return search.run(lambda: self._explore(search, streams))

    def _explore(self, search: Search, streams: Streams) -> Node | Termination:
        if search.is_goal(search.root):
            return search.root
        best: Node | None = None
        known = {search.root.number}
        waiting = [search.root]  # unsolved states with something to push, the start first
        stale = 0
        try:
            while search.root.reachable and search.budget.depth > 0 and stale < STALE_ROUNDS:
                node, simulated = search.root, search.pushes_simulated
                if len(waiting) > 1 and streams.objects.random() >= START_SHARE:
                    node = waiting[int(streams.objects.integers(1, len(waiting)))]
                for child in self._round(search, node, streams):
                    if search.is_goal(child):
                        if best is None or child.depth < best.depth:
                            best = child
                    elif child.number not in known and child.depth < search.budget.depth:
                        known.add(child.number)
                        if child.reachable:
                            waiting.append(child)
                stale = stale + 1 if search.pushes_simulated == simulated else 0
        except BudgetSpentError as spent:
            return best or spent.termination
        return best or Termination.EXHAUSTED

    def _round(self, search: Search, node: Node, streams: Streams) -> Iterator[Node]:
        """Push every reachable object of a state and yield where each push led."""
        world = search.enter(node)
        for name in self._objects.rank(world, list(node.reachable), streams.objects):
            world = search.enter(node)
            for goal in self._goals.propose(world, name, self._max_goals, streams.goals):
                child = search.push(node, Push(name, goal))
                if child is not None:
                    yield child
