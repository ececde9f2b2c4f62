"""The shapes of a scene in any of its states: room around a movable, and what the robot reaches.

Exact outlines serve drawing and evidence. What counts as reachable is decided on a grid
(`namo.world.reachability`), which is up to a cell narrower in a gap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely

from namo.errors import SceneError
from namo.geometry import Floats, Pose2D, rectangle_corners
from namo.results.record_types import SceneColumns
from namo.scenes.footprint import Footprint, Polygon, Rectangle
from namo.scenes.grid import RESOLUTION_M, SKIN_M
from namo.world.contacts import CONTACT_GAP_M, contact_points

ROOM_M = 0.1
"""How far a movable must be able to go for it to have room (m)."""
TOUCH_M = 0.01
"""Overlap that is no obstacle: a movable slides along what it touches (m)."""
STANDOFF_M = 0.05
"""How far behind a movable the robot stands, at most, before it pushes (m)."""


class SceneShapes:
    """A scene as its table row describes it.

    Attributes:
        radius: of the robot (m).
        outlines: corners (n, 2) of each movable in its own frame (m).
    """

    def __init__(self, scene: SceneColumns, clearance: float) -> None:
        """Take the geometry from a row of the scenes table.

        Args:
            scene: the row.
            clearance: room that was left around the robot where it drove (m).
        """
        self.radius = scene["robot"][2]
        self._inflation = self.radius + SKIN_M + clearance
        self.outlines = [corners_of(outline) for outline in scene["outlines"]]
        self._walls = shapely.union_all([_solid(corners_of(wall)) for wall in scene["walls"]])
        x_min, y_min, x_max, y_max = scene["bounds"]
        self._floor = shapely.box(x_min, y_min, x_max, y_max)

    def reached(self, poses: Sequence[float]) -> shapely.Geometry:
        """Return the floor that the body of the robot can cover (m).

        Args:
            poses: of the robot and of all movables, as in the pushes table.
        """
        return shapely.buffer(self._centres(poses), self.radius - SKIN_M, quad_segs=6)

    def has_room(
        self,
        poses: Sequence[float],
        movable: int,
        towards: tuple[float, float],
        room_m: float = math.inf,
    ) -> bool:
        """Return whether nothing stands between a movable and a point.

        Args:
            poses: of the robot and of all movables, as in the pushes table.
            movable: place of it in file order.
            towards: the point, x, y (m; world frame).
            room_m: how far to look (m), at most up to the point.
        """
        pose = _pose(poses, movable)
        way = min(room_m, math.dist(pose[:2], towards))
        outline = pose.to_world(self.outlines[movable])
        moved = outline + way * _direction(poses, movable, towards)
        swept = shapely.MultiPoint(np.concatenate([outline, moved])).convex_hull.buffer(-TOUCH_M)
        others = [shape for place, shape in enumerate(self._movables(poses)) if place != movable]
        return not any(shapely.intersects(swept, other) for other in (self._walls, *others))

    def can_stand_behind(
        self, poses: Sequence[float], movable: int, towards: tuple[float, float]
    ) -> bool:
        """Return whether the robot reaches the far side of a movable, seen from a point.

        Args:
            poses: of the robot and of all movables, as in the pushes table.
            movable: place of it in file order.
            towards: the point, x, y (m; world frame).
        """
        back, pose = -_direction(poses, movable, towards), _pose(poses, movable)
        depth = float(((pose.to_world(self.outlines[movable]) - pose[:2]) @ back).max())
        spot = np.array(pose[:2]) + back * (depth + self._inflation + RESOLUTION_M)
        return bool(self._centres(poses).distance(shapely.Point(spot)) <= STANDOFF_M)

    def _centres(self, poses: Sequence[float]) -> shapely.Polygon:
        """Return where the centre of the robot can be, connected to where it is (m)."""
        solids = [self._walls, *self._movables(poses)]
        blocked = shapely.union_all(
            [shapely.buffer(one, self._inflation, quad_segs=6) for one in solids]
        )
        free = shapely.difference(self._floor, blocked)
        robot = shapely.Point(poses[:2])
        parts = [part for part in shapely.get_parts(free) if isinstance(part, shapely.Polygon)]
        return min(parts, key=robot.distance, default=shapely.Polygon())

    def _movables(self, poses: Sequence[float]) -> list[shapely.Geometry]:
        return [
            _solid(_pose(poses, place).to_world(outline))
            for place, outline in enumerate(self.outlines)
        ]


def corners_of(flat: Sequence[float]) -> Floats:
    """Return the corners (n, 2) of an outline in a table (m)."""
    return np.array(flat, np.float64).reshape(-1, 2)


def straight_way(
    outline: Floats, radius: float, pose: Sequence[float] | Floats, contact: int, travel: float
) -> Floats | None:
    """Return where a straight push begins and how far it is to go, as an arrow.

    Args:
        outline: corners (n, 2) of the movable in its own frame (m), as in a table.
        radius: of the robot (m).
        pose: (3,) of the movable before the push (m, m, rad; world frame).
        contact: index of the contact point.
        travel: how far the robot advances (m).

    Returns:
        (2, 2) contact point on the face, and the point `travel` further along the face's normal
        (m; world frame); None where the rounded outline does not have this contact.
    """
    try:
        points = contact_points(_footprint(outline), radius)
    except SceneError:
        return None
    if not 0 <= contact < len(points.positions):
        return None
    direction = points.directions[contact]
    foot = points.positions[contact] + (radius + CONTACT_GAP_M) * direction
    return Pose2D(*pose).to_world(np.stack([foot, foot + travel * direction]))


def _footprint(outline: Floats) -> Footprint:
    """Return the footprint of a movable, whose contacts have another order on a rectangle.

    The outline of a rectangle begins with its greatest corner, that of a polygon with its smallest.
    """
    half_x, half_y = outline[0].tolist()
    if half_x > 0.0 and np.array_equal(outline, rectangle_corners(half_x, half_y)):
        return Rectangle(half_x, half_y)
    return Polygon(tuple((x, y) for x, y in outline.tolist()))


def pose_differences(poses: Floats, others: Floats) -> Floats:
    """Return how far poses differ.

    Args:
        poses: (n, 3) x, y, theta (m, m, rad).
        others: likewise.

    Returns:
        (n, 3) absolute differences (m, m, rad), angles the shorter way round.
    """
    apart = np.abs(poses - others)
    apart[:, 2] = np.abs((apart[:, 2] + math.pi) % (2.0 * math.pi) - math.pi)
    return apart


def _solid(corners: Floats) -> shapely.Geometry:
    """Return an outline as a shape; rounded corners of a thin one may cross."""
    return shapely.make_valid(shapely.Polygon(corners))


def _pose(poses: Sequence[float], movable: int) -> Pose2D:
    return Pose2D(*poses[3 * movable + 3 : 3 * movable + 6])


def _direction(poses: Sequence[float], movable: int, towards: tuple[float, float]) -> Floats:
    x, y, _ = _pose(poses, movable)
    way = np.array(towards) - (x, y)
    return np.asarray(way / max(float(np.hypot(*way)), 1e-9))
