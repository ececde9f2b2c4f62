"""The bookkeeping of a search, the same for every planner: states, pushes, budgets."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from namo.planning.planner import Budget, Observation, PushRecord, SearchResult, Termination
from namo.world.push import Push, PushStatus
from namo.world.simulation import State
from namo.world.world import World


@dataclass(frozen=True, eq=False)
class Node:
    """A state that a search has reached.

    Attributes:
        number: of the state, in order of discovery; 0 is the start.
        state: exact snapshot.
        depth: pushes from the start.
        goal_open: whether the robot's goal is reachable here.
        reachable: names of the objects the robot can push here, in file order.
        parent: the node it was reached from, and `push` what was asked there; None at the start.
        push: see `parent`.
    """

    number: int
    state: State = field(repr=False)
    depth: int
    goal_open: bool
    reachable: tuple[str, ...]
    parent: Node | None = None
    push: Push | None = None

    def path(self) -> list[Node]:
        """Return the nodes from the start to this one."""
        nodes = [self]
        while nodes[-1].parent is not None:
            nodes.append(nodes[-1].parent)
        return nodes[::-1]


class BudgetSpentError(Exception):
    """A budget ran out; `Search.run` turns it into a result."""

    def __init__(self, termination: Termination) -> None:
        super().__init__(termination.value)
        self.termination = termination


class Search:
    """One search in progress over one world."""

    def __init__(self, world: World, budget: Budget) -> None:
        """Start at the world's present state; the clock runs from here."""
        self.world = world
        self.budget = budget
        self._began = time.monotonic()
        self._deadline = self._began + budget.seconds
        self._states: list[Observation] = []
        self._pushes: list[PushRecord] = []
        self._terminal_checks = 0
        self._max_depth = 0
        self.root = self._discover(None, None)
        self._here = self.root

    def run(self, find: Callable[[], Node | Termination]) -> SearchResult:
        """Run a planner and return the result.

        Args:
            find: the planner's search; returns the solved node or why there is none, and lets
                `BudgetSpentError` pass.
        """
        try:
            found = find()
        except BudgetSpentError as spent:
            found = spent.termination
        path = found.path() if isinstance(found, Node) else []
        return SearchResult(
            termination=Termination.SOLVED if isinstance(found, Node) else found,
            plan=tuple(node.push for node in path if node.push is not None),
            plan_states=tuple(node.number for node in path),
            states=tuple(self._states),
            pushes=tuple(self._pushes),
            terminal_checks=self._terminal_checks,
            max_depth_reached=self._max_depth,
            search_s=time.monotonic() - self._began,
        )

    def is_goal(self, node: Node) -> bool:
        """Ask whether the robot's goal is reachable at a node.

        Raises:
            BudgetSpentError: no time or no terminal check is left.
        """
        if not node.goal_open:  # a solution that is at hand is never thrown away for a budget
            self._check_time()
            if self._terminal_checks >= self.budget.terminal_checks:
                raise BudgetSpentError(Termination.TERMINAL_CHECKS)
        self._terminal_checks += 1
        return node.goal_open

    def enter(self, node: Node) -> World:
        """Bring the world into the state of a node and return it."""
        if self._here is not node:
            self.world.restore(node.state)
            self._here = node
        return self.world

    def push(self, node: Node, push: Push) -> Node | None:
        """Push at a node and return where that leads; None when nothing moved.

        Raises:
            BudgetSpentError: no time or no push is left; a push that the clock cuts off is undone
                and not recorded.
        """
        self._check_time()
        if self.budget.pushes is not None and len(self._pushes) >= self.budget.pushes:
            raise BudgetSpentError(Termination.PUSHES)
        outcome = self.enter(node).push(push, self._deadline)
        if outcome.status is PushStatus.INTERRUPTED:
            raise BudgetSpentError(Termination.TIMEOUT)
        child = self._discover(node, push) if outcome.moved else node
        self._here = child
        self._max_depth = max(self._max_depth, node.depth + 1)
        self._pushes.append(
            PushRecord(node.number, child.number, node.depth + 1, push, outcome, child.goal_open)
        )
        return child if child is not node else None

    def _discover(self, parent: Node | None, push: Push | None) -> Node:
        reachability = self.world.reachability()
        node = Node(
            number=len(self._states),
            state=self.world.save(),
            depth=0 if parent is None else parent.depth + 1,
            goal_open=reachability.goal_reachable,
            reachable=reachability.reachable_objects,
            parent=parent,
            push=push,
        )
        self._states.append(self.world.observation())
        return node

    def _check_time(self) -> None:
        if time.monotonic() > self._deadline:
            raise BudgetSpentError(Termination.TIMEOUT)
