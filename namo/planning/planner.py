"""The planner interface: budgets, results, and the record of a search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple, Protocol

from namo.seeding import Streams
from namo.strategies.strategy import GoalStrategy, ObjectStrategy
from namo.world.push import Action, PushOutcome
from namo.world.seal import Seal
from namo.world.world import Observation, Situation, World


class Termination(StrEnum):
    """Why a search ended. A spent budget is never reported as "no solution exists"."""

    SOLVED = "solved"
    """The robot's goal is reachable."""
    IMPOSSIBLE = "impossible"
    """No pushing can open the goal, as was shown before any push; see `namo.world.seal`."""
    EXHAUSTED = "exhausted"
    """The search space is closed: every sampled push was tried and no budget cut any off."""
    DEPTH = "depth"
    """Every sampled plan up to the longest allowed was tried."""
    PUSHES = "pushes"
    """The budget of simulated pushes is spent."""
    TERMINAL_CHECKS = "terminal_checks"
    """The budget of goal-reachability checks is spent."""
    TIMEOUT = "timeout"
    """The wall time is spent."""
    ERROR = "error"
    """The environment failed; no search returns this."""


@dataclass(frozen=True)
class Budget:
    """Limits of a search.

    Attributes:
        depth: longest plan (pushes).
        seconds: wall time (s).
        terminal_checks: checks whether the robot's goal is reachable.
        pushes: simulated pushes; None for no limit.
    """

    depth: int = 5
    seconds: float = 300.0
    terminal_checks: int = 5000
    pushes: int | None = None


@dataclass(frozen=True)
class PushRecord:
    """One simulated push of a search.

    Attributes:
        simulation: number of the simulation, from 0; straight pushes from one contact share one.
        state: number of the state before; 0 is the scene's start.
        next_state: number of the state after: the same number if nothing moved, and that of an
            earlier state if the two are identical.
        depth: pushes from the start, this one included.
        push: the request.
        outcome: its outcome.
        goal_open: whether the robot's goal is reachable afterwards.
    """

    simulation: int
    state: int
    next_state: int
    depth: int
    push: Action
    outcome: PushOutcome
    goal_open: bool


@dataclass(frozen=True)
class Proof:
    """What a search has shown that enumerates the candidate pushes of every state it visits.

    Attributes:
        depth: no sequence of up to this many candidate pushes opens the goal; after `EXHAUSTED`, no
            longer one does either.
        candidates: number of pushes enumerated for that, over all states; a state that is reached
            by several sequences counts once.
    """

    depth: int
    candidates: int


class Estimate(NamedTuple):
    """What a tree search has learned of a push.

    Attributes:
        visits: how often it was chosen.
        value: mean score that followed: the sum of its discounted rewards.
    """

    visits: int
    value: float


@dataclass(frozen=True)
class SearchResult:
    """The result of a search, and everything it simulated.

    Attributes:
        termination: why it ended.
        plan: the pushes of the solution, in order; empty if the goal was open or not reached.
        plan_states: numbers of the states along the plan, the start first.
        situations: the states, and what planners need to know about them, by state number.
        pushes: every simulated push, in order.
        pushes_tried: pushes requested by the planner, including those whose result was known from
            an earlier simulation in the same state.
        terminal_checks: checks whether the robot's goal is reachable.
        max_depth_reached: longest sequence of pushes that was tried.
        search_s: wall time (s).
        cpu_s: processor time of the process, all its threads together (s).
        proof: what the search has shown of shorter plans, if it enumerates them.
        estimates: of pushes, by the number of their state; empty where a planner makes none.
        seal: what keeps the robot from its goal, whatever is pushed; after `IMPOSSIBLE` only.
    """

    termination: Termination
    plan: tuple[Action, ...]
    plan_states: tuple[int, ...]
    situations: tuple[Situation, ...] = field(repr=False)
    pushes: tuple[PushRecord, ...] = field(repr=False)
    pushes_tried: int
    terminal_checks: int
    max_depth_reached: int
    search_s: float
    cpu_s: float
    proof: Proof | None = None
    estimates: Mapping[tuple[int, Action], Estimate] = field(default_factory=dict, repr=False)
    seal: Seal | None = None

    @property
    def solved(self) -> bool:
        """Whether the robot's goal is reachable at the end of the plan."""
        return self.termination is Termination.SOLVED

    @cached_property
    def states(self) -> tuple[Observation, ...]:
        """Observations (m, rad; world frame) by state number."""
        return tuple(situation.observation for situation in self.situations)

    @property
    def is_shortest(self) -> bool:
        """Whether no plan of fewer pushes exists among the candidates of the search."""
        proven = 0 if self.proof is None else self.proof.depth + 1
        return self.solved and len(self.plan) <= proven

    @property
    def simulations(self) -> int:
        """Number of simulated pushes; straight pushes from one contact count as one."""
        return self.pushes[-1].simulation + 1 if self.pushes else 0

    @property
    def physics_steps(self) -> int:
        """MuJoCo steps of all simulations, each up to the end of its last push that is kept.

        Straight pushes from one contact share theirs. What is simulated beyond the travel that
        opens the goal is not counted: the steps of a push are those of its replay.
        """
        longest = {push.simulation: push.outcome.physics_steps for push in self.pushes}
        return sum(longest.values())


ProgressCallback = Callable[[int, int], None]
"""Called after each simulated push with the number of pushes so far and the depth of this one
(pushes from the start)."""


def ignore_progress(_pushes: int, _depth: int) -> None:
    """Do nothing; a `ProgressCallback`."""


class Planner(Protocol):
    """A search algorithm. One file each, registered in `namo.planning.registry`."""

    def __init__(
        self, objects: ObjectStrategy, goals: GoalStrategy, max_goals_per_object: int
    ) -> None:
        """Configure the planner with its strategies.

        Args:
            objects: ranks the reachable objects.
            goals: proposes goal poses of an object.
            max_goals_per_object: how many goals to try per object and state.
        """

    def search(
        self,
        world: World,
        budget: Budget,
        streams: Streams,
        progress: ProgressCallback = ignore_progress,
    ) -> SearchResult:
        """Search from the world's present state.

        The result depends only on that state, the streams and the budget; timeouts aside, the same
        call gives the same result.

        Args:
            world: left in one of the states of the search.
            budget: the clock starts with this call.
            streams: of random numbers.
            progress: called after every simulated push.

        Raises:
            ModelError: a model of a learned strategy fails.
            SceneError: see `World.primitives`.
            OSError: likewise.
        """
