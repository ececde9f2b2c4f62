"""Breadth-first search over the states that pushes lead to, each expanded once."""

from collections import deque

from namo.planning.base import StrategyPlanner
from namo.planning.planner import Termination
from namo.planning.search import Node, Search
from namo.seeding import Streams


class BreadthFirst(StrategyPlanner):
    """Tries all proposed pushes of a state before those of the states that they lead to."""

    def _find(self, search: Search, streams: Streams) -> Node | Termination:
        if search.is_goal(search.root):
            return search.root
        queue, known, cut_off = deque([search.root]), {search.root.number}, False
        while queue:
            node = queue.popleft()
            if node.depth == search.budget.depth:
                cut_off |= bool(node.reachable)
                continue
            for push in self._propose_pushes(search, node, streams):
                child = search.push(node, push)
                if child is None or child.number in known:
                    continue
                if search.is_goal(child):
                    return child
                known.add(child.number)
                queue.append(child)
        return Termination.DEPTH if cut_off else Termination.EXHAUSTED
