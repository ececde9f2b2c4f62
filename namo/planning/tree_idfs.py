"""Iterative deepening over one persistent search tree.

The objects and goals of a node are sampled once and every push is simulated once; a later pass
traverses the tree of the earlier ones and grows it by one level. A push that leads to a state that
is in the tree already is not expanded.
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
    """A node of the tree with its pushes and children.

    `pushes` is None until the node is expanded. `children` are the resulting states that were new
    to the tree.
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
        """See `DeepeningPlanner.steps`; the start is checked only once."""
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
            branch.pushes = self._propose_pushes(search, branch.node, streams)
            yield
            with closing(search.push_each(branch.node, branch.pushes)) as nodes:
                for node in nodes:
                    # States in the tree already were reached by no more pushes than this one.
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
