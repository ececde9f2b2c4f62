"""Open one free region after another, on the way to that of the goal, with backtracking.

Movables cut free space into regions. In each state the regions next to the robot's are found, with
the movables between them (`namo.world.openings`); the one on the cheapest way to the goal is to be
opened next, by pushes of these movables or by chains of pushes. A push that opens it is committed
to, and the search continues from there; when a later region cannot be opened, it backtracks: to
another push that opens the same region, then to another region. (Free regions and what separates
them: Stilman & Kuffner 2005.)

Such choices are made in rounds. A round allows a number of extras per plan: a second push for the
same region is one, and so is each region that is passed over in favour of another one
(limited-discrepancy search: Harvey & Ginsberg 1995). Pushes of earlier rounds are looked up.

A plan need not open one region at a time. So after the first round half of the pushes go to
iterative deepening over random goals (`idfs`), and all of them once the rounds are over.
"""

from __future__ import annotations

from collections.abc import Mapping

from namo.planning.base import StrategyPlanner
from namo.planning.idfs import IDFS
from namo.planning.planner import (
    Termination,
)
from namo.planning.search import Node, Search, Steps, interleave, run_to_end
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.strategy import GoalStrategy, ObjectStrategy
from namo.world.blocked_way import blocked_way
from namo.world.openings import Opening, openings
from namo.world.push import Push

MAX_OTHERS = 2
"""Movables that are not between the two regions that a chain may push, per state."""


class RegionOpening(StrategyPlanner):
    """Opens regions on the way to the goal; the goal strategy proposes the pushes."""

    def __init__(
        self, objects: ObjectStrategy, goals: GoalStrategy, max_goals_per_object: int
    ) -> None:
        """See `namo.planning.planner.Planner`."""
        super().__init__(objects, goals, max_goals_per_object)
        self._random = IDFS(objects, RandomGoals(), max_goals_per_object)

    def _find(self, search: Search, streams: Streams) -> Node | Termination:
        if search.is_goal(search.root):
            return search.root
        rounds = _Rounds(self, search, streams)
        sides = {"rounds": rounds.steps(), "random": self._random.steps(search, streams)}

        def choose(spent: Mapping[str, int]) -> str:
            return min(spent, key=lambda side: spent[side]) if rounds.extras else next(iter(spent))

        return run_to_end(interleave(search, sides, choose))

    def goals(self, search: Search, node: Node, name: str, streams: Streams) -> list[Push]:
        """Return the pushes to try with a movable in a state."""
        world = search.enter(node)
        goals = self._goals.propose(world, name, self._max_goals, streams.goals)
        return [Push(name, goal) for goal in goals]

    def ranked(self, search: Search, node: Node, streams: Streams) -> list[str]:
        """Return the reachable movables in order of rank."""
        return self._objects.rank(search.enter(node), list(node.reachable), streams.objects)


class _Rounds:
    """The rounds of one search.

    Attributes:
        extras: of the present round.
    """

    def __init__(self, planner: RegionOpening, search: Search, streams: Streams) -> None:
        self._planner, self._search, self._streams = planner, search, streams
        self.extras = 0
        self._was_limited = self._cut_off = False
        self._openings: dict[int, list[Opening]] = {}  # by state number, like those below
        self._costs: dict[int, float] = {}
        self._ranks: dict[int, list[str]] = {}
        self._pushes: dict[tuple[int, str], list[Push]] = {}
        self._visited: dict[int, list[tuple[int, int]]] = {}  # depth and extras, of this round

    def steps(self) -> Steps:
        """Search round by round, until one allows everything."""
        for extras in range(self._search.budget.depth + 1):
            self.extras = extras
            self._was_limited = self._cut_off = False
            self._visited.clear()
            found = yield from self._continue(self._search.root, extras)
            if isinstance(found, Node) or not self._was_limited:
                return found
        return Termination.DEPTH

    def _continue(self, node: Node, extras: int) -> Steps:
        """Return the solved node below one from which some region is to be opened."""
        visits = self._visited.setdefault(node.number, [])
        if any(depth <= node.depth and left >= extras for depth, left in visits):
            return self._ended
        visits.append((node.depth, extras))
        for passed_over, opening in enumerate(self._openings_at(node)):
            if passed_over > extras:
                self._was_limited = True
                break
            found = yield from self._open(node, opening, extras - passed_over)
            if isinstance(found, Node):
                return found
        return self._ended

    def _open(self, node: Node, opening: Opening, extras: int) -> Steps:
        """Return the solved node below one from which this region is to be opened."""
        if node.depth == self._search.budget.depth:
            self._cut_off |= bool(node.reachable)
            return self._ended
        closed = []
        for push in self._candidates(node, opening, extras):
            yield
            child = self._search.push(node, push)
            if child is None:
                continue
            if self._search.is_goal(child):
                return child
            if opening.is_open(self._search.enter(child).reachability()):
                found = yield from self._continue(child, extras)
                if isinstance(found, Node):
                    return found
            else:
                closed.append(child)
        if not extras:
            self._was_limited |= bool(closed)
            return self._ended
        for child in sorted(closed, key=self._cost):
            found = yield from self._open(child, opening, extras - 1)
            if isinstance(found, Node):
                return found
        return self._ended

    @property
    def _ended(self) -> Termination:
        return Termination.DEPTH if self._cut_off else Termination.EXHAUSTED

    def _candidates(self, node: Node, opening: Opening, extras: int) -> list[Push]:
        """Return the pushes of the movables in between, and of some others if there are extras."""
        between = [name for name in opening.movables if name in node.reachable]
        others = [name for name in self._rank(node) if name not in between]
        self._was_limited |= bool(others)
        pushes = []
        for name in between + (others[:MAX_OTHERS] if extras else []):
            key = node.number, name
            if key not in self._pushes:
                self._pushes[key] = self._planner.goals(self._search, node, name, self._streams)
            pushes += self._pushes[key]
        return pushes

    def _rank(self, node: Node) -> list[str]:
        if node.number not in self._ranks:
            self._ranks[node.number] = self._planner.ranked(self._search, node, self._streams)
        return self._ranks[node.number]

    def _openings_at(self, node: Node) -> list[Opening]:
        if node.number not in self._openings:
            self._openings[node.number] = openings(self._search.enter(node).reachability())
        return self._openings[node.number]

    def _cost(self, node: Node) -> float:
        if node.number not in self._costs:
            way = blocked_way(self._search.enter(node).reachability())
            self._costs[node.number] = way.cost
        return self._costs[node.number]
