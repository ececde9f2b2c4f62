"""What every planner speaks: budgets, results, and the record of a search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from namo.seeding import Streams
from namo.strategies.strategy import GoalStrategy, ObjectStrategy
from namo.world.push import Push, PushOutcome
from namo.world.world import Observation, World


class Termination(StrEnum):
    """Why a search ended. Running out of a budget never reads as "no solution exists"."""

    SOLVED = "solved"
    EXHAUSTED = "exhausted"
    """The search space is closed: every sampled action was tried, none was cut off by a budget."""
    DEPTH = "depth"
    PUSHES = "pushes"
    TERMINAL_CHECKS = "terminal_checks"
    TIMEOUT = "timeout"
    ERROR = "error"


@dataclass(frozen=True)
class Budget:
    """What a search may spend.

    Attributes:
        depth: longest plan (pushes).
        seconds: wall time (s).
        terminal_checks: questions whether the robot's goal is reachable.
        pushes: simulated pushes; None for any number.
    """

    depth: int = 5
    seconds: float = 300.0
    terminal_checks: int = 5000
    pushes: int | None = None


@dataclass(frozen=True)
class PushRecord:
    """One simulated push of a search.

    Attributes:
        state: number of the state it started from; 0 is the scene's start.
        next_state: number of the state it led to; the same number when nothing moved, and that of
            an earlier state when it led to the very same one.
        depth: pushes from the start, this one included.
        push: what was asked.
        outcome: what came of it.
        goal_open: whether the robot's goal is reachable afterwards.
    """

    state: int
    next_state: int
    depth: int
    push: Push
    outcome: PushOutcome
    goal_open: bool


@dataclass(frozen=True)
class SearchResult:
    """What a search found, and everything it looked at on the way.

    Attributes:
        termination: why it ended.
        plan: the pushes of the solution, in order; empty when the goal was open or not reached.
        plan_states: numbers of the states along the plan, the start first.
        states: observations (m, rad; world frame) by state number.
        pushes: every simulated push, in order.
        pushes_tried: how many pushes were asked for; more than were simulated where some had been
            simulated in that state before.
        terminal_checks: how often it asked whether the goal is reachable.
        max_depth_reached: longest sequence of pushes it looked at.
        search_s: wall time (s).
    """

    termination: Termination
    plan: tuple[Push, ...]
    plan_states: tuple[int, ...]
    states: tuple[Observation, ...]
    pushes: tuple[PushRecord, ...] = field(repr=False)
    pushes_tried: int
    terminal_checks: int
    max_depth_reached: int
    search_s: float

    @property
    def solved(self) -> bool:
        """Whether the robot's goal is reachable at the end of the plan."""
        return self.termination is Termination.SOLVED


Watch = Callable[[int, int], None]
"""Told after each simulated push: how many there are so far, and its depth (pushes from the
start)."""


def unwatched(_pushes: int, _depth: int) -> None:
    """Tell nobody; see `Watch`."""


class Planner(Protocol):
    """A search for a plan. One file each, registered in `namo.planning.registry`."""

    def __init__(
        self, objects: ObjectStrategy, goals: GoalStrategy, max_goals_per_object: int
    ) -> None:
        """Take the strategies that say what to push and where to.

        Args:
            objects: orders the reachable objects.
            goals: proposes goals of an object.
            max_goals_per_object: how many goals to try for an object in a state.
        """

    def search(
        self, world: World, budget: Budget, streams: Streams, watch: Watch = unwatched
    ) -> SearchResult:
        """Search from the world's present state.

        The result depends on that state, the streams and the budget alone; a time-out aside, the
        same call gives the same result.

        Args:
            world: left in some state that the search was in.
            budget: the clock runs from this call.
            streams: of random numbers.
            watch: told of every simulated push.

        Raises:
            ModelError: a model that a strategy asks fails.
            SceneError: see `World.primitives`.
            OSError: likewise.
        """
