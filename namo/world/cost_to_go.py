"""Cost-to-go of displacing a box: the fewest physics steps over sequences of primitives.

Dynamic programming over compositions of primitives, forward from zero displacement (Bellman 1957).
The table ignores obstacles; it is the heuristic of the search in `namo.world.push_planner`, which
does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled
from namo.geometry import Floats
from namo.portable_math import cos, sin

CONTACT_COST_STEPS = 25
"""Cost of making contact, besides pushing; favours few long pushes over many short ones."""

SPAN_FACTOR = 4.5
"""Half width of the table, as a multiple of the box's mean half extent."""
SPAN_RAD = 1.8
SHAPE = (61, 61, 37)
"""Cells along dx, dy and dtheta; odd, so that zero displacement is the centre of a cell."""
SEQUENCE_LENGTH = 3
BEYOND_COST_STEPS = 1000.0
"""Cost per mean half extent by which a displacement lies outside the table."""

_CENTRE = tuple(count // 2 for count in SHAPE)


@dataclass(frozen=True, eq=False)
class CostToGo:
    """The cost of displacing a box.

    Attributes:
        size: geometric mean of the half extents of the box (m).
        table: (dx, dy, dtheta) cells of the shape `SHAPE`, float32: physics steps.
    """

    size: float
    table: NDArray[np.float32]

    def __call__(self, displacements: Floats) -> Floats:
        """Return the cost (...) of displacements (..., 3), dx, dy (m), dtheta (rad): physics steps.

        A displacement outside the table costs what the nearest cell does, plus the distance to it.
        """
        limits = _limits(self.size)
        inside = np.clip(displacements, -limits, limits)
        cells = _cells(inside, limits)
        x, y, turn = np.moveaxis(np.abs(displacements - inside), -1, 0)
        within = self.table[cells[..., 0], cells[..., 1], cells[..., 2]]
        cost: Floats = within + (x + y + self.size * turn) * (BEYOND_COST_STEPS / self.size)
        return cost


def solve(displacements: Floats, steps: Floats, size: float) -> CostToGo:
    """Return the cost-to-go of a box from its primitives.

    Every cell keeps the cheapest displacement that fell into it, exactly as composed, and every
    primitive extends that one in the next round. Ties keep the first one.

    Args:
        displacements: (..., 3) of the primitives, dx, dy (m), dtheta (rad), in the frame of the box
            before the push.
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
        turns = cos(frontier[:, 2]), sin(frontier[:, 2])
        found = _extended(frontier, turns, spent, moves, prices, limits, cost.ravel())
        better = found[:, 3] < cost.ravel()
        frontier, spent = found[better, :3], found[better, 3]
        cost.ravel()[better] = spent
    from scipy import ndimage  # takes half a second to import and is needed only here

    # Goals are met within a tolerance, so a neighbouring displacement is as good.
    cost = ndimage.grey_erosion(cost, size=(3, 3, 3), mode="nearest")
    distance, nearest = ndimage.distance_transform_edt(~np.isfinite(cost), return_indices=True)
    table = cost[tuple(nearest)] + distance * float(prices.mean())
    table[_CENTRE] = 0.0
    return CostToGo(size, table.astype(np.float32))


def _limits(size: float) -> Floats:
    return np.array([SPAN_FACTOR * size, SPAN_FACTOR * size, SPAN_RAD])


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
    """Return for every cell (n, 4) the cheapest displacement after one more move, and its cost.

    Args:
        frontier: (k, 3) displacements to extend.
        turns: (k,) cosines and sines of their angles.
        spent: (k,) their costs.
        moves: (m, 3) displacements to append to them.
        prices: (m,) costs of those.
        limits: (3,) half widths of the table.
        cost: (n,) of the cells so far; only cheaper results are returned.
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
