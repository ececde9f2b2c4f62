"""Iterative deepening over one persistent search tree.

The objects and goals of a node are sampled once and every push is simulated once; a later pass
traverses the tree of the earlier ones and grows it by one level. A push that leads to a state that
is in the tree already is not expanded. So a plan is the shortest among the sampled pushes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

from namo.planning.deepening import DeepeningPlanner
from namo.planning.planner import Proof, Termination
from namo.planning.search import Node, Search, Steps
from namo.seeding import Streams
from namo.world.push import Push


@dataclass(eq=False)
class Branch:
    """A node of the tree with its pushes and children.

    Attributes:
        node: the state.
        pushes: to try there; None until the node is expanded.
        children: the resulting states that were new to the tree.
    """

    node: Node
    pushes: list[Push] | None = None
    children: list[Branch] = field(default_factory=list)


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
        if branch.pushes is None:
            branch.pushes = self._propose_pushes(tree.search, branch.node, tree.streams)
            tree.candidates += len(set(branch.pushes))
            yield
            solved = self._expand(tree, branch, branch.pushes)
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

    def _expand(self, tree: Tree, branch: Branch, pushes: list[Push]) -> Node | None:
        """Try the pushes of a branch, up to the first that opens the goal, and return that node."""
        with closing(tree.search.push_each(branch.node, pushes)) as nodes:
            for node in nodes:
                # States in the tree already were reached by no more pushes than this one.
                if node is None or node.number in tree.known:
                    continue
                if tree.search.is_goal(node):
                    return node
                tree.known.add(node.number)
                branch.children.append(Branch(node))
        return None
