"""Iterative deepening that counts pushes since something new came into reach.

The depth limits of iterative deepening apply to the pushes since the robot last got at a movable
or a region that no earlier state on the path let it reach. So a plan of many pushes is found at a
small limit where each of them is progress, as novelty-based search does stage by stage (Lipovetzky
& Geffner 2012); only `max_depth` limits its whole length. The pushes of a state are sampled once.
A region counts as new when the reached floor grows by `NEW_REGION_M2`, more than a box uncovers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

from namo.planning.deepening import DeepeningPlanner
from namo.planning.planner import Termination
from namo.planning.search import Node, Search, Steps
from namo.seeding import Streams
from namo.world.push import Push

NEW_REGION_M2 = 1.0
"""Growth of the reached area (m²) that counts as a new region."""


@dataclass(frozen=True)
class _Reached:
    """What the states on a path have let the robot reach.

    Attributes:
        objects: names of movables.
        area: largest reached area (m²).
    """

    objects: frozenset[str]
    area: float

    def with_state(self, search: Search, node: Node) -> tuple[_Reached, bool]:
        """Return it with one more state, and whether that brought anything new into reach."""
        area = search.reach_of(node).area
        is_new = not self.objects.issuperset(node.reachable) or (area >= self.area + NEW_REGION_M2)
        return _Reached(self.objects.union(node.reachable), max(self.area, area)), is_new


@dataclass(eq=False)
class _Progress:
    """What one search keeps from pass to pass, and of its present pass.

    Attributes:
        search: in progress.
        streams: of random numbers.
        pushes: to try in each state, by its number.
        checked: numbers of the states that were checked for an open goal.
        visited: of the present pass: pushes since progress, and depth, by state number.
    """

    search: Search
    streams: Streams
    pushes: dict[int, list[Push]] = field(default_factory=dict)
    checked: set[int] = field(default_factory=set)
    visited: dict[int, tuple[int, int]] = field(default_factory=dict)

    def is_solved(self, node: Node) -> bool:
        """Check a state that was not checked before."""
        if node.number in self.checked:
            return False
        self.checked.add(node.number)
        return self.search.is_goal(node)

    def is_repeated(self, node: Node, since: int) -> bool:
        """Return whether this pass was here before with as many pushes left, and note the visit."""
        before_since, before_depth = self.visited.get(node.number, (math.inf, math.inf))
        if before_since <= since and before_depth <= node.depth:
            return True
        self.visited[node.number] = since, node.depth
        return False


class ExpandingIDFS(DeepeningPlanner):
    """Iterative deepening in which a push that brings something new into reach is free."""

    def _start(self, search: Search, streams: Streams) -> Callable[[int], Steps]:
        progress = _Progress(search, streams)
        reached = _Reached(frozenset(search.root.reachable), search.reach_of(search.root).area)
        return lambda limit: self._pass(progress, reached, limit)

    def _pass(self, progress: _Progress, reached: _Reached, limit: int) -> Steps:
        """Search with at most `limit` pushes since progress."""
        if progress.is_solved(progress.search.root):
            return progress.search.root
        progress.visited.clear()
        return (yield from self._visit(progress, progress.search.root, reached, 0, limit))

    def _visit(
        self, progress: _Progress, node: Node, reached: _Reached, since: int, limit: int
    ) -> Steps:
        """Return the solved node below `node`, or whether a limit cut anything off.

        Children with something new in reach are visited first.
        """
        search = progress.search
        if since == limit or node.depth == search.budget.depth:
            return Termination.DEPTH if node.reachable else Termination.EXHAUSTED
        if progress.is_repeated(node, since):
            return Termination.EXHAUSTED  # the earlier visit has reported what was cut off
        if node.number not in progress.pushes:
            progress.pushes[node.number] = self._propose_pushes(search, node, progress.streams)
        tried: list[tuple[bool, Node, _Reached]] = []
        yield
        with closing(search.push_each(node, progress.pushes[node.number])) as children:
            for child in children:
                if child is None:
                    continue
                if progress.is_solved(child):
                    return child
                now, is_new = reached.with_state(search, child)
                tried.append((is_new, child, now))
        ended = Termination.EXHAUSTED
        for is_new, child, now in sorted(tried, key=lambda each: not each[0]):
            next_since = 0 if is_new else since + 1
            found = yield from self._visit(progress, child, now, next_since, limit)
            if isinstance(found, Node):
                return found
            if found is Termination.DEPTH:
                ended = found
        return ended
