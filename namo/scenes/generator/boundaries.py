"""Boundaries: how many times boxes stand between one free region and another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from namo.scenes.generator.boxes import Boxes
from namo.scenes.regions import Regions, regions_of

UNCONNECTED = 10**6


def boundaries_between(boxes: Boxes, regions: Regions) -> NDArray[np.int64]:
    """Return the number of boundaries between regions.

    Two regions share a boundary if they are connected without one of the boxes. The number between
    two others is that of the way with the fewest.

    Args:
        boxes: that separate the regions.
        regions: the free space between walls and boxes.

    Returns:
        (regions + 1, regions + 1), symmetric; `UNCONNECTED` or more where only several boxes at a
        time, or walls, are in the way, and for number 0, which is no region.
    """
    count = len(regions.cells)
    between = np.full((count, count), UNCONNECTED)
    _, first_cell = np.unique(regions.labels, return_index=True)
    for box in range(len(boxes.boxes)):
        without = regions_of(regions.grid, boxes.blocked(without=box))
        place = without.labels.ravel()[first_cell]
        between[(place[:, None] == place) & (place > 0)] = 1
    between[0, :] = between[:, 0] = UNCONNECTED
    np.fill_diagonal(between[1:, 1:], 0)
    for middle in range(1, count):
        between = np.minimum(between, between[:, [middle]] + between[[middle], :])
    return between
