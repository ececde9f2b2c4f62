"""How many straight pushes a scene needs at least, shown by trying all that there are.

Iterative deepening over the straight pushes of every state, from all contact points with all
travels of the primitives. Only those pushes are simulated that might begin a way to the goal in as
many as are left (`namo.world.few_pushes`), and no state is expanded twice for the same length. A
push to a pose may do what several straight ones do: of those nothing is shown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from namo.planning.planner import Budget
from namo.planning.search import BudgetSpentError, Node, Search
from namo.world.candidates import candidate_pushes
from namo.world.few_pushes import FewPushes
from namo.world.world import World

MAX_SIMULATIONS = 3_000
"""Budget of a scene (simulated pushes); most take fewer than ten, and some have no end."""


@dataclass(frozen=True)
class ShownPushes:
    """What was shown.

    Attributes:
        pushes: the scene needs at least so many straight pushes.
        simulations: number of simulated pushes.
    """

    pushes: int
    simulations: int


def shown_pushes(world: World, most: int, simulations: int | None = None) -> ShownPushes:
    """Show how many straight pushes are needed from the world's present state.

    Args:
        world: left in any state.
        most: the result is at most this many plus 1: no longer sequences are tried.
        simulations: budget of simulated pushes; what was shown before it was spent counts.

    Raises:
        SceneError: see `World.primitives`.
        OSError: likewise.
    """
    search = Search(world, Budget(most, math.inf, 2**62, simulations))
    few = FewPushes(world)
    shown = 0 if search.is_goal(search.root) else 1
    try:
        while 0 < shown <= most and not _opens(search, few, search.root, shown, {}):
            shown += 1
    except BudgetSpentError:
        pass  # what was shown before stands
    return ShownPushes(shown, search.pushes_simulated)


def _opens(search: Search, few: FewPushes, node: Node, left: int, tried: dict[int, int]) -> bool:
    """Return whether any sequence of up to `left` straight pushes opens the goal from a node.

    Args:
        search: in progress.
        few: relaxation of the scene.
        node: at which the goal is shut.
        left: pushes, at least 1.
        tried: by number of state, for how many pushes it was expanded.
    """
    tried[node.number] = left
    ahead = few.ahead_of(search.enter(node).reachability())
    for name in node.reachable:
        usable = candidate_pushes(search.enter(node), name).possible.any(axis=1)
        usable &= ahead.might_open(name, left)
        for contact in np.flatnonzero(usable).tolist():
            for child in search.push_straight(node, name, contact):
                if child is None:
                    continue
                if search.is_goal(child):
                    return True
                is_new = tried.get(child.number, 0) < left - 1
                if is_new and _opens(search, few, child, left - 1, tried):
                    return True
    return False
