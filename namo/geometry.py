"""Planar poses, rectangles and convex polygons, shared by scenes, grids and the push skill."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from namo.portable_math import cos, matrix_product, sin

Floats = NDArray[np.float64]


def wrap_angle(angle_rad: float) -> float:
    """Return the angle in (-pi, pi] (rad)."""
    wrapped = math.remainder(angle_rad, 2.0 * math.pi)
    return math.pi if wrapped <= -math.pi else wrapped


class Pose2D(NamedTuple):
    """A planar pose: x and y in metres, theta in radians. World frame unless a name says otherwise.

    As a transform it maps points of the body frame into the world: R(theta) p + (x, y).
    """

    x: float
    y: float
    theta: float

    def compose(self, other: Pose2D) -> Pose2D:
        """Return self * other: map `other` from this pose's frame into the frame of this pose."""
        c, s = math.cos(self.theta), math.sin(self.theta)
        return Pose2D(
            self.x + c * other.x - s * other.y,
            self.y + s * other.x + c * other.y,
            wrap_angle(self.theta + other.theta),
        )

    def inverse(self) -> Pose2D:
        """Return the pose that undoes this one: `p.compose(p.inverse())` is the origin."""
        c, s = math.cos(self.theta), math.sin(self.theta)
        return Pose2D(-c * self.x - s * self.y, s * self.x - c * self.y, wrap_angle(-self.theta))

    def relative(self, other: Pose2D) -> Pose2D:
        """Return `other` in the frame of this pose: inverse(self) * other."""
        return self.inverse().compose(other)

    def distance(self, other: Pose2D) -> float:
        """Return the distance of the two positions (m)."""
        return math.hypot(self.x - other.x, self.y - other.y)

    def turn(self, other: Pose2D) -> float:
        """Return the absolute angle between the two orientations (rad), in [0, pi]."""
        return abs(wrap_angle(self.theta - other.theta))

    def to_world(self, points: Floats) -> Floats:
        """Map points of this pose's frame into the world.

        Args:
            points: (..., 2) float64, metres.

        Returns:
            (..., 2) float64, metres.
        """
        c, s = math.cos(self.theta), math.sin(self.theta)
        x, y = points[..., 0], points[..., 1]
        return np.stack([c * x - s * y + self.x, s * x + c * y + self.y], axis=-1)

    def to_local(self, points: Floats) -> Floats:
        """Map world points (..., 2) into this pose's frame, (..., 2); all in metres."""
        c, s = math.cos(self.theta), math.sin(self.theta)
        x, y = points[..., 0] - self.x, points[..., 1] - self.y
        return np.stack([c * x + s * y, c * y - s * x], axis=-1)


def to_world_each(poses: Floats, points: Floats) -> Floats:
    """Map one point of the frame of each pose into the world, (n, 2) m.

    Args:
        poses: (n, 3) x, y (m), theta (rad).
        points: (n, 2) m, each in the frame of its pose.
    """
    c, s = cos(poses[:, 2]), sin(poses[:, 2])
    x, y = points.T
    return np.column_stack([poses[:, 0] + c * x - s * y, poses[:, 1] + s * x + c * y])


Placed = tuple[float, float, float, float]
"""x, y (m), cosine and sine of the yaw: a pose in the form that compiled code uses."""


def placed(pose: Pose2D) -> Placed:
    """Return a pose in the form that compiled code uses."""
    return pose.x, pose.y, math.cos(pose.theta), math.sin(pose.theta)


def rectangle_corners(half_x: float, half_y: float) -> Floats:
    """Return the corners (4, 2) of a centred rectangle, counter-clockwise from (+, +); all in m."""
    return np.array([[half_x, half_y], [-half_x, half_y], [-half_x, -half_y], [half_x, -half_y]])


class RectangleSet:
    """A set of rectangles with vectorised distances."""

    def __init__(self, rectangles: Iterable[tuple[Pose2D, tuple[float, float]]]) -> None:
        """Store pairs of a world pose and half extents (m)."""
        pairs = list(rectangles)
        poses = np.array([pose for pose, _ in pairs]).reshape(-1, 3)
        self._half = np.array([half for _, half in pairs]).reshape(-1, 2)
        self._centre = poses[:, :2]
        self._cos, self._sin = cos(poses[:, 2]), sin(poses[:, 2])

    def distances(self, points: Floats) -> Floats:
        """Return the distance of every point to every rectangle, zero inside.

        Args:
            points: (n, 2) world positions (m).

        Returns:
            (n, m) distances for m rectangles (m).
        """
        dx = points[:, None, 0] - self._centre[None, :, 0]
        dy = points[:, None, 1] - self._centre[None, :, 1]
        along = np.abs(self._cos * dx + self._sin * dy) - self._half[:, 0]
        across = np.abs(self._cos * dy - self._sin * dx) - self._half[:, 1]
        result: Floats = np.hypot(np.maximum(along, 0.0), np.maximum(across, 0.0))
        return result


def convex_overlap_depth(a: Floats, b: Floats) -> float:
    """Return the overlap depth of two convex polygons (m), negative or zero if they are disjoint.

    Separating axis theorem over the normals of all edges (Gottschalk, Lin, Manocha 1996): the depth
    is the smallest overlap of the projections on them.

    Args:
        a: (n, 2) corners in order (m).
        b: (m, 2) corners in order, in the same frame (m).
    """
    edges = np.concatenate([np.roll(a, -1, axis=0) - a, np.roll(b, -1, axis=0) - b])
    normals = np.stack([edges[:, 1], -edges[:, 0]]) / np.hypot(*edges.T)
    on_a, on_b = matrix_product(a, normals), matrix_product(b, normals)
    overlaps = np.minimum(on_a.max(axis=0), on_b.max(axis=0)) - np.maximum(
        on_a.min(axis=0), on_b.min(axis=0)
    )
    return float(overlaps.min())


def convex_distances(points: Floats, corners: Floats) -> Floats:
    """Return the distance of every point to a convex polygon, zero inside.

    Args:
        points: (n, 2) positions (m).
        corners: (m, 2) corners, counter-clockwise, in the same frame (m).

    Returns:
        (n,) distances (m).
    """
    edges = np.roll(corners, -1, axis=0) - corners
    offsets = points[:, None] - corners  # (n, m, 2)
    along = np.clip((offsets * edges).sum(axis=-1) / (edges * edges).sum(axis=-1), 0.0, 1.0)
    to_edges = np.hypot(*np.moveaxis(offsets - along[..., None] * edges, -1, 0))
    inside = (edges[:, 0] * offsets[..., 1] - edges[:, 1] * offsets[..., 0] >= 0.0).all(axis=1)
    distances: Floats = np.where(inside, 0.0, to_edges.min(axis=1))
    return distances
