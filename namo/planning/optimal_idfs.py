"""The shortest plan among sampled pushes, and whether it is shown to be the shortest.

Two searches are interleaved, which get equally many pushes and share what they simulate: best-first
search looks for any plan, and iterative deepening over one tree (`tree_idfs`) enumerates sequences
by length. A plan that the first one finds is kept until the second has found a shorter one, or has
tried all shorter sequences of its pushes: that proves it (`proof_depth`). Where the budget ends
before, the plan kept is returned without proof.
"""

from __future__ import annotations

from namo.planning.base import StrategyPlanner
from namo.planning.best_first import BestFirst
from namo.planning.planner import (
    Termination,
)
from namo.planning.search import BudgetSpentError, Node, Search
from namo.planning.tree_idfs import TreeIDFS
from namo.seeding import Streams
from namo.strategies.strategy import GoalStrategy, ObjectStrategy


class OptimalIDFS(StrategyPlanner):
    """Returns the shortest plan it can find, proven where the budget allows it."""

    def __init__(
        self, objects: ObjectStrategy, goals: GoalStrategy, max_goals_per_object: int
    ) -> None:
        """See `namo.planning.planner.Planner`."""
        super().__init__(objects, goals, max_goals_per_object)
        self._any_plan = BestFirst(objects, goals, max_goals_per_object)
        self._enumeration = TreeIDFS(objects, goals, max_goals_per_object)

    def _find(self, search: Search, streams: Streams) -> Node | Termination:
        enumeration = self._enumeration.steps(search, streams)
        sides = {enumeration: 0, self._any_plan.steps(search, streams): 0}  # pushes of each
        shortest: Node | None = None
        try:
            while shortest is None or not _has_none_shorter(search, shortest):
                side = min(sides, key=lambda each: sides[each])
                before = search.pushes_simulated
                try:
                    next(side)
                except StopIteration as end:
                    if side is enumeration:
                        return end.value if isinstance(end.value, Node) else shortest or end.value
                    if isinstance(end.value, Node):
                        shortest = end.value
                    del sides[side]
                else:
                    sides[side] += search.pushes_simulated - before
        except BudgetSpentError as spent:
            return shortest or spent.termination
        return shortest


def _has_none_shorter(search: Search, plan: Node) -> bool:
    """Return whether no sequence of fewer enumerated pushes opens the goal."""
    return search.proof is not None and search.proof.depth >= plan.depth - 1
