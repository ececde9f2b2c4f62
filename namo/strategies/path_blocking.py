"""The movables in the way first: those that the cheapest drive to the goal would go through."""

from __future__ import annotations

import numpy as np

from namo.world.blocked_way import BlockedWay, blocked_way, opens_without, rate_later, rating_of
from namo.world.world import World

ALONE = 0.8
"""Rating of a movable that is not in the way, but without which the goal would be open."""


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
        elsewhere = float(rate_later(np.array(way.cost), way.cost))
        ratings = []
        for name in names:
            if name in way.blocking:
                rest = max(way.cost - way.blocking[name], 0.0)
                ratings.append(float(rating_of(np.array(rest))))
            else:
                alone = opens_without(world.reachability(), name)
                ratings.append(ALONE if alone else elsewhere)
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
