"""Place boxes in a layout: first in passages, where they block the robot, then anywhere."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from namo.geometry import Pose2D, convex_overlap_depth
from namo.scenes.footprint import Rectangle
from namo.scenes.generator.layouts.layout import WALL_HALF_HEIGHT_M, drawn
from namo.scenes.generator.passages import Passage
from namo.scenes.generator.prepared_layout import PreparedLayout
from namo.scenes.generator.settings import GeneratorSettings
from namo.scenes.grid import SKIN_M, Mask, inflated
from namo.scenes.scene import MOVABLE_FRICTION, Movable, Robot

BESIDE_M = (0.06, 0.26)
"""Range of the total free width beside a box in a passage for a robot of 0.3 m; in proportion for
others."""
BEHIND_PASSAGE_M = 0.2
"""How far outside a passage a box may stand and still block it, at scale 1."""
CLEARANCE_M = 0.05
"""Minimum distance of a box outside passages to walls and other boxes, at scale 1 as above."""
YAW_IN_PASSAGE_DEG = 4.0
BOX_TRIES = 30
"""Poses to sample for a box before it is given up."""


def widest_passage(settings: GeneratorSettings, scale: float, robot_radius: float) -> float:
    """Return the width of the widest passage that the longest box can block (m).

    Args:
        settings: of the generator.
        scale: factor of the lengths of boxes.
        robot_radius: m.
    """
    longest = scale * settings.box_size_m[1] * math.sqrt(settings.box_aspect[1])
    return longest + _beside_m(robot_radius)[1]


def _beside_m(robot_radius: float) -> tuple[float, float]:
    """Return the range of the total free width beside a box in a passage (m)."""
    factor = robot_radius / Robot.radius
    return BESIDE_M[0] * factor, BESIDE_M[1] * factor


@dataclass(frozen=True)
class _Box:
    pose: Pose2D
    shape: Rectangle


class Boxes:
    """Boxes being placed in a layout."""

    def __init__(
        self, prepared: PreparedLayout, settings: GeneratorSettings, rng: np.random.Generator
    ) -> None:
        self.prepared, self.settings, self.rng = prepared, settings, rng
        self.boxes: list[_Box] = []
        self._pieces = list(prepared.wall_pieces)
        self._low = np.array([piece.min(axis=0) for piece in self._pieces])
        self._high = np.array([piece.max(axis=0) for piece in self._pieces])

    def place(self) -> bool:
        """Draw how many boxes there are and place them; return whether all could be placed."""
        settings, rng = self.settings, self.rng
        in_passages = int(rng.integers(*settings.boxes_in_passages, endpoint=True))
        elsewhere = int(rng.integers(*settings.boxes_elsewhere, endpoint=True))
        passages = self.prepared.passages
        placed = 0
        for index in rng.permutation(len(passages)).tolist():
            if placed == in_passages:
                break
            placed += self._plug(passages[index])
        return placed == in_passages and all(self._scatter() for _ in range(elsewhere))

    def _size(self) -> tuple[float, float]:
        """Return the sides of a box, longer first (m)."""
        size = self.prepared.scale * float(self.rng.uniform(*self.settings.box_size_m))
        aspect = math.sqrt(float(self.rng.uniform(*self.settings.box_aspect)))
        return size * aspect, size / aspect

    def _plug(self, passage: Passage) -> bool:
        """Place a box that blocks a passage; return whether one fits."""
        narrow, wide = _beside_m(self.prepared.robot_radius)
        low, high = passage.width - wide, passage.width - narrow
        for _ in range(BOX_TRIES):
            sides = self._size()
            across = int(self.rng.integers(2))
            if not low <= sides[across] <= high:
                continue
            x, y = passage.middles[int(self.rng.integers(len(passage.middles)))].tolist()
            yaw_deg = drawn(self.rng, (-YAW_IN_PASSAGE_DEG, YAW_IN_PASSAGE_DEG), 0.5)
            shape = sides[1 - across], sides[across]
            farthest = shape[0] / 2 + self.prepared.scale * BEHIND_PASSAGE_M
            shift = float(self.rng.uniform(-farthest, farthest))
            if passage.along_x:
                x += shift
            else:
                y, shape = y + shift, shape[::-1]
            if self._add(x, y, yaw_deg, shape, 0.0):
                return True
        return False

    def _scatter(self) -> bool:
        """Place a box anywhere on the reachable floor; return whether there is room."""
        clearance = self.prepared.scale * CLEARANCE_M
        bounds = self.prepared.layout.bounds
        for _ in range(BOX_TRIES):
            x = float(self.rng.uniform(bounds.x_min, bounds.x_max))
            y = float(self.rng.uniform(bounds.y_min, bounds.y_max))
            yaw_deg = drawn(self.rng, (-90.0, 89.5), 0.5)
            on_floor = self.prepared.regions.at(np.array([x, y])) == self.prepared.open_floor
            if on_floor and self._add(x, y, yaw_deg, self._size(), clearance):
                return True
        return False

    def _add(
        self, x: float, y: float, yaw_deg: float, sides: tuple[float, float], margin: float
    ) -> bool:
        """Add a box unless something is closer to it than the margin (m)."""
        pose = Pose2D(round(x, 3) + 0.0, round(y, 3) + 0.0, math.radians(yaw_deg))
        shape = Rectangle(round(sides[0] / 2, 3), round(sides[1] / 2, 3))
        grown = Rectangle(shape.half_x + margin, shape.half_y + margin)
        corners = pose.to_world(grown.outline)
        low, high = corners.min(axis=0), corners.max(axis=0)
        for near in np.flatnonzero(((self._low < high) & (self._high > low)).all(axis=1)):
            if convex_overlap_depth(corners, self._pieces[near]) > 0.0:
                return False
        self.boxes.append(_Box(pose, shape))
        corners = pose.to_world(shape.outline)
        self._pieces.append(corners)
        self._low = np.vstack([self._low, corners.min(axis=0)])
        self._high = np.vstack([self._high, corners.max(axis=0)])
        return True

    def blocked(self, without: int | None = None) -> Mask:
        """Return the cells in which the robot would touch a wall or a box.

        Args:
            without: index of a box to leave out.
        """
        mask, reach = self.prepared.walls.copy(), self.prepared.robot_radius + SKIN_M
        for box in (box for index, box in enumerate(self.boxes) if index != without):
            self.prepared.grid.fill(mask, box.pose, inflated(box.shape, reach))
        return mask

    def movables(self) -> tuple[Movable, ...]:
        """Return the boxes in random order, so that names do not depend on positions."""
        settings, half_height = self.settings, self.prepared.scale * WALL_HALF_HEIGHT_M
        movables = []
        for number, index in enumerate(self.rng.permutation(len(self.boxes)).tolist(), start=1):
            box = self.boxes[index]
            sliding = drawn(self.rng, settings.box_friction, 0.05)
            movables.append(
                Movable(
                    f"obstacle_{number}_movable",
                    box.pose,
                    box.shape,
                    half_height,
                    half_height,
                    mass=drawn(self.rng, settings.box_mass_kg, 0.01),
                    friction=(sliding, *MOVABLE_FRICTION[1:]),
                )
            )
        return tuple(movables)
