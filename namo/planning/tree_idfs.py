"""Iterative deepening over one persistent search tree.

The objects and goals of a node are sampled once and every push is simulated once; a later pass
traverses the tree of the earlier ones and grows it by one level. A push that leads to a state that
is in the tree already is not expanded. So a plan is the shortest among the sampled pushes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field

from namo.planning.deepening import DeepeningPlanner
from namo.planning.planner import Proof, Termination
from namo.planning.search import Node, Search, Steps
from namo.seeding import Streams

Results = Generator[Node | None, None, None]
"""Nodes that pushes lead to; None where nothing moved."""


@dataclass(eq=False)
class Branch:
    """A node of the tree.

    Attributes:
        node: the state.
        children: the states that its pushes led to and that were new to the tree; None until the
            node is expanded.
    """

    node: Node
    children: list[Branch] | None = None


@dataclass(eq=False)
class Tree:
    """The tree of one search.

    Attributes:
        search: in progress.
        streams: of random numbers.
        root: the start.
        known: numbers of the states in the tree.
        candidates: number of pushes of all expanded nodes.
    """

    search: Search
    streams: Streams
    root: Branch
    known: set[int] = field(default_factory=lambda: {0})
    candidates: int = 0


class TreeIDFS(DeepeningPlanner):
    """Iterative deepening that simulates nothing twice and expands no state twice."""

    def _start(self, search: Search, streams: Streams) -> Callable[[int], Steps]:
        tree = Tree(search, streams, Branch(search.root))
        return lambda limit: self._pass(tree, limit)

    def steps(self, search: Search, streams: Streams) -> Steps:
        """See `DeepeningPlanner.steps`; the start is checked only once."""
        if search.is_goal(search.root):
            return search.root
        search.proof = Proof(0, 0)
        return (yield from super().steps(search, streams))

    def _pass(self, tree: Tree, limit: int) -> Steps:
        """Search to a depth limit, and record that there is no plan of that length if so."""
        found = yield from self._grow(tree, tree.root, limit)
        if not isinstance(found, Node):
            is_closed = found is Termination.EXHAUSTED
            depth = tree.search.budget.depth if is_closed else limit
            tree.search.proof = Proof(depth, tree.candidates)
        return found

    def _grow(self, tree: Tree, branch: Branch, limit: int) -> Steps:
        """Return the solved node below a branch, or whether the depth limit cut anything off."""
        if branch.node.depth == limit:
            return Termination.DEPTH if branch.node.reachable else Termination.EXHAUSTED
        if branch.children is None:
            yield
            branch.children = []
            solved = self._expand(tree, branch.node, branch.children)
            if solved is not None:
                return solved
        ended = Termination.EXHAUSTED
        for child in branch.children:
            found = yield from self._grow(tree, child, limit)
            if isinstance(found, Node):
                return found
            if found is Termination.DEPTH:
                ended = Termination.DEPTH
        return ended

    def _expand(self, tree: Tree, node: Node, children: list[Branch]) -> Node | None:
        """Try the pushes of a state, collect the states new to the tree, return a solved node."""
        with closing(self._try_pushes(tree, node)) as results:
            for child in results:
                # States in the tree already were reached by no more pushes than this one.
                if child is None or child.number in tree.known:
                    continue
                if tree.search.is_goal(child):
                    return child
                tree.known.add(child.number)
                children.append(Branch(child))
        return None

    def _try_pushes(self, tree: Tree, node: Node) -> Results:
        """Count the pushes of a state as candidates and yield their results; see `push_each`."""
        pushes = self._propose_pushes(tree.search, node, tree.streams)
        tree.candidates += len(set(pushes))
        yield from tree.search.push_each(node, pushes)
