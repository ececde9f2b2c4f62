"""Best-first search over pushes, by how promising the strategies say they are (Pearl 1984).

Objects to ask about and pushes to try, in all states met so far, wait in a queue. The most
promising is taken next: an object is asked about (its goals are proposed and join the queue, and
again later with more of them), a push is simulated (and the objects of the state it leads to join).

What a strategy does not rate waits in a second queue, that of the shallowest state in front. Pushes
are taken from the two in the proportion in which they were proposed, so the random share of learned
goals gets its share of the simulated pushes, however sure the model is. With strategies that rate
nothing this is a breadth-first search.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

from namo.planning.asking import AskingPlanner
from namo.planning.planner import Budget, SearchResult, Termination
from namo.planning.search import Node, Search
from namo.seeding import Streams
from namo.strategies.strategy import RatingGoalStrategy, RatingObjectStrategy
from namo.world.push import Push
from namo.world.world import World

STEP_DISCOUNT = 0.75
"""What a state one push deeper makes of a rating."""
AGAIN_DISCOUNT = 0.5
"""What having been asked about before makes of an object's rating."""


@dataclass(order=True)
class _Waiting:
    """An object to ask about, or a push to try.

    Attributes:
        cost: the less, the sooner.
        number: in order of arrival: a tie goes to the earlier.
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


class BestFirst(AskingPlanner):
    """The most promising push of all states next; see the module's text."""

    def search(self, world: World, budget: Budget, streams: Streams) -> SearchResult:
        """Search from the world's present state."""
        search = Search(world, budget)
        return search.run(lambda: _Queues(self, search, streams).run())

    def objects(
        self, search: Search, node: Node, streams: Streams
    ) -> list[tuple[str, float | None]]:
        """Return the objects of a state in order, with their ratings."""
        world = search.enter(node)
        names = self._objects.rank(world, list(node.reachable), streams.objects)
        ratings: list[float | None] = [None] * len(names)
        if isinstance(self._objects, RatingObjectStrategy):
            ratings = [*self._objects.rate(world, names)]
        return list(zip(names, ratings, strict=True))

    def pushes(
        self, search: Search, node: Node, name: str, asked: int, streams: Streams
    ) -> list[tuple[Push, float | None]]:
        """Return pushes of an object, with their ratings; more of them each time it is asked."""
        world = search.enter(node)
        goals = self._goals.propose(world, name, self._max_goals * (asked + 1), streams.goals)
        ratings: list[float | None] = [None] * len(goals)
        if isinstance(self._goals, RatingGoalStrategy):
            ratings = self._goals.rate(world, name, goals)
        return [(Push(name, goal), rating) for goal, rating in zip(goals, ratings, strict=True)]


class _Queues:
    """One search in progress."""

    def __init__(self, planner: BestFirst, search: Search, streams: Streams) -> None:
        self._planner, self._search, self._streams = planner, search, streams
        self._rated: list[_Waiting] = []
        self._unrated: list[_Waiting] = []
        self._arrived = 0
        self._proposed = [0, 0]  # pushes: rated, unrated
        self._taken = [0, 0]
        self._met: dict[int, int] = {}  # least depth of each state
        self._known: dict[int, set[Push]] = {}  # pushes proposed in each state
        self._cut_off = False

    def run(self) -> Node | Termination:
        """Return the solved node, or why there is none."""
        if self._search.is_goal(self._search.root):
            return self._search.root
        self._meet(self._search.root)
        while self._rated or self._unrated:
            waiting, queue = self._next()
            if waiting.push is None:
                self._ask(waiting, queue)
                continue
            child = self._search.push(waiting.node, waiting.push)
            if child is not None:
                if self._search.is_goal(child):
                    return child
                self._meet(child)
        return Termination.DEPTH if self._cut_off else Termination.EXHAUSTED

    def _next(self) -> tuple[_Waiting, list[_Waiting]]:
        """Take what is next in turn, and return from which queue it came."""
        unrated = bool(self._unrated) and (not self._rated or self._is_turn_of_unrated())
        queue = self._unrated if unrated else self._rated
        waiting = heapq.heappop(queue)
        self._taken[unrated] += waiting.push is not None
        return waiting, queue

    def _is_turn_of_unrated(self) -> bool:
        share = self._proposed[1] / max(sum(self._proposed), 1)
        return self._taken[1] + 1 <= share * (sum(self._taken) + 1)

    def _meet(self, node: Node) -> None:
        """Let the objects of a state join, if it may be pushed in.

        It is new, or was met with more pushes before: then what was proposed there is proposed
        again, for plans that are shorter.
        """
        if self._met.get(node.number, math.inf) <= node.depth:
            return
        self._met[node.number] = node.depth
        self._known[node.number] = set()
        if node.depth == self._search.budget.depth:
            self._cut_off |= bool(node.reachable)
            return
        for name, rating in self._planner.objects(self._search, node, self._streams):
            if rating is None:  # only its goals can tell
                self._ask(self._item(node.depth, node, name), self._unrated)
            else:
                cost = -rating * STEP_DISCOUNT**node.depth
                heapq.heappush(self._rated, self._item(cost, node, name))

    def _ask(self, waiting: _Waiting, queue: list[_Waiting]) -> None:
        """Let goals of an object join, and in a queue the object itself once more."""
        node, name, asked = waiting.node, waiting.name, waiting.asked
        for push, rating in self._planner.pushes(self._search, node, name, asked, self._streams):
            if push in self._known[node.number]:
                continue
            self._known[node.number].add(push)
            self._proposed[rating is None] += 1
            if rating is None:
                heapq.heappush(self._unrated, self._item(node.depth + asked, node, name, push))
            else:
                cost = -rating * STEP_DISCOUNT**node.depth
                heapq.heappush(self._rated, self._item(cost, node, name, push))
        # As often as iterative deepening draws anew in a state.
        if asked + 1 < self._search.budget.depth:
            cost = waiting.cost + 1 if queue is self._unrated else AGAIN_DISCOUNT * waiting.cost
            heapq.heappush(queue, self._item(cost, node, name, asked=asked + 1))

    def _item(
        self, cost: float, node: Node, name: str, push: Push | None = None, asked: int = 0
    ) -> _Waiting:
        self._arrived += 1
        return _Waiting(cost, self._arrived, node, name, push, asked)
