"""Exploration: collect pushes as training data, from the start and from states near it.

A search that stops at its first solution yields one success and a handful of failures for most
states. Exploration spends its whole push budget instead. Every round tries the proposed pushes of
all reachable objects in one state, sampled from the states found so far; a fixed fraction of rounds
goes to the start. The result is the shortest plan found.
"""

from __future__ import annotations

from contextlib import closing

from namo.planning.base import StrategyPlanner, require_pushes
from namo.planning.planner import (
    Termination,
)
from namo.planning.search import BudgetSpentError, Node, Search
from namo.seeding import Streams

START_FRACTION = 0.3
"""Probability that a round is spent on the start."""
STALE_ROUNDS = 5
"""A state is dropped after this many consecutive rounds without a new push."""


class Exploration(StrategyPlanner):
    """Spends its push budget on many states."""

    def _find(self, search: Search, streams: Streams) -> Node | Termination:
        require_pushes(search.budget, "exploration")
        if search.is_goal(search.root):
            return search.root
        best: Node | None = None
        known = {search.root.number}
        candidates = {search.root: 0}  # unsolved states -> consecutive stale rounds
        cut_off = False
        try:
            while candidates:
                node = self._sample_state(search.root, list(candidates), streams)
                if node.depth == search.budget.depth or not node.reachable:
                    cut_off |= bool(node.reachable)
                    del candidates[node]
                    continue
                simulated = search.pushes_simulated
                pushes = self._propose_pushes(search, node, streams)
                with closing(search.push_each(node, pushes)) as children:
                    for child in children:
                        if child is None:
                            continue
                        if search.is_goal(child):
                            if best is None or child.depth < best.depth:
                                best = child
                        elif child.number not in known:
                            known.add(child.number)
                            candidates[child] = 0
                is_stale = search.pushes_simulated == simulated
                candidates[node] = candidates[node] + 1 if is_stale else 0
                if candidates[node] == STALE_ROUNDS:
                    del candidates[node]
        except BudgetSpentError as spent:
            return best or spent.termination
        return best or (Termination.DEPTH if cut_off else Termination.EXHAUSTED)

    def _sample_state(self, start: Node, candidates: list[Node], streams: Streams) -> Node:
        """Return the state to spend the next round on."""
        others = [node for node in candidates if node is not start]
        if not others or (
            len(others) < len(candidates) and streams.objects.random() < START_FRACTION
        ):
            return start
        return others[int(streams.objects.integers(len(others)))]
