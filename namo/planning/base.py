"""Base of planners that use an object strategy and a goal strategy."""

from __future__ import annotations

import heapq
import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator

from namo.errors import UsageError
from namo.geometry import Pose2D
from namo.planning.planner import (
    Budget,
    ProgressCallback,
    SearchResult,
    Termination,
    ignore_progress,
)
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

RatedGoals = Iterator[tuple[Pose2D, float]]


def require_pushes(budget: Budget, algorithm: str) -> None:
    """Refuse a search without a limit of pushes to a planner that spends all there are.

    Args:
        budget: of the search.
        algorithm: name of the planner.

    Raises:
        UsageError: there is no limit.
    """
    if budget.pushes is None:
        raise UsageError(f"--algorithm {algorithm} needs --max-pushes: it spends all of them")


class StrategyPlanner(ABC):
    """A planner that gets its candidate pushes from an object and a goal strategy."""

    def __init__(
        self, objects: ObjectStrategy, goals: GoalStrategy, max_goals_per_object: int
    ) -> None:
        """See `namo.planning.planner.Planner`."""
        self._objects, self._goals = objects, goals
        self._max_goals = max_goals_per_object

    def search(
        self,
        world: World,
        budget: Budget,
        streams: Streams,
        progress: ProgressCallback = ignore_progress,
    ) -> SearchResult:
        """Search from the world's present state; see `namo.planning.planner.Planner`."""
        search = Search(world, budget, progress)
        return search.run(lambda: self._find(search, streams))

    @abstractmethod
    def _find(self, search: Search, streams: Streams) -> Node | Termination:
        """Search from the root; return the solved node, or why there is none.

        Raises:
            BudgetSpentError: no time, push or terminal check was left.
        """

    def _propose_pushes(self, search: Search, node: Node, streams: Streams) -> list[Push]:
        """Return the pushes to try in a state: the goals of each object, in order of rank."""
        world = search.enter(node)
        return [
            Push(name, goal)
            for name in self._objects.rank(world, list(node.reachable), streams.objects)
            for goal in self._goals.propose(world, name, self._max_goals, streams.goals)
        ]

    def rated_objects(
        self, search: Search, node: Node, streams: Streams
    ) -> list[tuple[str, float | None]]:
        """Return the objects of a state, each with its rating (a probability) or None."""
        world, names = search.enter(node), list(node.reachable)
        if isinstance(self._objects, RatingObjectStrategy):
            return list(zip(names, self._objects.rate(world, names), strict=True))
        return [(name, None) for name in self._objects.rank(world, names, streams.objects)]

    def rated_goals(
        self, search: Search, node: Node, name: str, rating: float | None, streams: Streams
    ) -> RatedGoals:
        """Return goals of an object, best first, each with the probability of leading to the goal.

        Goals are world poses. Unrated ones inherit `rating`, the probability of the object.
        """
        world = search.enter(node)
        if isinstance(self._goals, RatingGoalStrategy):
            return self._goals.best(world, name)
        goals = self._goals.propose(world, name, self._max_goals, streams.goals)
        return ((goal, rating or 0.0) for goal in goals)

    def _best_pushes(self, search: Search, node: Node, streams: Streams) -> Iterator[Push]:
        """Yield the pushes to try in a state, highest rating first.

        Objects are rated before their goals are requested. Pushes without ratings come in order of
        rank: the first goal of every object, then the second, and so on.
        """
        queue: list[tuple[float, int, str, Pose2D | None, float | None, RatedGoals]] = []
        number = itertools.count()

        def insert_next(name: str, rating: float | None, goals: RatedGoals) -> None:
            for goal, value in goals:
                heapq.heappush(queue, (-value, next(number), name, goal, rating, goals))
                return

        for name, rating in self.rated_objects(search, node, streams):
            if rating is None:
                insert_next(name, rating, self.rated_goals(search, node, name, rating, streams))
            else:
                heapq.heappush(queue, (-rating, next(number), name, None, rating, iter(())))
        while queue:
            _, _, name, goal, rating, goals = heapq.heappop(queue)
            if goal is None:
                goals = self.rated_goals(search, node, name, rating, streams)
            else:
                yield Push(name, goal)
            insert_next(name, rating, goals)
