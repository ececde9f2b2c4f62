"""Exhaustive search: every candidate push of every state, by length, with equal states merged.

The candidates of a state are those of `namo.world.candidates`: each contact point in reach from
which some push is possible, at each travel. All of them are tried before the search ends, so each
state that was expanded has complete labels. Whether a plan of few pushes exists is decided for the
candidates alone: other pushes may do what none of them does.
"""

from __future__ import annotations

from abc import ABC
from contextlib import closing

import numpy as np

from namo.planning.search import BudgetSpentError, Node, Search
from namo.planning.tree_idfs import Branch, Results, Tree, TreeIDFS
from namo.seeding import Streams
from namo.world.candidates import candidate_pushes
from namo.world.push import Push


class _Complete(TreeIDFS, ABC):
    """Tries all pushes of a state, even if one opens the goal."""

    def _expand(self, tree: Tree, node: Node, children: list[Branch]) -> Node | None:
        """Try the pushes of a state; return the first node at which the goal is open."""
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


class Exhaustive(_Complete):
    """Enumerates straight pushes: one simulation per contact point covers all its travels."""

    def _try_pushes(self, tree: Tree, node: Node) -> Results:
        for name in node.reachable:
            candidates = candidate_pushes(tree.search.enter(node), name)
            for contact in np.flatnonzero(candidates.possible.any(axis=1)).tolist():
                results = tree.search.push_straight(node, name, contact)
                tree.candidates += len(results)
                yield from results


class ExhaustivePoses(_Complete):
    """Enumerates closed-loop pushes to the pose of each candidate that is possible."""

    def _propose_pushes(self, search: Search, node: Node, streams: Streams) -> list[Push]:  # noqa: ARG002
        world = search.enter(node)
        pushes = []
        for name in node.reachable:
            candidates = candidate_pushes(world, name)
            possible = np.flatnonzero(candidates.possible).tolist()
            pushes += [Push(name, candidates.goal(number)) for number in possible]
        return pushes
