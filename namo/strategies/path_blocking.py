"""The movables in the way first: those that the cheapest drive to the goal would go through."""

from __future__ import annotations

import numpy as np

from namo.geometry import Floats
from namo.world.blocked_way import BlockedWay, blocked_way
from namo.world.world import World

WAY_M = 10.0
"""The rating of a state falls by a factor e per so many metres that its way to the goal costs."""
ELSEWHERE_FACTOR = 0.5
"""Factor on the ratings of movables that are not in the way: they may be in the way of a push."""


class PathBlocking:
    """The movables in the way in their order along it, then the others, nearest to the way first.

    The way is the cheapest drive from the robot's region to its goal that may go through movables
    at a price (`namo.world.blocked_way`). Needs no model.
    """

    def rank(self, world: World, reachable: list[str], rng: np.random.Generator) -> list[str]:  # noqa: ARG002
        """See `namo.strategies.strategy.ObjectStrategy`."""
        way = blocked_way(world.reachability())
        blocking = [name for name in way.blocking if name in reachable]
        rest = [name for name in reachable if name not in way.blocking]
        return blocking + sorted(rest, key=_distances(world, way, rest).__getitem__)

    def rate(self, world: World, names: list[str]) -> list[float]:
        """See `namo.strategies.strategy.RatingObjectStrategy`."""
        way = blocked_way(world.reachability())
        freed = np.array([way.blocking.get(name, 0.0) for name in names])
        ratings = rating_of(np.maximum(way.cost - freed, 0.0))
        rated = np.where(freed > 0.0, ratings, ELSEWHERE_FACTOR * ratings)
        return [float(value) for value in rated]


def rating_of(costs: Floats) -> Floats:
    """Return the ratings (...) of states, from 0 to 1, by the costs of their ways to the goal (m).

    Args:
        costs: (...) m of free drive.
    """
    ratings: Floats = np.exp(-costs / WAY_M)
    return ratings


def _distances(world: World, way: BlockedWay, names: list[str]) -> dict[str, float]:
    """Return the distance of each movable to the way (m)."""
    poses = world.poses()
    if not len(way.cells):
        return dict.fromkeys(names, 0.0)
    points = world.static.grid.centres(*way.cells.T)
    return {
        name: float(np.hypot(*(points - (poses[name].x, poses[name].y)).T).min()) for name in names
    }
