"""Compiled collision checks: what the primitives of a movable would sweep into from a pose."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled
from namo.geometry import Floats, Placed
from namo.scenes.grid import Frame, Mask
from namo.world.grid_lookup import cell_of


class PrimitiveTable(NamedTuple):
    """The primitives of a movable as arrays; primitive = contact * travels + travel.

    Attributes:
        moves: (primitives, 5) dx, dy (m), dtheta (rad), its cosine and its sine.
        prices: (primitives,) physics steps; infinite where the box does not yield.
        swept: (contacts, travels, n, 2) border of the movable at the end, in its initial frame (m).
        followed: (contacts, travels, 2) centre of the robot at the end, likewise (m).
        cost_to_go: (dx, dy, dtheta) cells of displacements: physics steps; see
            `namo.world.cost_to_go.CostToGo`.
        size: of the class (m); see `namo.world.primitives.PrimitiveLibrary`.
    """

    moves: Floats
    prices: Floats
    swept: Floats
    followed: Floats
    cost_to_go: NDArray[np.float32]
    size: float


class ObstacleMasks(NamedTuple):
    """The obstacles around the movable.

    Attributes:
        solid_walls: cells that walls cover.
        walls: cells in which the robot's centre would touch a wall.
        others: cells that other movables cover.
    """

    solid_walls: Mask
    walls: Mask
    others: Mask


@compiled
def find_surcharges(
    surcharges: Floats,
    table: PrimitiveTable,
    contact: int,
    pose: Placed,
    masks: ObstacleMasks,
    frame: Frame,
    shove_cost: float,
) -> None:
    """Compute what the primitives of a contact cost besides their steps, from a pose of the box.

    Infinite where box or robot would sweep into a wall. A longer travel passes through all shorter
    ones, so it also meets their obstacles.

    Args:
        surcharges: (travels,) the result, physics steps; written to.
        table: of the movable.
        contact: index of the contact point.
        pose: of the movable in the world.
        masks: of the obstacles.
        frame: of their grid.
        shove_cost: of sweeping into another movable (physics steps).
    """
    solid_walls, walls, others = masks
    x, y, c, s = pose
    rows = len(walls)
    swept, followed = table.swept, table.followed
    surcharges[:] = np.inf
    cost = 0.0
    for travel in range(len(surcharges)):
        at_x, at_y = followed[contact, travel]
        row, column = cell_of(at_x * c - at_y * s + x, at_x * s + at_y * c + y, frame, rows)
        if walls[row, column] != 0:
            return
        for point in range(swept.shape[2]):
            at_x, at_y = swept[contact, travel, point]
            row, column = cell_of(at_x * c - at_y * s + x, at_x * s + at_y * c + y, frame, rows)
            if solid_walls[row, column] != 0:
                return
            if others[row, column] != 0:
                cost = shove_cost
        surcharges[travel] = cost


@compiled
def all_surcharges(
    table: PrimitiveTable, pose: Placed, masks: ObstacleMasks, frame: Frame, shove_cost: float
) -> Floats:
    """Return the surcharges (contacts, travels) of all primitives in physics steps.

    Args:
        table: of the movable.
        pose: of it in the world.
        masks: of the obstacles.
        frame: of their grid.
        shove_cost: see `find_surcharges` (physics steps).
    """
    surcharges = np.empty(table.followed.shape[:2])
    for contact in range(len(surcharges)):
        find_surcharges(surcharges[contact], table, contact, pose, masks, frame, shove_cost)
    return surcharges


@compiled
def all_overlaps(table: PrimitiveTable, pose: Placed, solid_walls: Mask, frame: Frame) -> Floats:
    """Return how far into walls all primitives (contacts, travels) are predicted to lead the box.

    Each as the fraction of the border of the box that is inside walls, 0 to 1, the greatest up to
    this travel. Primitives know of no walls; a box that meets one stops or slides along it.

    Args:
        table: of the movable.
        pose: of it in the world.
        solid_walls: cells that walls cover.
        frame: of their grid.
    """
    x, y, c, s = pose
    swept = table.swept
    overlaps = np.zeros(swept.shape[:2])
    for contact in range(swept.shape[0]):
        greatest = 0
        for travel in range(swept.shape[1]):
            inside = 0
            for point in range(swept.shape[2]):
                at_x, at_y = swept[contact, travel, point]
                row, column = cell_of(
                    at_x * c - at_y * s + x, at_x * s + at_y * c + y, frame, len(solid_walls)
                )
                inside += solid_walls[row, column] != 0
            greatest = max(greatest, inside)
            overlaps[contact, travel] = greatest / swept.shape[2]
    return overlaps
