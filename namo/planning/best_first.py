"""Best-first search over pushes, ordered by the ratings of the strategies (Pearl 1984).

A priority queue holds the objects and goals of all states found so far. The entry with the highest
rating is next: an object is expanded into its goals, a goal is pushed to. The next best goal of
that object then takes its place in the queue.

A fraction of the pushes goes to a search without ratings, see `namo.planning.portfolio`.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

from namo.geometry import Pose2D
from namo.planning.base import RatedGoals
from namo.planning.planner import (
    Termination,
)
from namo.planning.portfolio import LATE_RANDOM_FRACTION, PortfolioPlanner, RatedSearch
from namo.planning.search import Node, Search, Steps
from namo.seeding import Streams
from namo.world.push import Push

DEPTH_DISCOUNT = 0.9
"""Factor on ratings per push of depth."""


class BestFirst(PortfolioPlanner):
    """Pushes next what has the highest rating in any state found so far."""

    def _rated_search(self, search: Search, streams: Streams) -> RatedSearch:
        return _BestFirstSearch(self, search, streams)


@dataclass(order=True)
class _QueueEntry:
    """An object to expand into its goals, or a goal to push it to.

    Attributes:
        cost: lowest first.
        number: order of insertion, breaks ties.
        node: the state.
        name: of the object.
        rating: of the object; None if it is not rated.
        goal: None for an object that has not been expanded.
        others: the remaining goals after that one.
    """

    cost: float
    number: int
    node: Node = field(compare=False)
    name: str = field(compare=False)
    rating: float | None = field(compare=False)
    goal: Pose2D | None = field(compare=False, default=None)
    others: RatedGoals | None = field(compare=False, default=None)


class _BestFirstSearch:
    """The search that follows ratings.

    Attributes:
        late_random_fraction: see `namo.planning.portfolio.RatedSearch`; it does not depend on what
            failed, as a rating of a goal does not tell whether the push opens or leads on.
    """

    late_random_fraction = LATE_RANDOM_FRACTION

    def __init__(self, planner: BestFirst, search: Search, streams: Streams) -> None:
        self._planner, self._search, self._streams = planner, search, streams
        self._queue: list[_QueueEntry] = []
        self._inserted = 0
        self._depths: dict[int, int] = {}  # smallest depth of each state
        self._cut_off = False

    def steps(self) -> Steps:
        """Search step by step, from the root."""
        if self._search.is_goal(self._search.root):
            return self._search.root
        self._expand(self._search.root)
        while self._queue:
            first = heapq.heappop(self._queue)
            if first.goal is None or first.others is None:
                self._expand_object(first.node, first.name, first.rating)
                continue
            yield
            child = self._search.push(first.node, Push(first.name, first.goal))
            self._insert_next(first.node, first.name, first.rating, first.others)
            if child is not None:
                if self._search.is_goal(child):
                    return child
                self._expand(child)
        return Termination.DEPTH if self._cut_off else Termination.EXHAUSTED

    def _expand(self, node: Node) -> None:
        """Insert the objects of a state that is new or was reached by more pushes before.

        In the latter case earlier pushes are looked up, not simulated again, and plans get shorter.
        """
        if self._depths.get(node.number, math.inf) <= node.depth:
            return
        self._depths[node.number] = node.depth
        if node.depth == self._search.budget.depth:
            self._cut_off |= bool(node.reachable)
            return
        for name, rating in self._planner.rated_objects(self._search, node, self._streams):
            if rating is None:  # only its goals may have ratings
                self._expand_object(node, name, rating)
            else:
                self._insert(rating, node, name, rating)

    def _expand_object(self, node: Node, name: str, rating: float | None) -> None:
        goals = self._planner.rated_goals(self._search, node, name, rating, self._streams)
        self._insert_next(node, name, rating, goals)

    def _insert_next(self, node: Node, name: str, rating: float | None, goals: RatedGoals) -> None:
        """Insert the best of the remaining goals."""
        for goal, value in goals:
            self._insert(value, node, name, rating, goal, goals)
            return

    def _insert(
        self,
        value: float,
        node: Node,
        name: str,
        rating: float | None,
        goal: Pose2D | None = None,
        others: RatedGoals | None = None,
    ) -> None:
        self._inserted += 1
        cost = -value * DEPTH_DISCOUNT**node.depth
        entry = _QueueEntry(cost, self._inserted, node, name, rating, goal, others)
        heapq.heappush(self._queue, entry)
