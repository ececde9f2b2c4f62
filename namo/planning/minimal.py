"""Minimal plans: a search often pushes more than its plan needs, and replaying it with less tells.

A plan is minimal if none of its subsequences opens the goal. Subsequences are replayed from the
scene's start, the shortest first: all of them for plans of up to `EXHAUSTIVE_PUSHES` pushes. From a
longer plan pushes are dropped one at a time until none can be. A plan ends as soon as the goal is
open.

No push is simulated twice in a state: subsequences share their beginnings, and what the search has
simulated is known. So a plan of two pushes takes at most one further push, one of six 57.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

from namo.planning.planner import SearchResult
from namo.signals import check_termination
from namo.world.push import Action, Push, PushOutcome, PushStatus
from namo.world.world import Situation, World

EXHAUSTIVE_PUSHES = 6
"""Longest plan of which all subsequences are replayed; their number doubles with each push."""
MAX_PUSHES = 250
"""Pushes simulated for one plan; only plans of more than `EXHAUSTIVE_PUSHES` can need more."""


class Step(NamedTuple):
    """A push of a plan as it was simulated.

    Attributes:
        push: the request.
        outcome: its outcome.
        before: the state before.
        after: the state after.
    """

    push: Action
    outcome: PushOutcome
    before: Situation
    after: Situation


@dataclass(frozen=True)
class MinimalPlan:
    """A plan to store.

    Attributes:
        steps: the pushes, in order; the goal is open after the last one and not before.
        kept: which pushes of the plan as found they are, from 0.
        is_minimal: whether no push can be dropped; False if that took more pushes or time than
            allowed, None if it was not tried.
        is_refined: whether the targets are poses that the objects really reached.
        pushes_simulated: pushes that were simulated to find out.
        seconds: wall time (s).
    """

    steps: tuple[Step, ...]
    kept: tuple[int, ...]
    is_minimal: bool | None
    is_refined: bool
    pushes_simulated: int
    seconds: float


def plan_as_found(world: World, result: SearchResult) -> MinimalPlan:
    """Return the plan of a solved search as it is.

    Args:
        world: of the search.
        result: of the search.
    """
    steps = _Simulator(world, result).play(result.plan)
    return MinimalPlan(tuple(steps), tuple(range(len(steps))), None, False, 0, 0.0)


def minimal_plan(
    world: World, result: SearchResult, *, refine: bool, seconds: float
) -> MinimalPlan:
    """Drop the pushes that the plan of a solved search does not need.

    Args:
        world: of the search; its state changes.
        result: of the search.
        refine: replace the targets by the poses that the objects really reached, if the plan then
            still opens the goal with its last push and is still minimal.
        seconds: wall time (s) after which to stop, as after `MAX_PUSHES` pushes; the shortest plan
            that was found by then is returned.

    Raises:
        TerminationRequested: a signal asked the process to end.
        SceneError: see `World.primitives`.
        OSError: likewise.
    """
    began = time.monotonic()
    simulator = _Simulator(world, result, began + seconds)
    shortest = _Shortest(simulator, result.plan)
    is_minimal, refined = True, None
    try:
        shortest.find()
        if refine and shortest.steps:
            refined = _refined(simulator, shortest.steps)
    except _CutShortError:
        is_minimal = shortest.is_found
    return MinimalPlan(
        steps=tuple(refined or shortest.steps),
        kept=shortest.kept,
        is_minimal=is_minimal,
        is_refined=refined is not None,
        pushes_simulated=simulator.simulated,
        seconds=time.monotonic() - began,
    )


class _CutShortError(Exception):
    """No push or no time is left."""


class _Simulator:
    """Plays sequences of pushes from the start of a search; simulates each push of a state once."""

    def __init__(self, world: World, result: SearchResult, deadline: float = 0.0) -> None:
        self.world, self.deadline = world, deadline
        self.simulated = 0
        self.start, wanted = result.situations[0], set(result.plan)
        self._known: dict[tuple[str, Action], tuple[PushOutcome, Situation]] = {
            (result.situations[record.state].state.key, record.push): (
                record.outcome,
                result.situations[record.next_state],
            )
            for record in result.pushes
            if record.push in wanted
        }

    def play(self, pushes: Iterable[Action]) -> list[Step]:
        """Return the pushes up to the one that opens the goal; all of them if none does."""
        steps: list[Step] = []
        situation = self.start
        for push in pushes:
            outcome, after = self._result(situation, push)
            steps.append(Step(push, outcome, situation, after))
            situation = after
            if situation.goal_open:
                break
        return steps

    def _result(self, before: Situation, push: Action) -> tuple[PushOutcome, Situation]:
        key = before.state.key, push
        if key not in self._known:
            check_termination()
            if self.simulated >= MAX_PUSHES or time.monotonic() > self.deadline:
                raise _CutShortError
            outcome, after = self.world.push_from(before.state, push, self.deadline)
            if outcome.status is PushStatus.INTERRUPTED:
                raise _CutShortError
            self.simulated += 1
            self._known[key] = outcome, after
        return self._known[key]


class _Shortest:
    """The shortest subsequence of a plan, found so far, that opens the goal."""

    def __init__(self, simulator: _Simulator, plan: Sequence[Action]) -> None:
        self._simulator, self._plan = simulator, plan
        self.kept, self.is_found = tuple(range(len(plan))), False
        self.steps = simulator.play(plan)

    def find(self) -> None:
        """Replay subsequences until the plan is minimal."""
        while len(self.kept) > EXHAUSTIVE_PUSHES:
            one_fewer = (
                self.kept[:place] + self.kept[place + 1 :] for place in range(len(self.kept))
            )
            if not any(map(self._opens, one_fewer)):
                break
        else:
            any(
                self._opens(numbers)
                for length in range(1, len(self.kept))
                for numbers in combinations(self.kept, length)
            )
        self.is_found = True

    def _opens(self, numbers: Sequence[int]) -> bool:
        """Replay a subsequence, and keep what opens the goal."""
        steps = self._simulator.play(self._plan[number] for number in numbers)
        is_open = bool(steps) and steps[-1].after.goal_open
        if is_open:
            self.kept, self.steps = tuple(numbers[: len(steps)]), steps
        return is_open


def _refined(simulator: _Simulator, steps: Sequence[Step]) -> list[Step] | None:
    """Return the plan with poses really reached as targets; None if it is then no minimal plan."""
    pushes = [_with_reached_target(step.push, step.outcome) for step in steps]
    refined = _Shortest(simulator, pushes)
    if len(refined.steps) < len(pushes) or not refined.steps[-1].after.goal_open:
        return None
    refined.find()
    return refined.steps if len(refined.kept) == len(pushes) else None


def _with_reached_target(push: Action, outcome: PushOutcome) -> Action:
    # Other actions say how to push, not where to.
    return replace(push, goal=outcome.pose) if isinstance(push, Push) else push
