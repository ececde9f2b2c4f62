"""Iterative deepening over one kept tree.

The objects and goals of a node are drawn once and every push is simulated once; a later pass walks
the tree that the earlier ones left and grows it by one level. A push that leads to the very state
that another led to is not followed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

from namo.planning.deepening import DeepeningPlanner
from namo.planning.planner import Termination
from namo.planning.search import Node, Search, Steps
from namo.seeding import Streams
from namo.world.push import Push


@dataclass(eq=False)
class _Branch:
    """A node of the tree: its pushes, and where those that were simulated lead.

    `pushes` is None until the node is first expanded. `children` has those they lead to that are
    not in the tree yet.
    """

    node: Node
    pushes: list[Push] | None = None
    children: list[_Branch] = field(default_factory=list)


class TreeIDFS(DeepeningPlanner):
    """Iterative deepening that simulates nothing twice and expands no state twice."""

    def _start(self, search: Search, streams: Streams) -> Callable[[int], Steps]:
        root, known = _Branch(search.root), {search.root.number}
        return lambda limit: self._grow(search, root, known, limit, streams)

    def steps(self, search: Search, streams: Streams) -> Steps:
        """See `DeepeningPlanner.steps`; the start is looked at once."""
        if search.is_goal(search.root):
            return search.root
        return (yield from super().steps(search, streams))

    def _grow(
        self, search: Search, branch: _Branch, known: set[int], limit: int, streams: Streams
    ) -> Steps:
        """Return the solved node below a branch, or whether the depth limit cut anything off."""
        if branch.node.depth == limit:
            return Termination.DEPTH if branch.node.reachable else Termination.EXHAUSTED
        if branch.pushes is None:
            branch.pushes = self._proposed(search, branch.node, streams)
            yield
            with closing(search.push_each(branch.node, branch.pushes)) as nodes:
                for node in nodes:
                    # A state that is in the tree already got there with no more pushes than these.
                    if node is None or node.number in known:
                        continue
                    if search.is_goal(node):
                        return node
                    known.add(node.number)
                    branch.children.append(_Branch(node))
        ended = Termination.EXHAUSTED
        for child in branch.children:
            found = yield from self._grow(search, child, known, limit, streams)
            if isinstance(found, Node):
                return found
            if found is Termination.DEPTH:
                ended = Termination.DEPTH
        return ended
