"""Which straight pushes might open the robot's goal: a relaxation, without simulating them.

A straight push moves its movable by no more than the robot travels, and others only where it gets
to them. With all of these gone, and the robot anywhere within its travel of the contact point, the
goal is open if the push opens it. So a push that does not open it here opens it nowhere.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from namo.world.reachability import Reachability

MARGIN_M = 0.25
"""How much farther than the robot travels a movable may slide, and the robot back off (m)."""


def might_open(reachability: Reachability, name: str, travel: float) -> NDArray[np.bool_]:
    """Return for each contact point (n,) of a movable whether pushing there might open the goal.

    Args:
        reachability: of the state before the push.
        name: of the movable.
        travel: of the robot at most (m).

    Raises:
        UnknownMovableError: the scene has no such movable.
    """
    static = reachability.static
    gone = _may_move(reachability, name, travel)
    rest = [movable for movable in static.index if movable not in gone]
    blocked = static.free_among(rest, reachability.poses).blocked
    _, labels = cv2.connectedComponents((blocked == 0).astype(np.uint8), connectivity=8)
    goal = np.unique(labels[static.goal_cells])
    goal = goal[goal > 0]
    positions = static.contact_points[name][1]
    points = reachability.poses[name].to_world(positions)
    around = (static.grid.disc(x, y, travel + MARGIN_M) for x, y in points.tolist())
    return np.array([bool(np.isin(labels[cells], goal).any()) for cells in around])


def _may_move(reachability: Reachability, name: str, travel: float) -> set[str]:
    """Return a movable and all others that pushing it may move, directly or not."""
    radii = {
        other: float(np.linalg.norm(points, axis=1).max())
        for other, points in reachability.static.perimeters.items()
    }
    moved, left = {name}, [name]
    while left:
        one = left.pop()
        for other in radii.keys() - moved:
            apart = reachability.poses[one].distance(reachability.poses[other])
            if apart <= radii[one] + radii[other] + travel + MARGIN_M:
                moved.add(other)
                left.append(other)
    return moved
