"""Top-down images of a scene, drawn from its footprints: fast and without OpenGL."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from namo.geometry import Floats, Pose2D
from namo.scenes.drawing import SMALLEST_MARK, view_of
from namo.scenes.palette import FLOOR, GOAL, MOVABLE, MOVABLE_EDGE, PAGE, ROBOT, WALL
from namo.scenes.scene import Bounds, Scene

RgbImage = NDArray[np.uint8]
"""(height, width, 3) uint8: red, green, blue."""

_SUPERSAMPLING = 2
"""Images are drawn larger by this factor, then scaled down for smooth edges."""
_FRACTION_BITS = 4
"""Fractional bits of the pixel coordinates passed to OpenCV."""
_EDGE_PX, _RING_PX, _TRAIL_PX = 1.5, 3.0, 2.0


class TopDownRenderer:
    """Draws states of one scene.

    Attributes:
        width: of the images (pixels), even.
        height: likewise.
    """

    def __init__(
        self,
        scene: Scene,
        width: int,
        view: Bounds | None = None,
        smallest_mark: float = SMALLEST_MARK,
    ) -> None:
        """Draw the static part of a scene.

        Args:
            scene: scene to draw.
            width: of the images (pixels); rounded to an even number, as video codecs require.
            view: rectangle that they show (m); None for the scene without anything around it.
            smallest_mark: minimum radius of robot and goal as a fraction of the view; 0 to draw
                both in their true size.
        """
        floor = view_of(scene)
        around, view = FLOOR if view is None else PAGE, view or floor
        self._scene, self._view = scene, view
        self.width = 2 * round(width / 2)
        self._pixels_per_m = _SUPERSAMPLING * self.width / (view.x_max - view.x_min)
        self.height = 2 * round((view.y_max - view.y_min) * self._pixels_per_m / _SUPERSAMPLING / 2)
        smallest = smallest_mark * max(view.x_max - view.x_min, view.y_max - view.y_min)
        self._robot_radius = max(scene.robot.radius, smallest)
        shape = (self.height * _SUPERSAMPLING, self.width * _SUPERSAMPLING, 3)
        self._static: RgbImage = np.full(shape, _colour(around), np.uint8)
        self._polygon(self._static, _corners(floor), FLOOR)
        for wall in scene.walls:
            self._polygon(self._static, wall.corners(), WALL)
        goal = np.array([[scene.goal.x, scene.goal.y]])
        self._disc(self._static, goal, max(scene.goal.radius, smallest), GOAL, _RING_PX)

    def draw(self, frame: Sequence[float], trail: Floats | None = None) -> RgbImage:
        """Return the image (height, width, 3) of one state.

        Args:
            frame: x, y of the robot, then x, y, theta of each movable in file order (m, rad).
            trail: path of the robot so far (n, 2) (m); None for no line.
        """
        image = self._static.copy()
        poses = [Pose2D(*frame[first : first + 3]) for first in range(2, len(frame), 3)]
        for movable, pose in zip(self._scene.movables, poses, strict=True):
            corners = pose.to_world(movable.footprint.outline)
            self._polygon(image, corners, MOVABLE)
            self._line(image, corners, MOVABLE_EDGE, _EDGE_PX, closed=True)
        if trail is not None and len(trail) > 1:
            self._line(image, trail, ROBOT, _TRAIL_PX, closed=False)
        self._disc(image, np.array([frame[:2]]), self._robot_radius, ROBOT)
        small = cv2.resize(image, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return small.astype(np.uint8, copy=False)

    def _pixels(self, points: Floats) -> NDArray[np.int32]:
        """Return world points (n, 2) as fixed-point pixels with `_FRACTION_BITS` bits."""
        origin = np.array([self._view.x_min, self._view.y_max])
        pixels: Floats = (points - origin) * (self._pixels_per_m, -self._pixels_per_m)
        fixed: NDArray[np.int32] = np.round(pixels * (1 << _FRACTION_BITS)).astype(np.int32)
        return fixed

    def _polygon(self, image: RgbImage, corners: Floats, colour: str) -> None:
        cv2.fillPoly(
            image,
            [self._pixels(corners)],
            _colour(colour),
            lineType=cv2.LINE_AA,
            shift=_FRACTION_BITS,
        )

    def _line(
        self, image: RgbImage, points: Floats, colour: str, width_px: float, *, closed: bool
    ) -> None:
        cv2.polylines(
            image,
            [self._pixels(points)],
            closed,
            _colour(colour),
            max(1, round(width_px * _SUPERSAMPLING)),
            cv2.LINE_AA,
            _FRACTION_BITS,
        )

    def _disc(
        self, image: RgbImage, centre: Floats, radius: float, colour: str, ring_px: float = 0.0
    ) -> None:
        """Draw a disc, or a ring if `ring_px` gives its line width."""
        (x, y) = self._pixels(centre)[0].tolist()
        pixels = round(radius * self._pixels_per_m * (1 << _FRACTION_BITS))
        width = max(1, math.ceil(ring_px * _SUPERSAMPLING)) if ring_px else cv2.FILLED
        cv2.circle(image, (x, y), pixels, _colour(colour), width, cv2.LINE_AA, _FRACTION_BITS)


def _corners(area: Bounds) -> Floats:
    """Return the corners of a rectangle (4, 2) (m)."""
    return np.array(
        [
            (area.x_min, area.y_min),
            (area.x_max, area.y_min),
            (area.x_max, area.y_max),
            (area.x_min, area.y_max),
        ]
    )


def _colour(name: str) -> tuple[int, int, int]:
    red, green, blue = (round(255 * part) for part in to_rgb(name))
    return red, green, blue
