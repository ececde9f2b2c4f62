import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from namo.geometry import Pose2D, placed
from namo.scenes.footprint import Rectangle, footprint_of
from namo.scenes.grid import Grid, inflated
from namo.scenes.regions import BACK_OFF_M
from namo.scenes.scene import Bounds
from namo.world.free_space import (
    NOWHERE,
    FreeSpace,
    any_in_region,
    any_set,
    in_region,
    paint,
    region_at,
)
from namo.world.surroundings import OutlineTable

EIGHT = np.ones((3, 3))
GRID = Grid.over(Bounds(-1.0, -1.0, 1.0, 1.0))
L_SHAPE, _ = footprint_of([(0, 0), (0.6, 0), (0.6, 0.2), (0.2, 0.2), (0.2, 0.5), (0, 0.5)])
SHAPES = (Rectangle(0.3, 0.2), L_SHAPE)

masks = arrays(np.uint8, st.tuples(*[st.integers(1, 14)] * 2), elements=st.integers(0, 1))
coordinates = st.floats(-1.3, 1.3)
poses = st.builds(Pose2D, coordinates, coordinates, st.floats(-3.1, 3.1))


def bordered(mask):
    return np.pad(mask, 1, constant_values=1)


def regions(runs, shape):
    """The region of every cell, `NOWHERE` where it is blocked."""
    return np.array(
        [[region_at(runs, row, column) for column in range(shape[1])] for row in range(shape[0])]
    )


def same_partition(regions, mask):
    """Whether the regions are the connected components of the free cells of a mask."""
    labels, count = ndimage.label(mask == 0, EIGHT)
    pairs = set(zip(regions.ravel().tolist(), labels.ravel().tolist(), strict=True))
    free = {pair for pair in pairs if pair[1]}
    return pairs - free <= {(NOWHERE, 0)} and len(free) == count == len({r for r, _ in free})


def blocked_by(seed):
    """A grid with some random cells blocked."""
    mask = GRID.blank()
    mask[1:-1, 1:-1] |= np.random.default_rng(seed).random((GRID.rows, GRID.columns)) < 0.2
    return mask


@given(masks)
def test_regions_are_the_connected_components_over_eight_neighbours(mask):
    mask = bordered(mask)
    free = FreeSpace(GRID, mask)
    assert same_partition(regions(free.runs, mask.shape), mask)


@given(masks)
def test_runs_are_maximal_and_in_order(mask):
    mask = bordered(mask)
    runs = FreeSpace(GRID, mask).runs
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


@pytest.mark.parametrize("shape", SHAPES)
@given(pose=poses, seed=st.integers(0, 5))
def test_one_more_obstacle_gives_what_a_fresh_mask_gives(shape, pose, seed):
    free, table = FreeSpace(GRID, blocked_by(seed)), OutlineTable(GRID, [shape], 0.15)
    before = free.runs
    with free.trial(table.placed_alone(0, pose)) as trial:
        drawn = trial.mask.copy()
    connected = free.connected(0.0, 0.0, table.placed_alone(0, pose))
    expected = blocked_by(seed)
    GRID.fill(expected, pose, inflated(shape, 0.15))
    assert (drawn == expected).all()
    fresh = FreeSpace(GRID, expected)
    for one, other in zip(connected.runs, fresh.runs, strict=True):
        assert (one == other).all()
    again = fresh.connected(0.0, 0.0, None)
    assert (connected.row, connected.column) == (again.row, again.column)
    # And nothing of it is left.
    assert free.runs is before
    with free.trial(table.placed_alone(0, Pose2D(9.0, 9.0, 0.0))) as trial:
        assert (trial.mask == blocked_by(seed)).all()


@given(st.lists(st.tuples(st.integers(0, 1), poses), max_size=4))
def test_many_more_obstacles_give_what_a_fresh_mask_gives(obstacles):
    tables = [OutlineTable(GRID, [shape], 0.1) for shape in SHAPES]
    more = FreeSpace(GRID, blocked_by(0)).and_more(
        tables[shape].placed_alone(0, pose) for shape, pose in obstacles
    )
    expected = blocked_by(0)
    for shape, pose in obstacles:
        GRID.fill(expected, pose, inflated(SHAPES[shape], 0.1))
    assert (more.blocked == expected).all()
    for one, other in zip(more.runs, FreeSpace(GRID, expected).runs, strict=True):
        assert (one == other).all()


@given(masks, st.integers(0, 2**32 - 1))
def test_a_robot_counts_from_its_cell_or_the_nearest_free_one(mask, seed):
    mask = bordered(mask)
    grid = Grid(0.0, 0.0, mask.shape[0] - 2, mask.shape[1] - 2)
    x, y = np.random.default_rng(seed).uniform(0.0, [grid.columns * 0.02, grid.rows * 0.02])
    found = FreeSpace(grid, mask).connected(x, y, None)
    row, column = (int(index) for index in grid.cells(np.array([x, y])))
    if not mask[row, column]:
        assert (found.row, found.column) == (row, column)
        return
    centres = grid.centres(*np.nonzero(mask == 0))
    nearest = min((math.dist(centre, (x, y)) for centre in centres), default=math.inf)
    if nearest > BACK_OFF_M:
        assert (found.row, found.column, found.region) == (NOWHERE, NOWHERE, NOWHERE)
    else:
        centre = grid.centres(np.array(found.row), np.array(found.column))
        assert math.dist(centre, (x, y)) == pytest.approx(nearest, abs=1e-12)
        assert found.region != NOWHERE


@given(st.integers(0, 20), poses)
def test_points_and_cells_are_looked_up_as_on_the_grid(seed, pose):
    mask = blocked_by(seed)
    free = FreeSpace(GRID, mask)
    region = free.connected(0.0, 0.0, None).region
    points = np.random.default_rng(seed).uniform(-1.2, 1.2, (50, 2))
    painted = mask.copy()
    paint(painted, free.runs, region, 2)
    assert (
        in_region(free.runs, region, points, GRID.frame) == (painted[GRID.cells(points)] == 2)
    ).all()
    assert any_in_region(free.runs, region, *GRID.cells(points)) is bool(
        (painted[GRID.cells(points)] == 2).any()
    )
    assert any_set(mask, points[:3], placed(pose), GRID.frame) is bool(
        mask[GRID.cells(pose.to_world(points[:3]))].any()
    )


def test_nothing_is_in_the_region_of_a_wedged_robot():
    mask = bordered(np.ones((5, 5), np.uint8))
    free = FreeSpace(GRID, mask)
    cells = np.array([2]), np.array([2])
    assert not any_in_region(free.runs, NOWHERE, *cells)
    assert not in_region(free.runs, NOWHERE, np.zeros((1, 2)), GRID.frame).any()
