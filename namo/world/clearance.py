"""Which contact points of a movable the robot can reach, all of them in one call.

A contact point is reachable if its standoff lies in the robot's region and the robot at the contact
point touches nothing but the movable.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled
from namo.geometry import Floats, Placed, Pose2D
from namo.portable_math import cos, sin
from namo.scenes.footprint import Footprint, Rectangle
from namo.scenes.grid import Frame
from namo.world.free_runs import NO_REGION, Runs, region_at
from namo.world.free_space import TemporaryObstacle, connected_with
from namo.world.grid_lookup import cell_of
from namo.world.outlines import Indices


class Solids(NamedTuple):
    """Footprints in the world, as arrays; each is identified by its index in the list it came from.

    Attributes:
        rectangles: (n, 6) world x, y (m), cosine and sine of the yaw, half extents (m).
        rectangle_of: (n,) index of the footprint each belongs to.
        corners: (k, 2) corners of all convex pieces of polygons, in the world, piece by piece (m).
        pieces: (p + 1,) offset of each piece in `corners`.
        piece_of: (p,) index of the footprint each belongs to.
    """

    rectangles: Floats
    rectangle_of: Indices
    corners: Floats
    pieces: Indices
    piece_of: Indices

    @classmethod
    def of(cls, placed: Sequence[tuple[Pose2D, Footprint]]) -> Solids:
        """Convert pairs of a world pose and the footprint in its frame."""
        poses = np.array([pose for pose, _ in placed]).reshape(-1, 3)
        return SolidTable(footprint for _, footprint in placed).placed(poses)


class SolidTable:
    """Some footprints, placed in the world in one call."""

    def __init__(self, footprints: Iterable[Footprint]) -> None:
        """Sort rectangles and polygons."""
        rectangles: list[tuple[int, float, float]] = []
        self._polygons: list[tuple[int, Sequence[Floats]]] = []
        for place, footprint in enumerate(footprints):
            if isinstance(footprint, Rectangle):
                rectangles.append((place, footprint.half_x, footprint.half_y))
            else:
                self._polygons.append((place, footprint.pieces))
        table = np.array(rectangles).reshape(-1, 3)
        self._rectangle_of, self._half = table[:, 0].astype(np.int32), table[:, 1:]
        pieces = [(place, len(piece)) for place, pieces in self._polygons for piece in pieces]
        self._piece_of = np.array([place for place, _ in pieces], np.int32)
        self._pieces = np.cumsum([0, *(size for _, size in pieces)], dtype=np.int32)

    def placed(self, poses: Floats) -> Solids:
        """Return the footprints at their world poses (n, 3) x, y (m), theta (rad)."""
        at = poses[self._rectangle_of]
        rectangles = np.empty((len(at), 6))
        rectangles[:, :2], rectangles[:, 4:] = at[:, :2], self._half
        rectangles[:, 2], rectangles[:, 3] = cos(at[:, 2]), sin(at[:, 2])
        corners = [np.empty((0, 2))]
        for place, pieces in self._polygons:
            pose = Pose2D(*poses[place].tolist())
            corners += [pose.to_world(piece) for piece in pieces]
        return Solids(
            rectangles, self._rectangle_of, np.concatenate(corners), self._pieces, self._piece_of
        )


@compiled
def is_clear_of(solids: Solids, excluding: int, x: float, y: float, radius: float) -> bool:
    """Return whether a point is at least `radius` (m) away from all solids.

    Args:
        solids: in the world.
        excluding: index of a footprint to ignore; -1 for none.
        x: of the point, world frame (m).
        y: likewise.
        radius: m.
    """
    rectangles, rectangle_of, corners, pieces, piece_of = solids
    for i in range(len(rectangles)):
        if rectangle_of[i] == excluding:
            continue
        dx, dy = x - rectangles[i, 0], y - rectangles[i, 1]
        c, s = rectangles[i, 2], rectangles[i, 3]
        along = abs(c * dx + s * dy) - rectangles[i, 4]
        across = abs(c * dy - s * dx) - rectangles[i, 5]
        if math.hypot(max(along, 0.0), max(across, 0.0)) < radius:
            return False
    for piece in range(len(piece_of)):
        if piece_of[piece] == excluding:
            continue
        if _convex_distance(corners[pieces[piece] : pieces[piece + 1]], x, y) < radius:
            return False
    return True


@compiled
def _convex_distance(corners: Floats, x: float, y: float) -> float:
    """Return the distance of a point to a convex polygon, zero inside (m)."""
    inside, nearest = True, math.inf
    for i in range(len(corners)):
        j = (i + 1) % len(corners)
        edge_x, edge_y = corners[j, 0] - corners[i, 0], corners[j, 1] - corners[i, 1]
        dx, dy = x - corners[i, 0], y - corners[i, 1]
        if edge_x * dy - edge_y * dx < 0.0:
            inside = False
        along = (dx * edge_x + dy * edge_y) / (edge_x * edge_x + edge_y * edge_y)
        along = min(max(along, 0.0), 1.0)
        nearest = min(nearest, math.hypot(dx - along * edge_x, dy - along * edge_y))
    return 0.0 if inside else nearest


@compiled
def reachable_contacts(
    runs: Runs,
    region: int,
    points: tuple[Floats, Floats],
    pose: Placed,
    frame: Frame,
    walls: Solids,
    movables: Solids,
    movable: int,
    radius: float,
) -> NDArray[np.bool_]:
    """Return which contact points (n,) of a movable the robot can reach.

    Args:
        runs: of the free cells with the movable in place.
        region: of the robot.
        points: standoffs (n, 2) and contact points (n, 2) in the movable's frame (m).
        pose: of the movable.
        frame: of the grid.
        walls: that the robot at a contact point must not touch.
        movables: likewise, except for the one that is pushed.
        movable: index of that one.
        radius: of the robot, its skin and clearance (m).
    """
    standoffs, positions = points
    x, y, c, s = pose
    usable = np.zeros(len(standoffs), np.bool_)
    if region == NO_REGION:
        return usable
    for i in range(len(standoffs)):
        row, column = cell_of(
            standoffs[i, 0] * c - standoffs[i, 1] * s + x,
            standoffs[i, 0] * s + standoffs[i, 1] * c + y,
            frame,
            len(runs.first) - 1,
        )
        if region_at(runs, row, column) == region:
            at_x = positions[i, 0] * c - positions[i, 1] * s + x
            at_y = positions[i, 0] * s + positions[i, 1] * c + y
            usable[i] = is_clear_of(walls, -1, at_x, at_y, radius) and is_clear_of(
                movables, movable, at_x, at_y, radius
            )
    return usable


@compiled
def contacts_after(
    obstacle: TemporaryObstacle,
    runs: Runs,
    robot: tuple[float, float],
    points: tuple[Floats, Floats],
    pose: Placed,
    frame: Frame,
    walls: Solids,
    movables: Solids,
    movable: int,
    radius: float,
    back_off: float,
) -> NDArray[np.bool_]:
    """Return which contact points (n,) the robot could reach with the movable and itself elsewhere.

    `obstacle` is the mask with the movable at `pose`, `runs` are the free cells without it, and
    `robot` is where the robot would be (m), and `back_off` how far it can back off to a free cell
    (m); for the others see `reachable_contacts`.
    """
    after, _, _, region = connected_with(obstacle, runs, robot[0], robot[1], frame, back_off)
    return reachable_contacts(after, region, points, pose, frame, walls, movables, movable, radius)
