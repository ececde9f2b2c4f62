"""The bookkeeping shared by all searches: states, pushes, budgets."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from namo.geometry import Pose2D
from namo.planning.planner import (
    Budget,
    Estimate,
    ProgressCallback,
    Proof,
    PushRecord,
    SearchResult,
    Termination,
    ignore_progress,
)
from namo.signals import check_termination
from namo.world.push import Action, PushOutcome, PushStatus, StraightPush
from namo.world.simulation import State
from namo.world.world import Reach, Situation, World


@dataclass(frozen=True, eq=False)
class Node:
    """A state that a search has reached.

    Attributes:
        number: of the state, in order of discovery; 0 is the start.
        state: exact snapshot.
        depth: pushes from the start.
        goal_open: whether the robot's goal is reachable here.
        reachable: names of the objects the robot can push here, in file order.
        parent: the node it was reached from; None at the start.
        push: the push at `parent` that led here; None at the start.
    """

    number: int
    state: State = field(repr=False)
    depth: int
    goal_open: bool
    reachable: tuple[str, ...]
    parent: Node | None = None
    push: Action | None = None

    def path(self) -> list[Node]:
        """Return the nodes from the start to this one."""
        nodes = [self]
        while nodes[-1].parent is not None:
            nodes.append(nodes[-1].parent)
        return nodes[::-1]


Steps = Generator[None, None, Node | Termination]
"""A search that pauses before each push, and returns the solved node or why there is none."""


def run_to_end(steps: Steps) -> Node | Termination:
    """Run all steps and return their result.

    Raises:
        BudgetSpentError: no time, push or terminal check was left.
    """
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Node | Termination = end.value
            return found


def interleave(
    search: Search, sides: Mapping[str, Steps], choose: Callable[[Mapping[str, int]], str]
) -> Steps:
    """Run several searches in turns and return what the first of them finds.

    Args:
        search: in which all of them push.
        sides: the searches by name.
        choose: returns the name of the next side, given the number of pushes that each side which
            has not ended has simulated.
    """
    spent, cut_off = dict.fromkeys(sides, 0), False
    while spent:
        side = choose(spent)
        yield
        before = search.pushes_simulated
        try:
            next(sides[side])
        except StopIteration as end:
            if isinstance(end.value, Node):
                return end.value
            cut_off |= end.value is Termination.DEPTH
            del spent[side]
        else:
            spent[side] += search.pushes_simulated - before
    return Termination.DEPTH if cut_off else Termination.EXHAUSTED


class BudgetSpentError(Exception):
    """A budget is spent; `Search.run` turns it into a result.

    Attributes:
        termination: tells which budget.
    """

    def __init__(self, termination: Termination) -> None:
        super().__init__(termination.value)
        self.termination = termination


class Search:
    """One search in progress over one world.

    Attributes:
        world: in which pushes are simulated.
        budget: limits of the search.
        root: the initial state.
        proof: set by planners that enumerate the candidates of every state they visit.
        estimates: set by planners that estimate values; by state number and push.
    """

    def __init__(
        self, world: World, budget: Budget, progress: ProgressCallback = ignore_progress
    ) -> None:
        """Start at the world's present state; the clock starts now.

        Args:
            world: to search in.
            budget: limits of the search.
            progress: called after every simulated push.
        """
        self.world = world
        self.budget = budget
        self._progress = progress
        self._began, self._cpu_began = time.monotonic(), time.process_time()
        self._deadline = self._began + budget.seconds
        self._situations: list[Situation] = []  # by state number
        self._numbers: dict[str, int] = {}  # by the key of a state
        self._results: dict[tuple[int, Action], int] = {}  # state number and push -> next state
        self._straight: dict[tuple[int, str, int], list[StraightPush]] = {}  # by contact
        self._pushes: list[PushRecord] = []
        self._simulations = 0
        self._pushes_tried = 0
        self._terminal_checks = 0
        self._max_depth = 0
        self._here: int | None = self._number_of(world.situation())
        self.root = self._node(0, None, None)
        self.proof: Proof | None = None
        self.estimates: dict[tuple[int, Action], Estimate] = {}

    def run(self, find: Callable[[], Node | Termination]) -> SearchResult:
        """Run a planner and return the result; it does not start where no pushing can help.

        Args:
            find: the planner's search; returns the solved node or why there is none, and does not
                catch `BudgetSpentError`.
        """
        seal = self.world.seal()
        try:
            found = Termination.IMPOSSIBLE if seal else find()
        except BudgetSpentError as spent:
            found = spent.termination
        path = found.path() if isinstance(found, Node) else []
        return SearchResult(
            termination=Termination.SOLVED if isinstance(found, Node) else found,
            plan=tuple(node.push for node in path if node.push is not None),
            plan_states=tuple(node.number for node in path),
            situations=tuple(self._situations),
            pushes=tuple(self._pushes),
            pushes_tried=self._pushes_tried,
            terminal_checks=self._terminal_checks,
            max_depth_reached=self._max_depth,
            search_s=time.monotonic() - self._began,
            cpu_s=time.process_time() - self._cpu_began,
            proof=self.proof,
            estimates=self.estimates,
            seal=seal,
        )

    @property
    def pushes_simulated(self) -> int:
        """Number of pushes simulated so far; straight ones from one contact count as one."""
        return self._simulations

    def reach_of(self, node: Node) -> Reach:
        """Return what the robot reaches at a node."""
        return self._situations[node.number].reach

    def is_goal(self, node: Node) -> bool:
        """Check whether the robot's goal is reachable at a node.

        Raises:
            BudgetSpentError: no time or no terminal check is left.
        """
        if not node.goal_open:  # a solution found is returned even if a budget is spent
            self._check_time()
            if self._terminal_checks >= self.budget.terminal_checks:
                raise BudgetSpentError(Termination.TERMINAL_CHECKS)
        self._terminal_checks += 1
        return node.goal_open

    def pose(self, node: Node, name: str) -> Pose2D:
        """Return the world pose of a movable at a node."""
        return Pose2D(*self._situations[node.number].observation[f"{name}_pose"])

    def enter(self, node: Node) -> World:
        """Restore the state of a node in the world and return the world."""
        if self._here != node.number:
            self.world.restore(node.state)
            self._here = node.number
        return self.world

    def push(self, node: Node, push: Action) -> Node | None:
        """Push at a node and return the resulting node; see `push_each`."""
        (child,) = self.push_each(node, [push])
        return child

    def push_each(self, node: Node, pushes: Sequence[Action]) -> Generator[Node | None, None, None]:
        """Try pushes from the state of a node; yield each resulting node, None if nothing moved.

        A push depends only on its state, so pushes simulated before are looked up. If the world has
        threads, later pushes are simulated while earlier results are processed; results that are
        never requested are not counted.

        Raises:
            BudgetSpentError: no time or no push is left; a push that exceeds the time is undone and
                not recorded.
            UnknownMovableError: see `World.push`.
            ValueError: likewise.
            SceneError: likewise.
            OSError: likewise.
        """
        new = [push for push in dict.fromkeys(pushes) if (node.number, push) not in self._results]
        pending, moves_world = set(new), self.world.pool.runs_inline(len(new))
        outcomes = self.world.pool.map_pushes(
            self.world, lambda world, push: world.push_from(node.state, push, self._deadline), new
        )
        with closing(outcomes):
            for push in pushes:
                self._check_time()
                if push in pending:
                    self._check_pushes()
                    pending.remove(push)
                    if moves_world:
                        self._here = None
                    outcome, after = next(outcomes)
                    self._require_end(outcome)
                    number = self._record(node, push, outcome, after)
                    self._count(node)
                    if moves_world:
                        self._here = number
                self._pushes_tried += 1
                yield self._child(node, push)

    def push_straight(self, node: Node, name: str, contact: int) -> list[Node | None]:
        """Push straight from one contact and return the node after each travel of the primitives.

        One simulation serves all travels, the shortest first; see `World.straight_from` for where
        the list ends. None stands for a travel that moved nothing. A contact simulated before is
        looked up.

        Raises:
            BudgetSpentError: no time or no push is left; a push that exceeds the time is not
                recorded.
            UnknownMovableError: see `World.push`.
            ValueError: likewise.
            SceneError: likewise.
            OSError: likewise.
        """
        self._check_time()
        at = node.number, name, contact
        if at not in self._straight:
            self._check_pushes()
            self._here = None
            results = self.world.straight_from(node.state, name, contact, self._deadline)
            self._require_end(results[-1].outcome)
            for push, outcome, after in results:
                self._here = self._record(node, push, outcome, after)
            self._count(node)
            self._straight[at] = [push for push, _, _ in results]
        self._pushes_tried += 1
        return [self._child(node, push) for push in self._straight[at]]

    def _record(self, node: Node, push: Action, outcome: PushOutcome, after: Situation) -> int:
        """Record a push of the present simulation and return the number of the next state."""
        number = self._number_of(after) if outcome.moved else node.number
        self._results[node.number, push] = number
        self._pushes.append(
            PushRecord(
                simulation=self._simulations,
                state=node.number,
                next_state=number,
                depth=node.depth + 1,
                push=push,
                outcome=outcome,
                goal_open=after.goal_open,
            )
        )
        return number

    def _count(self, node: Node) -> None:
        """Count a simulation at a node."""
        self._simulations += 1
        self._progress(self._simulations, node.depth + 1)

    def _child(self, node: Node, push: Action) -> Node | None:
        """Return the node that a simulated push leads to; None if nothing moved."""
        self._max_depth = max(self._max_depth, node.depth + 1)
        number = self._results[node.number, push]
        return None if number == node.number else self._node(number, node, push)

    def _check_pushes(self) -> None:
        if self.budget.pushes is not None and self._simulations >= self.budget.pushes:
            raise BudgetSpentError(Termination.PUSHES)

    @staticmethod
    def _require_end(outcome: PushOutcome) -> None:
        """Make sure that a push was not interrupted."""
        if outcome.status is PushStatus.INTERRUPTED:
            raise BudgetSpentError(Termination.TIMEOUT)

    def _number_of(self, situation: Situation) -> int:
        """Return the number of a state; a known state keeps its number."""
        number = self._numbers.setdefault(situation.state.key, len(self._situations))
        if number == len(self._situations):
            self._situations.append(situation)
        return number

    def _node(self, number: int, parent: Node | None, push: Action | None) -> Node:
        situation = self._situations[number]
        return Node(
            number=number,
            state=situation.state,
            depth=0 if parent is None else parent.depth + 1,
            goal_open=situation.goal_open,
            reachable=situation.reach.objects,
            parent=parent,
            push=push,
        )

    def _check_time(self) -> None:
        check_termination()
        if time.monotonic() > self._deadline:
            raise BudgetSpentError(Termination.TIMEOUT)
