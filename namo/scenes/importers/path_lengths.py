"""Lengths of shortest paths over the cells of a plan, in time and memory in proportion to them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled
from namo.geometry import Floats


@compiled
def path_lengths(blocked: NDArray[np.bool_], row: int, column: int, diagonal: bool) -> Floats:
    """Return the length (rows, columns) of a shortest path to every cell; -1 where there is none.

    A step is at least 1 long, so none of the cells whose lengths have the same whole part is on the
    way to another: they can be left in any order.

    Args:
        blocked: (rows, columns), all of the border.
        row: of the start, which is free.
        column: likewise.
        diagonal: whether diagonal cells are neighbours.
    """
    columns = blocked.shape[1]
    is_blocked = blocked.ravel()
    steps = np.array(
        [1, -1, columns, -columns, 1 + columns, 1 - columns, columns - 1, -columns - 1]
    )
    costs = np.array([1.0] * 4 + [math.sqrt(2.0)] * 4)
    count = 8 if diagonal else 4
    # Cells to leave, by the whole part of their length: this one, the next, the one after it.
    here = [row * columns + column]
    there, beyond = here[:0], here[:0]
    lengths = np.full(blocked.size, np.inf)
    lengths[here[0]] = 0.0
    whole = 0
    while here or there or beyond:
        for cell in here:
            if int(lengths[cell]) != whole:
                continue  # a shorter path has been found since
            for i in range(count):
                near, length = cell + steps[i], lengths[cell] + costs[i]
                if not is_blocked[near] and length < lengths[near]:
                    lengths[near] = length
                    if int(length) == whole + 1:
                        there.append(near)
                    else:
                        beyond.append(near)
        here.clear()
        here, there, beyond = there, beyond, here
        whole += 1
    lengths[np.isinf(lengths)] = -1.0
    return lengths.reshape(blocked.shape)
