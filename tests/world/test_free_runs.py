import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from namo.scenes.grid import Grid
from namo.scenes.scene import Bounds
from namo.world.free_runs import (
    NO_REGION,
    any_in_region,
    in_region,
    locate,
    paint,
    region_at,
    runs_of,
)

EIGHT = np.ones((3, 3))
GRID = Grid.over(Bounds(-1.0, -1.0, 1.0, 1.0))

masks = arrays(np.uint8, st.tuples(*[st.integers(1, 14)] * 2), elements=st.integers(0, 1))


def bordered(mask):
    return np.pad(mask, 1, constant_values=1)


def blocked_by(seed):
    """A grid with some random cells blocked."""
    mask = GRID.blank()
    mask[1:-1, 1:-1] |= np.random.default_rng(seed).random((GRID.rows, GRID.columns)) < 0.2
    return mask


def regions(runs, shape):
    """The region of every cell, `NO_REGION` where it is blocked."""
    return np.array(
        [[region_at(runs, row, column) for column in range(shape[1])] for row in range(shape[0])]
    )


def same_partition(regions, mask):
    """Whether the regions are the connected components of the free cells of a mask."""
    labels, count = ndimage.label(mask == 0, EIGHT)
    pairs = set(zip(regions.ravel().tolist(), labels.ravel().tolist(), strict=True))
    free = {pair for pair in pairs if pair[1]}
    return pairs - free <= {(NO_REGION, 0)} and len(free) == count == len({r for r, _ in free})


@given(masks)
def test_regions_are_the_connected_components_over_eight_neighbours(mask):
    mask = bordered(mask)
    assert same_partition(regions(runs_of(mask), mask.shape), mask)


@given(masks)
def test_runs_are_maximal_and_in_order(mask):
    mask = bordered(mask)
    runs = runs_of(mask)
    for row in range(len(mask)):
        here = slice(runs.first[row], runs.first[row + 1])
        cells = np.zeros(mask.shape[1], bool)
        for begin, end in zip(runs.begin[here], runs.end[here], strict=True):
            assert begin < end
            assert mask[row, begin - 1]
            assert mask[row, end]
            cells[begin:end] = True
        assert (cells == (mask[row] == 0)).all()
        assert (np.diff(runs.begin[here]) > 0).all()


@given(st.integers(0, 20))
def test_regions_of_points_and_cells_agree_with_the_painted_mask(seed):
    mask = blocked_by(seed)
    runs = runs_of(mask)
    region = locate(mask, runs, 0.0, 0.0, GRID.frame, 0.06)[2]
    points = np.random.default_rng(seed).uniform(-1.2, 1.2, (50, 2))
    painted = mask.copy()
    paint(painted, runs, region, 2)
    assert (in_region(runs, region, points, GRID.frame) == (painted[GRID.cells(points)] == 2)).all()
    assert any_in_region(runs, region, *GRID.cells(points)) is bool(
        (painted[GRID.cells(points)] == 2).any()
    )


def test_nothing_is_in_the_region_of_a_wedged_robot():
    mask = bordered(np.ones((5, 5), np.uint8))
    runs = runs_of(mask)
    cells = np.array([2]), np.array([2])
    assert not any_in_region(runs, NO_REGION, *cells)
    assert not in_region(runs, NO_REGION, np.zeros((1, 2)), GRID.frame).any()
