"""One random rollout: random objects and goals until the goal is open or the depth is used up.

The baseline that a search has to beat. The object strategy is not used, and a push that moves
nothing uses up depth like any other.
"""

from __future__ import annotations

from namo.planning.base import StrategyPlanner
from namo.planning.planner import (
    Termination,
)
from namo.planning.search import Node, Search
from namo.seeding import Streams
from namo.world.push import Push


class RandomSampling(StrategyPlanner):
    """A single rollout of random pushes; the state after the last one is checked too."""

    def _find(self, search: Search, streams: Streams) -> Node | Termination:
        node = search.root
        for _ in range(search.budget.depth):
            if search.is_goal(node):
                return node
            if not node.reachable:
                return Termination.EXHAUSTED
            name = str(streams.objects.choice(list(node.reachable)))
            for goal in self._goals.propose(search.enter(node), name, 1, streams.goals):
                node = search.push(node, Push(name, goal)) or node
        return node if search.is_goal(node) else Termination.DEPTH
