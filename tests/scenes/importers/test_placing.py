import tracemalloc

import numpy as np
import pytest

from namo.errors import SceneError
from namo.scenes.importers.placing import farthest, path_ends


def test_the_ends_of_a_snake_are_the_longest_path():
    free = np.zeros((5, 6), dtype=bool)
    free[0], free[2], free[4], free[1, 5], free[3, 0] = True, True, True, True, True
    assert set(path_ends(free, diagonal=False)) == {(0, 0), (4, 5)}


def test_only_the_largest_region_is_used_and_diagonals_only_on_request():
    free = np.array([[1, 0, 0], [0, 1, 1]], dtype=bool)
    assert set(path_ends(free, diagonal=False)) == {(1, 1), (1, 2)}
    assert set(path_ends(free, diagonal=True)) == {(0, 0), (1, 2)}
    assert farthest(np.fliplr(free), (0, 2), diagonal=True) == (1, 0)
    with pytest.raises(SceneError, match="no free cell"):
        path_ends(~free & free, diagonal=True)


def test_a_large_plan_takes_no_more_memory_than_a_few_numbers_per_cell():
    free = np.ones((1500, 2000), dtype=bool)
    tracemalloc.start()
    try:
        assert path_ends(free, diagonal=True) == ((1499, 1999), (0, 0))
        assert tracemalloc.get_traced_memory()[1] < 60 * free.size
    finally:
        tracemalloc.stop()
