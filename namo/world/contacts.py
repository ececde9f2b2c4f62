"""Contact points: where the robot can stand to push a movable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from namo.geometry import Floats, Pose2D
from namo.scenes.footprint import Footprint, FootprintSet, Polygon, Rectangle
from namo.scenes.grid import RESOLUTION_M, SKIN_M

CONTACT_OFFSETS = (-0.8, -0.4, 0.0, 0.4, 0.8)
"""Contact points along a face, as fractions of its half width."""
CONTACT_GAP_M = 0.002
"""Gap between the robot at a contact point and the face."""
STANDOFF_GAP_M = SKIN_M + 1.6 * RESOLUTION_M
"""Gap between the robot at a standoff point and the face. Rasterising loses at most 0.75 cells of
free space and the nearest cell centre is at most 0.71 cells away, so a standoff point with free
space around it always lies in a free cell."""

MAX_CONTACT_POINTS = 4 * len(CONTACT_OFFSETS)
"""Number of contact points of a rectangle; no polygon has more."""
_NORMALS = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])


@dataclass(frozen=True, eq=False)
class ContactPoints:
    """Contact points of a movable in its frame; those of a rectangle face by face (+x, +y, -x, -y).

    Attributes:
        positions: (n, 2) of the robot's centre, almost in contact (m).
        standoffs: (n, 2) of the robot's centre before it closes in (m).
        directions: (n, 2) unit vectors of the push, into the face.
    """

    positions: Floats
    standoffs: Floats
    directions: Floats


@lru_cache(maxsize=256)
def contact_points(
    footprint: Footprint, robot_radius: float, clearance: float = 0.0
) -> ContactPoints:
    """Return the contact points of a movable.

    A rectangle has `len(CONTACT_OFFSETS)` on each face. A polygon has the same total, distributed
    over its edges by length, minus those where the robot does not fit into a concave corner.

    Args:
        footprint: of the movable.
        robot_radius: m.
        clearance: room around the robot at a standoff (m); at a contact point it touches.
    """
    if isinstance(footprint, Rectangle):
        feet, normals = _on_faces(footprint)
    else:
        feet, normals = _on_edges(footprint)
    positions = feet + normals * (robot_radius + CONTACT_GAP_M)
    if isinstance(footprint, Polygon):
        origin = Pose2D(0.0, 0.0, 0.0)
        clear = FootprintSet([(origin, footprint)]).distances(positions)[:, 0] >= robot_radius
        feet, normals, positions = feet[clear], normals[clear], positions[clear]
    standoffs = feet + normals * (robot_radius + STANDOFF_GAP_M + clearance)
    return ContactPoints(positions, standoffs, directions=-normals)


def _on_faces(rectangle: Rectangle) -> tuple[Floats, Floats]:
    half = np.array([rectangle.half_x, rectangle.half_y])
    feet, normals = [], []
    for normal in _NORMALS:
        tangent = np.array([-normal[1], normal[0]])
        for offset in CONTACT_OFFSETS:
            feet.append(normal * half + tangent * offset * half)
            normals.append(normal)
    return np.array(feet), np.array(normals)


def _on_edges(polygon: Polygon) -> tuple[Floats, Floats]:
    """Return points (n, 2) on the edges and the outward normals (n, 2) there."""
    edges = np.roll(polygon.outline, -1, axis=0) - polygon.outline
    lengths = np.hypot(*edges.T)
    # Rounding the cumulative length lets short edges get points too and keeps the total exact.
    totals = np.rint(np.cumsum(lengths) / lengths.sum() * MAX_CONTACT_POINTS).astype(int)
    feet, normals = [], []
    for corner, edge, length, count in zip(
        polygon.outline, edges, lengths, np.diff(totals, prepend=0).tolist(), strict=True
    ):
        for fraction in (np.arange(count) + 0.5) / count if count else ():
            feet.append(corner + fraction * edge)
            normals.append(np.array([edge[1], -edge[0]]) / length)
    return np.array(feet), np.array(normals)
