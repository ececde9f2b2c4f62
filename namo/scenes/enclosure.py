"""Decide whether walls enclose a rectangular room."""

from __future__ import annotations

import numpy as np

from namo.geometry import Floats

CORNER_GAP_M = 0.15
"""Maximum gap in an outer wall, or between its end and the corner, for the room to be closed."""


def enclosed_rectangle(low: Floats, high: Floats) -> tuple[Floats, Floats] | None:
    """Return the bounding rectangle of walls if walls run along all four of its sides.

    Otherwise the walls do not define an inside and an outside.

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
        # The whole thickness of a wall along a side is in that half of the rectangle.
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
