"""A scene from above, frame by frame, from its footprints: quick, and without OpenGL."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from namo.geometry import Floats, Pose2D
from namo.scenes.drawing import SMALLEST_MARK, view_of
from namo.scenes.palette import FLOOR, GOAL, MOVABLE, MOVABLE_EDGE, ROBOT, WALL
from namo.scenes.scene import Scene

Picture = NDArray[np.uint8]
"""(height, width, 3): red, green, blue."""

_FINER = 2
"""Drawn so much larger than it is, for smooth edges."""
_SHIFT = 4
"""Binary places behind the point of a pixel that OpenCV is given."""
_EDGE_PX, _RING_PX, _TRAIL_PX = 1.5, 3.0, 2.0


class FromAbove:
    """Draws one scene.

    Attributes:
        width: of pictures, in pixels; even.
        height: likewise.
    """

    def __init__(self, scene: Scene, width: int) -> None:
        """Draw what never moves.

        Args:
            scene: to draw.
            width: of the pictures (pixels); films want it even, so it is rounded.
        """
        self._scene, self._view = scene, view_of(scene)
        view = self._view
        self.width = 2 * round(width / 2)
        self._pixels_per_m = _FINER * self.width / (view.x_max - view.x_min)
        self.height = 2 * round((view.y_max - view.y_min) * self._pixels_per_m / _FINER / 2)
        smallest = SMALLEST_MARK * max(view.x_max - view.x_min, view.y_max - view.y_min)
        self._robot_radius = max(scene.robot.radius, smallest)
        shape = (self.height * _FINER, self.width * _FINER, 3)
        self._still: Picture = np.full(shape, _colour(FLOOR), np.uint8)
        for wall in scene.walls:
            self._polygon(self._still, wall.corners(), WALL)
        goal = np.array([[scene.goal.x, scene.goal.y]])
        self._disc(self._still, goal, max(scene.goal.radius, smallest), GOAL, _RING_PX)

    def draw(self, frame: Sequence[float], trail: Floats | None = None) -> Picture:
        """Return a picture of one moment.

        Args:
            frame: (x, y) of the robot, then (x, y, theta) of each movable in file order (m, rad).
            trail: where the robot has been (n, 2) (m); None for no line.
        """
        picture = self._still.copy()
        poses = [Pose2D(*frame[place : place + 3]) for place in range(2, len(frame), 3)]
        for movable, pose in zip(self._scene.movables, poses, strict=True):
            corners = pose.to_world(movable.footprint.outline)
            self._polygon(picture, corners, MOVABLE)
            self._line(picture, corners, MOVABLE_EDGE, _EDGE_PX, closed=True)
        if trail is not None and len(trail) > 1:
            self._line(picture, trail, ROBOT, _TRAIL_PX, closed=False)
        self._disc(picture, np.array([frame[:2]]), self._robot_radius, ROBOT)
        small = cv2.resize(picture, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return small.astype(np.uint8, copy=False)

    def _pixels(self, points: Floats) -> NDArray[np.int32]:
        """Return pixels (n, 2) of world points, with `_SHIFT` places behind the point."""
        origin = np.array([self._view.x_min, self._view.y_max])
        pixels: Floats = (points - origin) * (self._pixels_per_m, -self._pixels_per_m)
        whole: NDArray[np.int32] = np.round(pixels * (1 << _SHIFT)).astype(np.int32)
        return whole

    def _polygon(self, picture: Picture, corners: Floats, colour: str) -> None:
        cv2.fillPoly(
            picture, [self._pixels(corners)], _colour(colour), lineType=cv2.LINE_AA, shift=_SHIFT
        )

    def _line(
        self, picture: Picture, points: Floats, colour: str, width_px: float, *, closed: bool
    ) -> None:
        cv2.polylines(
            picture,
            [self._pixels(points)],
            closed,
            _colour(colour),
            max(1, round(width_px * _FINER)),
            cv2.LINE_AA,
            _SHIFT,
        )

    def _disc(
        self, picture: Picture, centre: Floats, radius: float, colour: str, ring_px: float = 0.0
    ) -> None:
        """Draw a disc, or a ring of some width (pixels)."""
        (x, y) = self._pixels(centre)[0].tolist()
        pixels = round(radius * self._pixels_per_m * (1 << _SHIFT))
        width = max(1, math.ceil(ring_px * _FINER)) if ring_px else cv2.FILLED
        cv2.circle(picture, (x, y), pixels, _colour(colour), width, cv2.LINE_AA, _SHIFT)


def _colour(name: str) -> tuple[int, int, int]:
    red, green, blue = (round(255 * part) for part in to_rgb(name))
    return red, green, blue
