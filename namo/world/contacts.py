"""Where the robot may stand to push a box."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from namo.world.grid import RESOLUTION_M, SKIN_M

CONTACT_OFFSETS = (-0.8, -0.4, 0.0, 0.4, 0.8)
"""Contact points along a face, as a share of its half width."""
CONTACT_GAP_M = 0.002
"""Between the robot at a contact point and the face."""
STANDOFF_GAP_M = SKIN_M + 1.6 * RESOLUTION_M
"""Between the robot and the face where it waits before it closes in. Rasterising takes at most
0.75 cells of free space and the nearest cell centre is at most 0.71 cells away, so a standoff
point with free space around it always lies in a free cell."""

_NORMALS = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])


@dataclass(frozen=True, eq=False)
class ContactPoints:
    """Contact points of a box in the box's frame, face by face (+x, +y, -x, -y).

    Attributes:
        positions: (n, 2) of the robot's centre, almost touching (m).
        standoffs: (n, 2) of the robot's centre one step back from it (m).
        directions: (n, 2) unit vectors, the way the robot pushes: into the face.
    """

    positions: NDArray[np.float64]
    standoffs: NDArray[np.float64]
    directions: NDArray[np.float64]


@lru_cache(maxsize=256)
def contact_points(half_x: float, half_y: float, robot_radius: float) -> ContactPoints:
    """Return the contact points of a box.

    Args:
        half_x: half extent along x (m).
        half_y: half extent along y (m).
        robot_radius: m.
    """
    half = np.array([half_x, half_y])
    positions, standoffs, directions = [], [], []
    for normal in _NORMALS:
        tangent = np.array([-normal[1], normal[0]])
        for offset in CONTACT_OFFSETS:
            on_face = normal * half + tangent * offset * half
            positions.append(on_face + normal * (robot_radius + CONTACT_GAP_M))
            standoffs.append(on_face + normal * (robot_radius + STANDOFF_GAP_M))
            directions.append(-normal)
    return ContactPoints(np.array(positions), np.array(standoffs), np.array(directions))
