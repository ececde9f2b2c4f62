"""Best-first search over pushes, by how promising the strategies say they are (Pearl 1984).

A queue holds objects to ask about and pushes to try, in all states met so far. The most promising
is taken next: an object is asked about (its goals are proposed and join the queue, and again later
with more of them), a push is simulated (and the objects of the state it leads to join). What a strategy
does not rate counts as even, so with strategies that rate nothing this is a breadth-first search.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from namo.planning.planner import Budget, SearchResult, Termination
from namo.planning.search import Node, Search
from namo.seeding import Streams
from namo.strategies.strategy import (
    GoalStrategy,
    ObjectStrategy,
    RatingGoalStrategy,
    RatingObjectStrategy,
)
from namo.world.push import Push
from namo.world.world import World

STEP_DISCOUNT = 0.9
"""What a state one push deeper makes of a rating."""
AGAIN_DISCOUNT = 0.5
"""What having been asked about before makes of an object's rating."""
UNRATED = 0.5


@dataclass(order=True)
class _Item:
    """An object to ask about, or a push to try.

    Attributes:
        cost: the less, the sooner.
        number: in order of arrival: the tie goes to the earlier.
        node: the state.
        name: of the object.
        push: None to ask about the object.
        asked: how often it was asked about before.
    """

    cost: float
    number: int
    node: Node = field(compare=False)
    name: str = field(compare=False)
    push: Push | None = field(compare=False, default=None)
    asked: int = field(compare=False, default=0)


class BestFirst:
    """The most promising push of all states next; see the module's text."""

    def __init__(
        self, objects: ObjectStrategy, goals: GoalStrategy, max_goals_per_object: int
    ) -> None:
        """See `namo.planning.planner.Planner`."""
        self._objects, self._goals = objects, goals
        self._max_goals = max_goals_per_object

    def search(self, world: World, budget: Budget, streams: Streams) -> SearchResult:
        """Search from the world's present state."""
        search = Search(world, budget)
        return search.run(lambda: _Queue(self, search, streams).run())

    def rated_objects(
        self, search: Search, node: Node, streams: Streams
    ) -> list[tuple[str, float]]:
        """Return the objects of a state in order, with their ratings."""
        world = search.enter(node)
        names = self._objects.rank(world, list(node.reachable), streams.objects)
        if isinstance(self._objects, RatingObjectStrategy):
            return list(zip(names, self._objects.rate(world, names), strict=True))
        return [(name, 1.0) for name in names]  # asked about at once: only its goals can tell

    def rated_goals(
        self, search: Search, item: _Item, streams: Streams
    ) -> list[tuple[Push, float]]:
        """Return pushes of an object, with their ratings; more of them each time it is asked."""
        world = search.enter(item.node)
        count = self._max_goals * (item.asked + 1)
        goals = self._goals.propose(world, item.name, count, streams.goals)
        ratings = [UNRATED] * len(goals)
        if isinstance(self._goals, RatingGoalStrategy):
            ratings = self._goals.rate(world, item.name, goals)
        return [
            (Push(item.name, goal), rating) for goal, rating in zip(goals, ratings, strict=True)
        ]


class _Queue:
    """One search in progress."""

    def __init__(self, planner: BestFirst, search: Search, streams: Streams) -> None:
        self._planner, self._search, self._streams = planner, search, streams
        self._items: list[_Item] = []
        self._number = 0
        self._known: set[int] = set()
        self._queued: set[tuple[int, Push]] = set()
        self._cut_off = False

    def run(self) -> Node | Termination:
        """Return the solved node, or why there is none."""
        if self._search.is_goal(self._search.root):
            return self._search.root
        self._meet(self._search.root)
        while self._items:
            item = heapq.heappop(self._items)
            if item.push is None:
                self._ask(item)
                continue
            child = self._search.push(item.node, item.push)
            if child is None:
                continue
            if self._search.is_goal(child):
                return child
            self._meet(child)
        return Termination.DEPTH if self._cut_off else Termination.EXHAUSTED

    def _meet(self, node: Node) -> None:
        """Let the objects of a state join the queue, if it is new and may be pushed in."""
        if node.number in self._known:
            return
        self._known.add(node.number)
        if node.depth == self._search.budget.depth:
            self._cut_off |= bool(node.reachable)
            return
        for name, rating in self._planner.rated_objects(self._search, node, self._streams):
            self._put(node, name, rating)

    def _ask(self, item: _Item) -> None:
        """Let goals of an object join the queue, and the object itself once more."""
        for push, rating in self._planner.rated_goals(self._search, item, self._streams):
            if (item.node.number, push) not in self._queued:
                self._queued.add((item.node.number, push))
                self._put(item.node, item.name, rating, push)
        # As often as iterative deepening draws anew in a state.
        if item.asked + 1 < self._search.budget.depth:
            rating = -item.cost / STEP_DISCOUNT**item.node.depth
            self._put(item.node, item.name, AGAIN_DISCOUNT * rating, asked=item.asked + 1)

    def _put(
        self, node: Node, name: str, rating: float, push: Push | None = None, asked: int = 0
    ) -> None:
        self._number += 1
        cost = -rating * STEP_DISCOUNT**node.depth
        heapq.heappush(self._items, _Item(cost, self._number, node, name, push, asked))
