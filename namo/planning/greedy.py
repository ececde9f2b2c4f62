"""Greedy search: the best-rated push of each state, again and again until the depth is used up.

There is no backtracking: a dive that is stuck starts again from the start of the search, where the
next best push is taken, and so in every state that it meets again. Once all pushes of a state have
been tried, a dive goes on from the best of them that leads anywhere. The ratings of a state alone
decide; its distance from the start and other states play no part, unlike in best-first search.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from namo.planning.base import StrategyPlanner
from namo.planning.planner import (
    Termination,
)
from namo.planning.search import Node, Search
from namo.seeding import Streams
from namo.world.push import Push


class Greedy(StrategyPlanner):
    """Dives from the start, each along the best-rated pushes that were not tried before."""

    def _find(self, search: Search, streams: Streams) -> Node | Termination:
        return _Dives(self, search, streams).run()

    def best_pushes(self, search: Search, node: Node, streams: Streams) -> Iterator[Push]:
        """Yield the pushes to try in a state, highest rating first."""
        return self._best_pushes(search, node, streams)


@dataclass(eq=False)
class _Choices:
    """The pushes of a state: those not tried yet, and those that moved something, best first."""

    untried: Iterator[Push]
    moving: list[Push] = field(default_factory=list)


class _Dives:
    """The dives of one search."""

    def __init__(self, planner: Greedy, search: Search, streams: Streams) -> None:
        self._planner, self._search, self._streams = planner, search, streams
        self._choices: dict[int, _Choices] = {}  # by state number
        self._closed: dict[int, int] = {}  # state number -> least depth from which all was tried
        self._checked = {search.root.number}
        self._cut_off = False

    def run(self) -> Node | Termination:
        """Dive until the goal is open or everything was tried."""
        root = self._search.root
        if self._search.is_goal(root):
            return root
        while not self._is_closed(root):
            node: Node | None = root
            path = set[int]()
            while node is not None:
                if node.number not in self._checked:
                    self._checked.add(node.number)
                    if self._search.is_goal(node):
                        return node
                path.add(node.number)
                node = self._next(node, path)
        return Termination.DEPTH if self._cut_off else Termination.EXHAUSTED

    def _is_closed(self, node: Node) -> bool:
        return self._closed.get(node.number, math.inf) <= node.depth

    def _next(self, node: Node, path: set[int]) -> Node | None:
        """Return the state to continue in; None, and the node is closed, if there is none."""
        if node.depth == self._search.budget.depth:
            self._cut_off |= bool(node.reachable)
        else:
            if node.number not in self._choices:
                pushes = self._planner.best_pushes(self._search, node, self._streams)
                self._choices[node.number] = _Choices(pushes)
            choices = self._choices[node.number]
            for push in choices.untried:
                child = self._search.push(node, push)
                if child is not None:
                    choices.moving.append(push)
                    if child.number not in path:
                        return child
            for push in choices.moving:
                child = self._search.push(node, push)
                if child is not None and child.number not in path and not self._is_closed(child):
                    return child
        self._closed[node.number] = min(node.depth, self._closed.get(node.number, node.depth))
        return None
