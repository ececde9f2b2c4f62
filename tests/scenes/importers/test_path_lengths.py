import heapq
import itertools
import math

import numpy as np

from namo.scenes.importers.path_lengths import path_lengths


def test_lengths_are_those_of_dijkstras_algorithm():
    rng = np.random.default_rng(0)
    for _ in range(30):
        free = rng.random(rng.integers(2, 30, 2)) < 0.7
        row, column = np.argwhere(free | ~free.any())[0]
        free[row, column] = True
        for diagonal in (False, True):
            blocked = np.pad(~free, 1, constant_values=True)
            lengths = path_lengths(blocked, row + 1, column + 1, diagonal)[1:-1, 1:-1]
            expected = dijkstra_lengths(free, (row, column), diagonal=diagonal)
            np.testing.assert_array_equal(lengths, expected)


def dijkstra_lengths(free, start, *, diagonal):
    """Lengths of shortest paths, found with a queue that is sorted; -1 where there is none."""
    lengths, waiting = np.full(free.shape, -1.0), [(0.0, start)]
    while waiting:
        length, cell = heapq.heappop(waiting)
        if lengths[cell] >= 0.0:
            continue
        lengths[cell] = length
        for row, column in itertools.product((-1, 0, 1), repeat=2):
            near = cell[0] + row, cell[1] + column
            is_inside = 0 <= near[0] < free.shape[0] and 0 <= near[1] < free.shape[1]
            if is_inside and free[near] and (diagonal or 0 in (row, column)):
                heapq.heappush(waiting, (length + math.hypot(row, column), near))
    return lengths
