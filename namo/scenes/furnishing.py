"""Put boxes, robot and goal into a layout, so that the boxes are what is in the way.

Boxes go into narrow places first, wide enough that the robot does not fit beside them, then
anywhere. Robot and goal go into two regions that only boxes keep apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats, Pose2D, convex_overlap_depth
from namo.scenes.footprint import Rectangle
from namo.scenes.generator_settings import GeneratorSettings
from namo.scenes.grid import SKIN_M, Grid, Mask, inflated
from namo.scenes.layouts.layout import WALL_HALF_HEIGHT_M, Layout, drawn
from namo.scenes.passages import Passage, find_passages
from namo.scenes.regions import Regions, blocked_cells, regions_of
from namo.scenes.scene import (
    FLOOR_FRICTION,
    GOAL_TOLERANCE_M,
    MOVABLE_FRICTION,
    Goal,
    Movable,
    Robot,
    Scene,
)

Cells = NDArray[np.bool_]

ROBOT = Robot(0.0, 0.0)
BESIDE_M = (0.06, 0.26)
"""Free width beside a box in a narrow place, both sides together: the robot is 0.3 m wide."""
BEHIND_PASSAGE_M = 0.2
"""How far beyond a narrow place a box may stand and still leave the robot no way around it."""
YAW_IN_PASSAGE_DEG = 4.0
CLEARANCE_M = 0.05
"""Between a box that stands about and anything else."""
SMALLEST_REGION_M2 = 0.25
"""Where the robot's centre can be; a smaller region is a gap, not a place to start or end in."""
ELBOW_ROOM_CELLS = 11
"""Robot and goal keep half as many cells away from where the robot would touch something: nobody
starts or ends squeezed against a wall if there is room."""
BOX_TRIES = 30
TRIES = 5
"""How often boxes are placed anew when they keep nothing apart."""


class Rejection(StrEnum):
    """Why a candidate is no scene."""

    NOTHING_BLOCKED = "boxes keep no two regions apart"
    NO_PLACE_FOR_BOXES = "no place for its boxes"
    NO_PLACE_FOR_GOAL = "no place for a goal out of reach"
    NO_ROOM_TO_MOVE = "no region is large enough for the robot"


class Site:
    """A layout with what is worth computing once for all scenes in it.

    Attributes:
        layout: the walls.
        grid: over them.
        walls: mask of the cells in which the robot would touch a wall.
        regions: without boxes.
        open_floor: number of the largest of them; a part that walls close off is no place for
            anything.
    """

    def __init__(self, layout: Layout, widest_passage: float) -> None:
        """Draw the walls.

        Args:
            layout: the walls.
            widest_passage: what still counts as a narrow place (m).
        """
        self.layout = layout
        self._widest = widest_passage
        self.grid = Grid.over(layout.bounds)
        self.walls = blocked_cells(self.grid, layout.walls, ROBOT.radius)
        self.regions = regions_of(self.grid, self.walls)
        self.open_floor = int(self.regions.cells.argmax())

    @property
    def closed_off_m2(self) -> float:
        """Floor that walls keep the robot from, wherever it starts (m²)."""
        areas = self.regions.areas
        return float(areas.sum() - areas[self.open_floor])

    @cached_property
    def wall_pieces(self) -> list[Floats]:
        """Convex outlines (n, 2) of all walls in the world (m)."""
        return [piece for wall in self.layout.walls for piece in wall.pieces()]

    @cached_property
    def passages(self) -> list[Passage]:
        """Narrow places that the robot can get to."""
        solid = self.grid.blank()
        for wall in self.layout.walls:
            self.grid.fill(solid, wall.pose, inflated(wall.footprint, 0.0))
        return [
            passage
            for passage in find_passages(self.grid, solid, self._widest)
            if (self.regions.at(passage.middles) == self.open_floor).any()
        ]


