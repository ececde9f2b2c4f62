"""Put boxes, robot and goal into a layout so that the boxes block the way.

Boxes go into passages first, wide enough that the robot does not fit beside them, then anywhere.
Robot and goal go into two regions that only boxes separate.
"""

from __future__ import annotations

import math
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from namo.scenes.generator.boundaries import boundaries_between
from namo.scenes.generator.boxes import Boxes
from namo.scenes.generator.layouts.layout import drawn
from namo.scenes.generator.prepared_layout import PreparedLayout
from namo.scenes.generator.sealing import sealed
from namo.scenes.generator.settings import Count, GeneratorSettings
from namo.scenes.regions import Regions, regions_of
from namo.scenes.scene import FLOOR_FRICTION, GOAL_TOLERANCE_M, Goal, Robot, Scene

Cells = NDArray[np.bool_]

SMALLEST_REGION_M2 = 0.25
"""Minimum free area for the robot's centre of a region to start or end in, at scale 1."""
ELBOW_ROOM_CELLS = 11
"""Diameter of the extra clearance of robot and goal, kept where there is room for it."""
TRIES = 5
"""Placements of all boxes to try before the candidate is rejected."""


class Rejection(StrEnum):
    """Why a candidate gives no scene. The texts are stored with candidates."""

    NOTHING_BLOCKED = "boxes keep no two regions apart"
    NO_PLACE_FOR_BOXES = "no place for its boxes"
    NO_PLACE_FOR_GOAL = "no place for a goal out of reach"
    NO_SUCH_BOUNDARIES = "no two regions have that many boundaries between them"
    NO_SEAL = "the goal is too close to its seal"
    NO_ROOM_TO_MOVE = "no region is large enough for the robot"


def populate(
    prepared: PreparedLayout, settings: GeneratorSettings, rng: np.random.Generator
) -> Scene | Rejection:
    """Return a scene in a layout, or why these random numbers give none."""
    must_block = bool(rng.random() >= settings.open_share)
    rejection = Rejection.NOTHING_BLOCKED
    for _ in range(TRIES):
        boxes = Boxes(prepared, settings, rng)
        if not boxes.place():
            rejection = Rejection.NO_PLACE_FOR_BOXES
            continue
        ends = _place_ends(prepared, boxes, rng, settings.boundaries, must_block=must_block)
        if isinstance(ends, Rejection):
            rejection = ends
            continue
        friction = settings.floor_friction
        scene = Scene(
            prepared.layout.walls,
            boxes.movables(),
            *ends,
            floor_friction=(drawn(rng, friction, 0.05), *FLOOR_FRICTION[1:]),
            options=dict(settings.options),
        )
        closed = scene if settings.seal is None else sealed(scene, settings.seal)
        if closed is not None:
            return closed
        rejection = Rejection.NO_SEAL
    return rejection


def _place_ends(
    prepared: PreparedLayout,
    boxes: Boxes,
    rng: np.random.Generator,
    boundaries: Count | None,
    *,
    must_block: bool,
) -> tuple[Robot, Goal] | Rejection:
    """Return robot and goal, in two regions that only boxes separate unless the scene is open."""
    regions = regions_of(prepared.grid, boxes.blocked())
    smallest = SMALLEST_REGION_M2 * prepared.scale**2
    # Only boxes separate regions that are on the same floor without them.
    large = [
        number
        for number in np.flatnonzero(regions.areas >= smallest).tolist()
        if prepared.regions.labels[regions.labels == number][0] == prepared.open_floor
    ]
    if not large:
        return Rejection.NO_ROOM_TO_MOVE
    if must_block:
        pairs = [(start, end) for start in large for end in large if start != end]
        if not pairs:
            return Rejection.NOTHING_BLOCKED
        if boundaries is not None:
            low, high = boundaries
            between = boundaries_between(boxes, regions)
            pairs = [pair for pair in pairs if low <= between[pair] <= high]
            if not pairs:
                return Rejection.NO_SUCH_BOUNDARIES
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
    marker = prepared.scale * Goal.radius
    return Robot(*robot, radius=prepared.robot_radius), Goal(*goal, radius=marker)


def _roomy(cells: Cells) -> Cells:
    """Return the cells that have extra clearance, or all cells if none has."""
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (ELBOW_ROOM_CELLS, ELBOW_ROOM_CELLS))
    inner = np.asarray(cv2.erode(cells.astype(np.uint8), around) != 0)
    return inner if inner.any() else cells


def _near(regions: Regions, number: int) -> Cells:
    """Return the cells so close to a region that a goal there would count as reached from it."""
    span = math.ceil((GOAL_TOLERANCE_M + regions.grid.resolution) / regions.grid.resolution)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * span + 1, 2 * span + 1))
    return np.asarray(cv2.dilate((regions.labels == number).astype(np.uint8), disc) != 0)


def _random_cell(
    regions: Regions, mask: Cells, rng: np.random.Generator
) -> tuple[float, float] | None:
    """Return the centre of a random cell, rounded to millimetres (m)."""
    rows, columns = np.nonzero(mask)
    if not rows.size:
        return None
    index = int(rng.integers(rows.size))
    x, y = regions.grid.centres(rows[index], columns[index]).tolist()
    return round(x, 3) + 0.0, round(y, 3) + 0.0
