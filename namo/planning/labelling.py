"""Labelling: try all straight pushes of the states that a search asks its strategies about.

Who learns from a search that stops at its first plan sees few pushes of each state, those that it
believed in. Labelling follows the search of `namo.planning.hybrid` for some pushes, then takes one
state after another, the start first and then those that the search rated candidates of, and

- simulates every straight push of every movable, so that what opens the goal is known of all;
- samples some states that these pushes led to, the same number for each movable, and follows the
  search from each for `PUSHES_BELOW` pushes: does a plan continue from there?

States that are rated below are labelled in turn, in random order, and when none is left all others.
The result is the shortest plan.
"""

from __future__ import annotations

import numpy as np

from namo.planning.base import require_pushes
from namo.planning.hybrid import Hybrid, HybridSearch
from namo.planning.planner import Termination
from namo.planning.search import BudgetSpentError, Node, Search
from namo.seeding import Streams
from namo.world.candidates import candidate_pushes

PUSHES_BELOW = 5
"""Length of the search that tells whether a plan continues from a state (simulated pushes)."""
ENDS_PER_MOVABLE = 3
"""States to search from below a labelled one, per movable pushed."""


class Labelling(Hybrid):
    """Spends its push budget on complete labels of the states that a search rates."""

    def _find(self, search: Search, streams: Streams) -> Node | Termination:
        require_pushes(search.budget, "labelling")
        if search.is_goal(search.root):
            return search.root
        labelling = _Labelling(self, search, streams)
        try:
            labelling.run()
        except BudgetSpentError as spent:
            return labelling.best or spent.termination
        return labelling.best or (Termination.DEPTH if labelling.cut_off else Termination.EXHAUSTED)


class _Labelling:
    """Labelling in progress.

    Attributes:
        best: node at the end of the shortest plan so far.
        cut_off: whether a state was left alone because of its depth.
    """

    def __init__(self, planner: Labelling, search: Search, streams: Streams) -> None:
        self._planner, self._search, self._streams = planner, search, streams
        self.best: Node | None = None
        self.cut_off = False
        self._labelled: set[int] = set()
        self._rated: dict[int, Node] = {}
        self._found: dict[int, Node] = {}

    def run(self) -> None:
        """Label states until none is left."""
        self._follow(self._search.root)
        node: Node | None = self._search.root
        while node is not None:
            for end in self._sampled(self._label(node)):
                self._follow(end)
            node = self._next()

    def _next(self) -> Node | None:
        """Return the state to label next, None if none is left."""
        for known in (self._rated, self._found):
            left = [node for number, node in known.items() if number not in self._labelled]
            if left:
                return left[int(self._streams.objects.integers(len(left)))]
        return None

    def _label(self, node: Node) -> dict[str, list[Node]]:
        """Try all straight pushes of a state; return where they led to, by movable.

        Without the states in which the goal is open, and each state once.
        """
        self._labelled.add(node.number)
        seen: set[int] = set()
        ends: dict[str, list[Node]] = {}
        if node.depth == self._search.budget.depth:
            self.cut_off |= bool(node.reachable)
            return ends
        for name in node.reachable:
            candidates = candidate_pushes(self._search.enter(node), name)
            ends[name] = []
            for contact in np.flatnonzero(candidates.possible.any(axis=1)).tolist():
                for child in self._search.push_straight(node, name, contact):
                    if child is not None and child.number not in seen:
                        seen.add(child.number)
                        if not self._note(child):
                            ends[name].append(child)
        return ends

    def _sampled(self, ends: dict[str, list[Node]]) -> list[Node]:
        """Return some of the states of each movable, without replacement."""
        random = self._streams.objects
        return [
            nodes[place]
            for nodes in ends.values()
            for place in random.permutation(len(nodes))[:ENDS_PER_MOVABLE].tolist()
        ]

    def _follow(self, node: Node) -> None:
        """Follow the search from a state for some pushes."""
        below = HybridSearch(self._planner, self._search, self._streams, node)
        steps = below.steps()
        try:
            for _ in range(PUSHES_BELOW + 1):  # it pauses before each push
                next(steps)
        except StopIteration as end:
            if isinstance(end.value, Node):
                self._note(end.value)
        for number, rated in below.rated.items():
            self._rated.setdefault(number, rated)

    def _note(self, node: Node) -> bool:
        """Return whether the goal is open at a node; if so, it may be the end of the best plan."""
        is_open = self._search.is_goal(node)
        if not is_open:
            self._found.setdefault(node.number, node)
        elif self.best is None or node.depth < self.best.depth:
            self.best = node
        return is_open
