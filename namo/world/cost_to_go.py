"""What it takes to displace a box: the least physics steps over sequences of primitives.

A dynamic programme over compositions of primitives, forward from no displacement (Bellman 1957).
The table ignores obstacles; it guides the search of `namo.world.push_planner`, which does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled
from namo.geometry import Floats

CONTACT_COST_STEPS = 25
"""What taking up a contact costs besides pushing, so that few long pushes win over many short."""

SPAN_SHARE = 4.5
"""Half width of the table, as a share of the box's mean half extent."""
SPAN_RAD = 1.8
SHAPE = (61, 61, 37)
"""Cells along dx, dy and dtheta; odd, so that no displacement has a cell of its own."""
SEQUENCE_LENGTH = 3
BEYOND_COST_STEPS = 1000.0
"""Cost of each mean half extent by which a displacement lies beyond the table."""

_CENTRE = tuple(count // 2 for count in SHAPE)


@dataclass(frozen=True, eq=False)
class CostToGo:
    """The cost of displacements of a box.

    Attributes:
        size: geometric mean of the half extents of the box (m).
        table: (dx, dy, dtheta) cells, as many as `SHAPE` says, float32: physics steps.
    """

    size: float
    table: NDArray[np.float32]

    def __call__(self, displacements: Floats) -> Floats:
        """Return the cost (...) of displacements (..., 3), dx, dy (m), dtheta (rad): physics steps.

        Displacements beyond the table cost what the nearest one in it does, and the way there.
        """
        limits = _limits(self.size)
        inside = np.clip(displacements, -limits, limits)
        cells = _cells(inside, limits)
        beyond = np.abs(displacements - inside) @ np.array([1.0, 1.0, self.size])
        within = self.table[cells[..., 0], cells[..., 1], cells[..., 2]]
        cost: Floats = within + beyond * (BEYOND_COST_STEPS / self.size)
        return cost


def solve(displacements: Floats, steps: Floats, size: float) -> CostToGo:
    """Return the cost-to-go of a box from its primitives.

    Every cell keeps the cheapest displacement that fell into it, exactly as composed, and that one
    is extended by every primitive in the next round. Of equally cheap ones the first is kept.

    Args:
        displacements: (..., 3) of the primitives, dx, dy (m), dtheta (rad), in the frame that the
            box had before.
        steps: (...) physics steps of each; infinite where the box did not yield.
        size: geometric mean of the half extents of the box (m).
    """
    usable = np.isfinite(steps)
    if not usable.any():
        return CostToGo(size, np.zeros(SHAPE, np.float32))
    moves, prices = displacements[usable], steps[usable] + CONTACT_COST_STEPS
    limits = _limits(size)
    cost = np.full(SHAPE, np.inf)
    cost[_CENTRE] = 0.0
    frontier, spent = np.zeros((1, 3)), np.zeros(1)
    for _ in range(SEQUENCE_LENGTH):
        turns = np.cos(frontier[:, 2]), np.sin(frontier[:, 2])
        found = _extended(frontier, turns, spent, moves, prices, limits, cost.ravel())
        better = found[:, 3] < cost.ravel()
        frontier, spent = found[better, :3], found[better, 3]
        cost.ravel()[better] = spent
    from scipy import ndimage  # half a second of importing that only the making of a table needs

    # A target is met within a tolerance, so a neighbouring displacement will do as well.
    cost = ndimage.grey_erosion(cost, size=(3, 3, 3), mode="nearest")
    distance, nearest = ndimage.distance_transform_edt(~np.isfinite(cost), return_indices=True)
    table = cost[tuple(nearest)] + distance * float(prices.mean())
    table[_CENTRE] = 0.0
    return CostToGo(size, table.astype(np.float32))


def _limits(size: float) -> Floats:
    return np.array([SPAN_SHARE * size, SPAN_SHARE * size, SPAN_RAD])


def _cells(displacements: Floats, limits: Floats) -> NDArray[np.intp]:
    places = (displacements + limits) / (2 * limits) * (np.array(SHAPE) - 1)
    return np.asarray(np.rint(places), np.intp)


@compiled
def _extended(
    frontier: Floats,
    turns: tuple[Floats, Floats],
    spent: Floats,
    moves: Floats,
    prices: Floats,
    limits: Floats,
    cost: Floats,
) -> Floats:
    """Return for every cell (n, 4) the cheapest displacement one more move leads to, and its cost.

    Args:
        frontier: (k, 3) displacements to extend.
        turns: (k,) cosines and sines of their angles.
        spent: (k,) what they cost.
        moves: (m, 3) displacements to follow them.
        prices: (m,) what those cost.
        limits: (3,) half widths of the table.
        cost: (n,) of the cells so far; dearer ways are left out.
    """
    found = np.full((len(cost), 4), np.inf)
    reached = np.empty(3)
    for i in range(len(frontier)):
        c, s = turns[0][i], turns[1][i]
        for j in range(len(moves)):
            price = spent[i] + prices[j]
            reached[0] = frontier[i, 0] + c * moves[j, 0] - s * moves[j, 1]
            reached[1] = frontier[i, 1] + s * moves[j, 0] + c * moves[j, 1]
            reached[2] = frontier[i, 2] + moves[j, 2]
            cell = 0
            for axis in range(3):
                if abs(reached[axis]) > limits[axis]:
                    cell = -1
                    break
                place = (reached[axis] + limits[axis]) / (2 * limits[axis]) * (SHAPE[axis] - 1)
                cell = cell * SHAPE[axis] + round(place)
            if cell >= 0 and price < cost[cell] and price < found[cell, 3]:
                found[cell, :3] = reached
                found[cell, 3] = price
    return found
