"""Outlines of obstacles on the grid: where they are and which cells they cover."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled
from namo.geometry import Floats, Pose2D
from namo.scenes.footprint import Footprint
from namo.scenes.grid import FIXED_POINT_BITS, Frame, Grid, Mask, inflated

Indices = NDArray[np.int32]


class Outlines(NamedTuple):
    """The convex outlines of one obstacle on the grid.

    Attributes:
        pixels: (k, 2) corners of all outlines, column and row in fixed point.
        parts: for each outline, the slice of `pixels` that holds its corners.
    """

    pixels: Indices
    parts: Sequence[slice]

    def draw(self, mask: Mask) -> None:
        """Set the covered cells to 1; borders are rounded outwards."""
        for part in self.parts:
            cv2.fillConvexPoly(mask, self.pixels[part], 1, cv2.LINE_8, FIXED_POINT_BITS)

    def window(self, mask: Mask) -> tuple[int, int, int, int]:
        """Return the rows (from, to) and columns (from, to) in which `draw` changes cells."""
        return _window(self.pixels, *mask.shape)


@compiled
def _window(pixels: Indices, rows: int, columns: int) -> tuple[int, int, int, int]:
    low_x = high_x = pixels[0, 0]
    low_y = high_y = pixels[0, 1]
    for i in range(1, len(pixels)):
        low_x, high_x = min(low_x, pixels[i, 0]), max(high_x, pixels[i, 0])
        low_y, high_y = min(low_y, pixels[i, 1]), max(high_y, pixels[i, 1])
    # One cell of margin around the outline, because borders are rounded outwards.
    top, bottom = (low_y >> FIXED_POINT_BITS) - 1, (high_y >> FIXED_POINT_BITS) + 3
    left, right = (low_x >> FIXED_POINT_BITS) - 1, (high_x >> FIXED_POINT_BITS) + 3
    top, left = min(max(top, 0), rows), min(max(left, 0), columns)
    return top, max(min(bottom, rows), top), left, max(min(right, columns), left)


class OutlineTable:
    """Outlines of all movables of a scene, placed on the grid in one call."""

    def __init__(self, grid: Grid, footprints: Iterable[Footprint], by: float) -> None:
        """Compute the outlines in the frames of their movables.

        Args:
            grid: to place them on.
            footprints: of the movables.
            by: how far to inflate the footprints (m).
        """
        self._grid = grid
        corners: list[Floats] = [np.empty((0, 2))]
        owners: list[int] = []
        self._rows: list[slice] = []  # of each movable
        self._parts: list[list[slice]] = []  # convex outlines within these rows
        for movable, footprint in enumerate(footprints):
            outlines = inflated(footprint, by)
            ends = np.cumsum([0, *map(len, outlines)]).tolist()
            self._parts.append([slice(a, b) for a, b in pairwise(ends)])
            self._rows.append(slice(len(owners), len(owners) + ends[-1]))
            corners += outlines
            owners += [movable] * ends[-1]
        self._corners, self._owners = np.concatenate(corners), np.array(owners, np.int32)

    def placed(self, poses: Floats) -> list[Outlines]:
        """Return the outlines of all movables at their world poses (n, 3) x, y (m), theta (rad)."""
        pixels = _pixels(self._corners, self._owners, poses, self._grid.frame)
        return [
            Outlines(pixels[rows], parts)
            for rows, parts in zip(self._rows, self._parts, strict=True)
        ]

    def placed_alone(self, movable: int, pose: Pose2D) -> Outlines:
        """Return the outlines of one movable, given by its index, at a world pose."""
        (outlines,) = self.placed_each(movable, np.array([pose]))
        return outlines

    def placed_each(self, movable: int, poses: Floats) -> list[Outlines]:
        """Return the outlines of one movable, given by its index, at each of some world poses.

        Args:
            movable: index of it.
            poses: (n, 3) x, y (m), theta (rad).
        """
        corners, parts = self._corners[self._rows[movable]], self._parts[movable]
        pixels = _pixels_at(corners, poses, self._grid.frame)
        return [Outlines(of_pose, parts) for of_pose in pixels]


@compiled
def _pixels(corners: Floats, owners: Indices, poses: Floats, frame: Frame) -> Indices:
    """Return corners (k, 2) in fixed-point pixels (k, 2), each at the pose of its owner."""
    pixels = np.empty(corners.shape, np.int32)
    begin = 0
    while begin < len(corners):
        end = begin + 1
        while end < len(corners) and owners[end] == owners[begin]:
            end += 1
        _to_pixels(corners[begin:end], poses[owners[begin]], frame, pixels[begin:end])
        begin = end
    return pixels


@compiled
def _pixels_at(corners: Floats, poses: Floats, frame: Frame) -> Indices:
    """Return corners (k, 2) in fixed-point pixels (n, k, 2), all at each of the poses (n, 3)."""
    pixels = np.empty((len(poses), *corners.shape), np.int32)
    for i in range(len(poses)):
        _to_pixels(corners, poses[i], frame, pixels[i])
    return pixels


@compiled
def _to_pixels(corners: Floats, pose: Floats, frame: Frame, pixels: Indices) -> None:
    """Put corners at a pose into fixed-point pixels, with the rounding of `Grid.fill`."""
    x_min, y_min, resolution, _ = frame
    x, y, theta = pose
    c, s = math.cos(theta), math.sin(theta)
    for i in range(len(corners)):
        at_x = corners[i, 0] * c - corners[i, 1] * s + x
        at_y = corners[i, 0] * s + corners[i, 1] * c + y
        pixels[i, 0] = round(((at_x - x_min) / resolution + 0.5) * (1 << FIXED_POINT_BITS))
        pixels[i, 1] = round(((at_y - y_min) / resolution + 0.5) * (1 << FIXED_POINT_BITS))