def widest_passage(settings: GeneratorSettings) -> float:
    """Return the width of the widest place that the longest box can block (m)."""
    return settings.box_size_m[1] * math.sqrt(settings.box_aspect[1]) + BESIDE_M[1]


def furnish(site: Site, settings: GeneratorSettings, rng: np.random.Generator) -> Scene | Rejection:
    """Return a scene in a layout, or why there is none for these random numbers."""
    must_block = bool(rng.random() >= settings.open_share)
    rejection = Rejection.NOTHING_BLOCKED
    for _ in range(TRIES):
        boxes = _Boxes(site, settings, rng)
        if not boxes.place():
            rejection = Rejection.NO_PLACE_FOR_BOXES
            continue
        ends = _place_ends(site, boxes, rng, must_block=must_block)
        if isinstance(ends, Rejection):
            rejection = ends
            continue
        friction = settings.floor_friction
        return Scene(
            site.layout.walls,
            boxes.movables(),
            *ends,
            floor_friction=(drawn(rng, friction, 0.05), *FLOOR_FRICTION[1:]),
            options=dict(settings.options),
        )
    return rejection


@dataclass(frozen=True)
class _Box:
    pose: Pose2D
    shape: Rectangle


class _Boxes:
    """Boxes being placed in a layout."""

    def __init__(self, site: Site, settings: GeneratorSettings, rng: np.random.Generator) -> None:
        self.site, self.settings, self.rng = site, settings, rng
        self.boxes: list[_Box] = []
        self._pieces = list(site.wall_pieces)
        self._low = np.array([piece.min(axis=0) for piece in self._pieces])
        self._high = np.array([piece.max(axis=0) for piece in self._pieces])

    def place(self) -> bool:
        """Place as many boxes as are drawn; return whether all found a place."""
        settings, rng = self.settings, self.rng
        in_passages = int(rng.integers(*settings.boxes_in_passages, endpoint=True))
        elsewhere = int(rng.integers(*settings.boxes_elsewhere, endpoint=True))
        passages = self.site.passages
        placed = 0
        for index in rng.permutation(len(passages)).tolist():
            if placed == in_passages:
                break
            placed += self._plug(passages[index])
        return placed == in_passages and all(self._scatter() for _ in range(elsewhere))

    def _size(self) -> tuple[float, float]:
        """Return the sides of a box, longer first (m)."""
        size = float(self.rng.uniform(*self.settings.box_size_m))
        aspect = math.sqrt(float(self.rng.uniform(*self.settings.box_aspect)))
        return size * aspect, size / aspect

    def _plug(self, passage: Passage) -> bool:
        low, high = passage.width - BESIDE_M[1], passage.width - BESIDE_M[0]
        for _ in range(BOX_TRIES):
            sides = self._size()
            across = int(self.rng.integers(2))
            if not low <= sides[across] <= high:
                continue
            x, y = passage.middles[int(self.rng.integers(len(passage.middles)))].tolist()
            yaw_deg = drawn(self.rng, (-YAW_IN_PASSAGE_DEG, YAW_IN_PASSAGE_DEG), 0.5)
            shape = sides[1 - across], sides[across]
            farthest = shape[0] / 2 + BEHIND_PASSAGE_M
            shift = float(self.rng.uniform(-farthest, farthest))
            if passage.along_x:
                x += shift
            else:
                y, shape = y + shift, shape[::-1]
            if self._add(x, y, yaw_deg, shape, 0.0):
                return True
        return False

    def _scatter(self) -> bool:
        bounds = self.site.layout.bounds
        for _ in range(BOX_TRIES):
            x = float(self.rng.uniform(bounds.x_min, bounds.x_max))
            y = float(self.rng.uniform(bounds.y_min, bounds.y_max))
            yaw_deg = drawn(self.rng, (-90.0, 89.5), 0.5)
            on_floor = self.site.regions.at(np.array([x, y])) == self.site.open_floor
            if on_floor and self._add(x, y, yaw_deg, self._size(), CLEARANCE_M):
                return True
        return False

    def _add(
        self, x: float, y: float, yaw_deg: float, sides: tuple[float, float], margin: float
    ) -> bool:
        """Add a box unless it is nearer than the margin to something."""
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

    def blocked(self) -> Mask:
        """Return the cells in which the robot would touch a wall or a box."""
        mask = self.site.walls.copy()
        for box in self.boxes:
            self.site.grid.fill(mask, box.pose, _reach(box.shape))
        return mask

    def movables(self) -> tuple[Movable, ...]:
        """Return the boxes in random order, so that a name tells nothing of a place."""
        settings = self.settings
        movables = []
        for number, index in enumerate(self.rng.permutation(len(self.boxes)).tolist(), start=1):
            box = self.boxes[index]
            sliding = drawn(self.rng, settings.box_friction, 0.05)
            movables.append(
                Movable(
                    f"obstacle_{number}_movable",
                    box.pose,
                    box.shape,
                    WALL_HALF_HEIGHT_M,
                    WALL_HALF_HEIGHT_M,
                    mass=drawn(self.rng, settings.box_mass_kg, 0.01),
                    friction=(sliding, *MOVABLE_FRICTION[1:]),
                )
            )
        return tuple(movables)


