"""Exhaustive search: every candidate push of every state, breadth first.

The candidates are those of `namo.world.candidates`: each contact point in reach, at each travel.
Equal states are merged, and a state's candidates are all tried before the search ends, so each
state that was expanded has complete labels. Whether a plan of few pushes exists is decided for
these candidates: other pushes may do what none of them does.
"""

from __future__ import annotations

from contextlib import closing

import numpy as np

from namo.planning.search import BudgetSpentError, Node, Search
from namo.planning.tree_idfs import Branch, Tree, TreeIDFS
from namo.seeding import Streams
from namo.world.candidates import candidate_pushes
from namo.world.push import Push


class Exhaustive(TreeIDFS):
    """Enumerates closed-loop pushes to the pose of every candidate; uses no strategy."""

    def _expand(self, tree: Tree, node: Node, children: list[Branch]) -> Node | None:
        """Try all pushes of a state even if one opens the goal; return the first such node."""
        solved: Node | None = None
        try:
            with closing(self._try_pushes(tree, node)) as results:
                for child in results:
                    if child is None or child.number in tree.known:
                        continue
                    if tree.search.is_goal(child):
                        solved = solved or child
                    else:
                        tree.known.add(child.number)
                        children.append(Branch(child))
        except BudgetSpentError:
            if solved is None:
                raise
        return solved

    def _propose_pushes(self, search: Search, node: Node, streams: Streams) -> list[Push]:  # noqa: ARG002
        world = search.enter(node)
        pushes = []
        for name in node.reachable:
            candidates = candidate_pushes(world, name)
            possible = np.flatnonzero(candidates.possible).tolist()
            pushes += [Push(name, candidates.goal(number)) for number in possible]
        return pushes
