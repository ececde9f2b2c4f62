"""Whether walls close off a room."""

from __future__ import annotations

import numpy as np

from namo.geometry import Floats

CORNER_GAP_M = 0.15
"""How far an end of an outer wall may stay short of the corner and still close the room."""


def enclosed_rectangle(low: Floats, high: Floats) -> tuple[Floats, Floats] | None:
    """Return the rectangle around walls if walls stand along all four sides of it.

    Walls that enclose no rectangle say nothing about inside and outside.

    Args:
        low: (n, 2) lower corners of the walls' bounding rectangles (m).
        high: (n, 2) upper corners (m).

    Returns:
        Lower and upper corner (2,) of the rectangle (m), or None.
    """
    if not len(low):
        return None
    corner_low, corner_high = low.min(axis=0), high.max(axis=0)
    middle = (corner_low + corner_high) / 2
    for along in (0, 1):
        across = 1 - along
        # A wall along a side lies on that half of the rectangle with its whole thickness.
        first = (low <= corner_low + CORNER_GAP_M) & (high <= middle)
        last = (high >= corner_high - CORNER_GAP_M) & (low >= middle)
        for at_side in (first[:, across], last[:, across]):
            reached = corner_low[along]
            for start, end in sorted(zip(low[at_side, along], high[at_side, along], strict=True)):
                if start > reached + CORNER_GAP_M:
                    return None
                reached = max(reached, end)
            if not at_side.any() or reached < corner_high[along] - CORNER_GAP_M:
                return None
    return np.asarray(corner_low), np.asarray(corner_high)
