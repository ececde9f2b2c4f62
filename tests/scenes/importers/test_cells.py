import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from namo.errors import SceneError
from namo.scenes.importers.cells import CellPlan, merged
from namo.scenes.importers.importer import Names
from namo.scenes.scene import Bounds


@given(mask=arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.booleans()))
def test_merged_rectangles_cover_each_cell_once(mask):
    covered = np.zeros(mask.shape, dtype=int)
    for row, column, row_after, column_after in merged(mask):
        covered[row:row_after, column:column_after] += 1
    assert (covered == mask).all()


def test_merging_takes_the_larger_of_two_rectangles():
    assert merged(np.array([[1, 1], [1, 0], [1, 0]], dtype=bool)) == [(0, 0, 3, 1), (0, 1, 1, 2)]


def test_row_zero_is_on_top_and_the_centre_is_the_origin():
    plan = CellPlan(2, 4, 0.5)
    assert plan.bounds == Bounds(-1.0, -0.5, 1.0, 0.5)
    assert plan.centre((0, 0)) == (-0.75, 0.25)


def test_too_many_walls_are_refused():
    mask = np.indices((110, 110)).sum(axis=0) % 2 == 0
    with pytest.raises(SceneError, match="form 6050 walls; at most 5000"):
        CellPlan(110, 110, 0.5).walls(mask, Names(), 0.15)
