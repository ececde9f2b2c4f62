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

    def _propose_pushes(self, search: Search, node: Node, streams: Streams) -> list[Push]:  # noqa: ARG002
        world = search.enter(node)
        pushes = []
        for name in node.reachable:
            candidates = candidate_pushes(world, name)
            possible = np.flatnonzero(candidates.possible).tolist()
            pushes += [Push(name, candidates.goal(number)) for number in possible]
        return pushes

    def _expand(self, tree: Tree, branch: Branch, pushes: list[Push]) -> Node | None:
        """Try all pushes of a branch, and return the first node at which the goal is open."""
        solved: Node | None = None
        try:
            with closing(tree.search.push_each(branch.node, pushes)) as nodes:
                for node in nodes:
                    if node is None or node.number in tree.known:
                        continue
                    if tree.search.is_goal(node):
                        solved = solved or node
                    elif solved is None:
                        tree.known.add(node.number)
                        branch.children.append(Branch(node))
        except BudgetSpentError:
            if solved is None:
                raise
        return solved