def _reach(shape: Rectangle) -> tuple[Floats, ...]:
    return inflated(shape, ROBOT.radius + SKIN_M)


def _place_ends(
    site: Site, boxes: _Boxes, rng: np.random.Generator, *, must_block: bool
) -> tuple[Robot, Goal] | Rejection:
    """Return robot and goal in regions that only boxes keep apart."""
    regions = regions_of(site.grid, boxes.blocked())
    # Two regions on the same floor are kept apart by boxes alone.
    large = [
        number
        for number in np.flatnonzero(regions.areas >= SMALLEST_REGION_M2).tolist()
        if site.regions.labels[regions.labels == number][0] == site.open_floor
    ]
    if not large:
        return Rejection.NO_ROOM_TO_MOVE
    if must_block:
        pairs = [(start, end) for start in large for end in large if start != end]
        if not pairs:
            return Rejection.NOTHING_BLOCKED
    else:
        pairs = [(region, region) for region in large]
    start, end = pairs[int(rng.integers(len(pairs)))]
    robot = _random_cell(regions, _roomy(regions.labels == start), rng)
    goals = regions.labels == end
    if start != end:
        goals &= ~_near(regions, start)
    goal = _random_cell(regions, _roomy(goals), rng)
    if robot is None or goal is None:
        return Rejection.NO_PLACE_FOR_GOAL
    return Robot(*robot), Goal(*goal)


def _roomy(cells: Cells) -> Cells:
    """Return the cells with some space around them; all of them where none has."""
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (ELBOW_ROOM_CELLS, ELBOW_ROOM_CELLS))
    inner = np.asarray(cv2.erode(cells.astype(np.uint8), around) != 0)
    return inner if inner.any() else cells


def _near(regions: Regions, number: int) -> Cells:
    """Return which cells are so near to a region that a goal there would count as reached."""
    span = math.ceil((GOAL_TOLERANCE_M + regions.grid.resolution) / regions.grid.resolution)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * span + 1, 2 * span + 1))
    return np.asarray(cv2.dilate((regions.labels == number).astype(np.uint8), disc) != 0)


def _random_cell(
    regions: Regions, mask: Cells, rng: np.random.Generator
) -> tuple[float, float] | None:
    """Return the centre of a random cell, in whole millimetres (m)."""
    rows, columns = np.nonzero(mask)
    if not rows.size:
        return None
    index = int(rng.integers(rows.size))
    x, y = regions.grid.centres(rows[index], columns[index]).tolist()
    return round(x, 3) + 0.0, round(y, 3) + 0.0
