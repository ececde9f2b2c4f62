"""Best-first search over pushes, by how promising the strategies say they are (Pearl 1984).

The objects and goals of all states met so far wait in a queue, and the most promising is next: an
object is asked about its goals, a goal is pushed to. Then the next best goal of that object waits
in its place.

A model that is sure and wrong would keep such a search busy for good. So a share of the pushes goes
to a second search, which asks for no rating: iterative deepening over random goals. The two take
turns (a portfolio, Gomes & Selman 2001); once the first has had its chance, most turns are the
second's. Where the strategies rate nothing, all are.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from namo.geometry import Pose2D
from namo.planning.asking import AskingPlanner
from namo.planning.idfs import IDFS
from namo.planning.planner import Budget, SearchResult, Termination, Watch, unwatched
from namo.planning.search import Node, Search, Steps
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
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
SURE_PUSHES = 10
"""How many pushes ratings lead; what they do not find by then they hardly find at all."""
LATE_RANDOM_SHARE = 0.8
"""The random share of all pushes after that."""
UNRATED_RANDOM_SHARE = 0.2
"""The random share where goals are not rated, only objects."""

RatedGoals = Iterator[tuple[Pose2D, float]]


class BestFirst(AskingPlanner):
    """The most promising push of all states next."""

    def __init__(
        self, objects: ObjectStrategy, goals: GoalStrategy, max_goals_per_object: int
    ) -> None:
        """See `namo.planning.planner.Planner`."""
        super().__init__(objects, goals, max_goals_per_object)
        self._is_rating = isinstance(objects, RatingObjectStrategy)
        unrated, self._random_share = goals, UNRATED_RANDOM_SHARE
        if isinstance(goals, RatingGoalStrategy):
            self._is_rating = True
            unrated, self._random_share = RandomGoals(), goals.random_share
        self._rest = IDFS(objects, unrated, max_goals_per_object)

    def search(
        self, world: World, budget: Budget, streams: Streams, watch: Watch = unwatched
    ) -> SearchResult:
        """Search from the world's present state."""
        search = Search(world, budget, watch)
        return search.run(lambda: self._take_turns(search, streams))

    def random_pushes(self, pushes: int) -> int:
        """Return how many of the first so many pushes are random."""
        early = min(pushes, SURE_PUSHES)
        late = max(self._random_share, LATE_RANDOM_SHARE) if self._random_share else 0.0
        return math.floor(self._random_share * early + late * (pushes - early))

    def _take_turns(self, search: Search, streams: Streams) -> Node | Termination:
        sides = {}
        if self._random_share:
            sides["random"] = self._rest.steps(search, streams)
        if self._is_rating:
            sides["rated"] = _Queue(self, search, streams).steps()
        random, cut_off = 0, False
        while sides:
            side = "random" if random < self.random_pushes(search.pushes_simulated + 1) else "rated"
            if side not in sides:
                (side,) = sides
            before = search.pushes_simulated
            try:
                next(sides[side])
            except StopIteration as end:
                if isinstance(end.value, Node):
                    return end.value
                cut_off |= end.value is Termination.DEPTH
                del sides[side]
            random += (search.pushes_simulated - before) * (side == "random")
        return Termination.DEPTH if cut_off else Termination.EXHAUSTED

    def objects(
        self, search: Search, node: Node, streams: Streams
    ) -> list[tuple[str, float | None]]:
        """Return the objects of a state, with the chance that each leads to the goal if rated."""
        world, names = search.enter(node), list(node.reachable)
        if isinstance(self._objects, RatingObjectStrategy):
            return list(zip(names, self._objects.rate(world, names), strict=True))
        return [(name, None) for name in self._objects.rank(world, names, streams.objects)]

    def goals(
        self, search: Search, node: Node, name: str, rating: float | None, streams: Streams
    ) -> RatedGoals:
        """Return the goals of an object, world frame, with the chance that each leads to the goal.

        The best come first; unrated ones promise what the object does, of which `rating` is the
        chance.
        """
        world = search.enter(node)
        if isinstance(self._goals, RatingGoalStrategy):
            return self._goals.best(world, name)
        goals = self._goals.propose(world, name, self._max_goals, streams.goals)
        return ((goal, rating or 0.0) for goal in goals)


@dataclass(order=True)
class _Waiting:
    """An object to ask about, or a goal to push it to.

    Attributes:
        cost: the less, the sooner.
        number: in order of arrival: a tie goes to the earlier.
        node: the state.
        name: of the object.
        rating: of the object; None where it is not rated.
        goal: None to ask about the object.
        others: the goals behind that one.
    """

    cost: float
    number: int
    node: Node = field(compare=False)
    name: str = field(compare=False)
    rating: float | None = field(compare=False)
    goal: Pose2D | None = field(compare=False, default=None)
    others: RatedGoals | None = field(compare=False, default=None)


class _Queue:
    """The search that goes by ratings."""

    def __init__(self, planner: BestFirst, search: Search, streams: Streams) -> None:
        self._planner, self._search, self._streams = planner, search, streams
        self._waiting: list[_Waiting] = []
        self._arrived = 0
        self._met: dict[int, int] = {}  # least depth of each state
        self._cut_off = False

    def steps(self) -> Steps:
        """Search step by step, from the root."""
        if self._search.is_goal(self._search.root):
            return self._search.root
        self._meet(self._search.root)
        while self._waiting:
            first = heapq.heappop(self._waiting)
            if first.goal is None or first.others is None:
                self._ask(first.node, first.name, first.rating)
                continue
            yield
            child = self._search.push(first.node, Push(first.name, first.goal))
            self._join(first.node, first.name, first.rating, first.others)
            if child is not None:
                if self._search.is_goal(child):
                    return child
                self._meet(child)
        return Termination.DEPTH if self._cut_off else Termination.EXHAUSTED

    def _meet(self, node: Node) -> None:
        """Let the objects of a state join, if it may be pushed in.

        It is new, or was met with more pushes before: then what was tried there is looked up, for
        plans that are shorter.
        """
        if self._met.get(node.number, math.inf) <= node.depth:
            return
        self._met[node.number] = node.depth
        if node.depth == self._search.budget.depth:
            self._cut_off |= bool(node.reachable)
            return
        for name, rating in self._planner.objects(self._search, node, self._streams):
            if rating is None:  # only its goals can tell
                self._ask(node, name, rating)
            else:
                self._add(rating, node, name, rating)

    def _ask(self, node: Node, name: str, rating: float | None) -> None:
        goals = self._planner.goals(self._search, node, name, rating, self._streams)
        self._join(node, name, rating, goals)

    def _join(self, node: Node, name: str, rating: float | None, goals: RatedGoals) -> None:
        """Let the best of some goals join."""
        for goal, value in goals:
            self._add(value, node, name, rating, goal, goals)
            return

    def _add(
        self,
        value: float,
        node: Node,
        name: str,
        rating: float | None,
        goal: Pose2D | None = None,
        others: RatedGoals | None = None,
    ) -> None:
        self._arrived += 1
        cost = -value * STEP_DISCOUNT**node.depth
        item = _Waiting(cost, self._arrived, node, name, rating, goal, others)
        heapq.heappush(self._waiting, item)
