"""Iterative deepening depth-first search over pushes (Korf 1985).

Depth limits run from 1 to the budget's depth. Every pass starts from the root and samples its goals
again, so a later pass also tries different pushes in states that it shares with an earlier one. If
the strategies propose the same push again, its result is looked up, not simulated again.
"""

from __future__ import annotations

from collections.abc import Callable

from namo.planning.deepening import DeepeningPlanner
from namo.planning.planner import Termination
from namo.planning.search import Node, Search, Steps
from namo.seeding import Streams
from namo.world.push import Push


class IDFS(DeepeningPlanner):
    """Iterative deepening; every pass samples its goals again."""

    def _start(self, search: Search, streams: Streams) -> Callable[[int], Steps]:
        return lambda limit: self._visit(search, search.root, limit, streams)

    def _visit(self, search: Search, node: Node, limit: int, streams: Streams) -> Steps:
        """Return the solved node below `node`, or whether the depth limit cut anything off."""
        if search.is_goal(node):
            return node
        if node.depth == limit:
            return Termination.DEPTH if node.reachable else Termination.EXHAUSTED
        ended = Termination.EXHAUSTED
        world = search.enter(node)
        for name in self._objects.rank(world, list(node.reachable), streams.objects):
            world = search.enter(node)
            for goal in self._goals.propose(world, name, self._max_goals, streams.goals):
                yield
                child = search.push(node, Push(name, goal))
                if child is None:
                    continue
                found = yield from self._visit(search, child, limit, streams)
                if isinstance(found, Node):
                    return found
                if found is Termination.DEPTH:
                    ended = Termination.DEPTH
        return ended
