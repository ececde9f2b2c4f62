"""Monte-Carlo tree search over objects, then their goals (UCT, Kocsis & Szepesvári 2006).

In each state of the tree an object is chosen, then a goal of it, both by upper confidence bounds
with `EXPLORATION`. After N visits an object may have `max_goals_per_object` times N to the power of
`WIDENING_EXPONENT` goals (progressive widening, Couëtoux et al. 2011), in the order of the goal
strategy. A state that is new to the tree is valued by a rollout of up to `ROLLOUT_DEPTH` random
pushes. A push costs `PUSH_COST`, an open goal yields `GOAL_REWARD`, and what follows a push counts
`DISCOUNT` of its value.

The search ends with the first plan. Pushes of rollouts count like others, and their number is the
budget instead of a number of simulations. Visits and mean values of the pushes in the tree are
stored (columns `visits` and `value`), as training data.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from namo.geometry import Pose2D
from namo.planning.base import StrategyPlanner
from namo.planning.planner import (
    Estimate,
    Termination,
)
from namo.planning.search import Node, Search
from namo.seeding import Streams
from namo.strategies.strategy import RatingGoalStrategy
from namo.world.push import Action, Push

EXPLORATION = math.sqrt(2.0)
"""Weight of the width of a confidence bound."""
WIDENING_EXPONENT = 0.5
"""Of the visits of an object, in the number of goals that it may have."""
ROLLOUT_DEPTH = 5
"""Pushes of a rollout, at most."""
DISCOUNT = 0.99
"""Factor on values per push."""
GOAL_REWARD, PUSH_COST = 1.0, 0.1


class MCTS(StrategyPlanner):
    """Spends its pushes where their values are high or uncertain."""

    def _find(self, search: Search, streams: Streams) -> Node | Termination:
        return _Tree(self, search, streams).run()

    def unlimited_goals(
        self, search: Search, node: Node, name: str, streams: Streams
    ) -> Iterator[Pose2D]:
        """Yield goals of an object, best first, until the strategy proposes nothing new."""
        if isinstance(self._goals, RatingGoalStrategy):
            yield from (goal for goal, _ in self._goals.best(search.enter(node), name))
            return
        known: set[Pose2D] = set()
        while True:
            proposed = self._goals.propose(search.enter(node), name, self._max_goals, streams.goals)
            new = [goal for goal in dict.fromkeys(proposed) if goal not in known]
            if not new:
                return
            known.update(new)
            yield from new

    def random_push(self, search: Search, node: Node, streams: Streams) -> Push | None:
        """Return a random push of a state; None if there is none."""
        if not node.reachable:
            return None
        name = str(streams.objects.choice(list(node.reachable)))
        goals = self._goals.propose(search.enter(node), name, 1, streams.goals)
        return Push(name, goals[0]) if goals else None

    def ranked(self, search: Search, node: Node, streams: Streams) -> list[str]:
        """Return the objects of a state, best first."""
        return self._objects.rank(search.enter(node), list(node.reachable), streams.objects)

    def allowed_goals(self, visits: int) -> int:
        """Return how many goals an object may have that was visited so often."""
        return math.ceil(self._max_goals * math.pow(max(1, visits), WIDENING_EXPONENT))


@dataclass(eq=False)
class _Choice:
    """Something to choose by its confidence bound.

    Attributes:
        visits: times it was chosen.
        total: sum of the values that followed.
        is_closed: nothing is left to try below it.
    """

    visits: int = 0
    total: float = 0.0
    is_closed: bool = False

    def add(self, value: float) -> None:
        """Count a visit and the value that followed."""
        self.visits += 1
        self.total += value


@dataclass(eq=False)
class _Edge(_Choice):
    """A push of the tree."""

    push: Push = field(kw_only=True)


@dataclass(eq=False)
class _Object(_Choice):
    """An object in a state of the tree, with the goals still to come and the pushes so far."""

    name: str = field(kw_only=True)
    goals: Iterator[Pose2D] = field(kw_only=True)
    edges: list[_Edge] = field(default_factory=list)
    has_all_goals: bool = False


@dataclass(eq=False)
class _State:
    """A state of the tree at one depth."""

    objects: list[_Object]
    visits: int = 0

    @property
    def is_closed(self) -> bool:
        """Whether nothing is left to try from here."""
        return all(each.is_closed for each in self.objects)


_Visit = tuple[_State, _Object, _Edge, tuple[int, int]]
"""A push of a simulation, with its state and object, and the key of the state that followed."""


class _Tree:
    """The tree of one search."""

    def __init__(self, planner: MCTS, search: Search, streams: Streams) -> None:
        self._planner, self._search, self._streams = planner, search, streams
        self._states: dict[tuple[int, int], _State] = {}  # by state number and depth
        self._checked = {search.root.number}
        self._cut_off = False

    def run(self) -> Node | Termination:
        """Simulate until the goal is open or nothing is left to try."""
        root = self._search.root
        if self._search.is_goal(root):
            return root
        if self._search.budget.depth == 0:
            return Termination.DEPTH if root.reachable else Termination.EXHAUSTED
        try:
            while not self._state_at(root).is_closed:
                solved = self._simulate()
                if solved is not None:
                    return solved
        finally:
            self._search.estimates = self._estimates()
        return Termination.DEPTH if self._cut_off else Termination.EXHAUSTED

    def _simulate(self) -> Node | None:
        """Descend the tree, value a new state, and return the solved node if there is one."""
        node, visits, value = self._search.root, list[_Visit](), 0.0
        solved: Node | None = None
        while (chosen := self._choose(node)) is not None:
            state, each, edge = chosen
            child = self._search.push(node, edge.push)
            if child is None:
                edge.is_closed = True
                visits.append((state, each, edge, (node.number, node.depth)))
                break
            is_known = (child.number, child.depth) in self._states
            visits.append((state, each, edge, (child.number, child.depth)))
            if self._is_solved(child):
                solved, value = child, GOAL_REWARD
                break
            if child.depth == self._search.budget.depth:
                edge.is_closed = True
                self._cut_off |= bool(child.reachable)
                break
            node = child
            if not is_known:
                self._state_at(child)
                solved, value = self._roll_out(child)
                break
        self._back_up(visits, value)
        return solved

    def _choose(self, node: Node) -> tuple[_State, _Object, _Edge] | None:
        """Return the push to make in a state of the tree; None if nothing is left there."""
        state = self._state_at(node)
        while (each := _highest_bound(state.objects, state.visits)) is not None:
            edge = self._choose_goal(each)
            if edge is not None:
                return state, each, edge
            each.is_closed = True
        return None

    def _choose_goal(self, each: _Object) -> _Edge | None:
        """Return a goal of an object, a new one if it may have more; None if none is left."""
        best = _highest_bound(each.edges, each.visits)
        may_widen = best is None or len(each.edges) < self._planner.allowed_goals(each.visits)
        if may_widen and not each.has_all_goals:
            for goal in each.goals:
                each.edges.append(_Edge(push=Push(each.name, goal)))
                return each.edges[-1]
            each.has_all_goals = True
        return best

    def _roll_out(self, node: Node) -> tuple[Node | None, float]:
        """Push at random from a state; return the solved node if there is one, and the value."""
        value, weight = 0.0, 1.0
        for _ in range(min(ROLLOUT_DEPTH, self._search.budget.depth - node.depth)):
            push = self._planner.random_push(self._search, node, self._streams)
            if push is None:
                break
            value -= weight * PUSH_COST
            weight *= DISCOUNT
            child = self._search.push(node, push)
            if child is None:
                continue
            if self._is_solved(child):
                return child, value + weight * GOAL_REWARD
            node = child
        return None, value

    def _back_up(self, visits: Sequence[_Visit], value: float) -> None:
        for state, each, edge, after in reversed(visits):
            value = DISCOUNT * value - PUSH_COST
            state.visits += 1
            each.add(value)
            edge.add(value)
            following = self._states.get(after)
            if following is not None and following is not state:
                edge.is_closed |= following.is_closed
            each.is_closed |= each.has_all_goals and all(one.is_closed for one in each.edges)

    def _is_solved(self, node: Node) -> bool:
        """Check a state that was not checked before."""
        if node.number in self._checked:
            return False
        self._checked.add(node.number)
        return self._search.is_goal(node)

    def _state_at(self, node: Node) -> _State:
        key = node.number, node.depth
        if key not in self._states:
            names = self._planner.ranked(self._search, node, self._streams)
            self._states[key] = _State(
                [
                    _Object(
                        name=name,
                        goals=self._planner.unlimited_goals(
                            self._search, node, name, self._streams
                        ),
                    )
                    for name in names
                ]
            )
        return self._states[key]

    def _estimates(self) -> dict[tuple[int, Action], Estimate]:
        """Return the estimate of each push; a state at several depths is one."""
        sums: dict[tuple[int, Action], tuple[int, float]] = {}
        for (number, _), state in self._states.items():
            for edge in (edge for each in state.objects for edge in each.edges if edge.visits):
                visits, total = sums.get((number, edge.push), (0, 0.0))
                sums[number, edge.push] = visits + edge.visits, total + edge.total
        return {key: Estimate(visits, total / visits) for key, (visits, total) in sums.items()}


_AnyChoice = TypeVar("_AnyChoice", bound=_Choice)


def _highest_bound(choices: Sequence[_AnyChoice], visits: int) -> _AnyChoice | None:
    """Return the choice with the highest upper confidence bound, the first without a visit if any.

    Args:
        choices: closed ones are left out.
        visits: of what they belong to.
    """
    open_choices = [each for each in choices if not each.is_closed]
    if not open_choices:
        return None
    for each in open_choices:
        if each.visits == 0:
            return each
    logarithm = math.log(visits)
    return max(
        open_choices,
        key=lambda each: (
            each.total / each.visits + EXPLORATION * math.sqrt(logarithm / each.visits)
        ),
    )
