import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from namo.geometry import Pose2D
from namo.scenes.footprint import Rectangle, footprint_of
from namo.scenes.grid import Grid, inflated
from namo.scenes.regions import BACK_OFF_M
from namo.scenes.scene import Bounds
from namo.world.free_runs import NO_REGION
from namo.world.free_space import FreeSpace
from namo.world.outlines import OutlineTable

GRID = Grid.over(Bounds(-1.0, -1.0, 1.0, 1.0))
L_SHAPE, _ = footprint_of([(0, 0), (0.6, 0), (0.6, 0.2), (0.2, 0.2), (0.2, 0.5), (0, 0.5)])
SHAPES = (Rectangle(0.3, 0.2), L_SHAPE)

masks = arrays(np.uint8, st.tuples(*[st.integers(1, 14)] * 2), elements=st.integers(0, 1))
coordinates = st.floats(-1.3, 1.3)
poses = st.builds(Pose2D, coordinates, coordinates, st.floats(-3.1, 3.1))


def bordered(mask):
    return np.pad(mask, 1, constant_values=1)


def blocked_by(seed):
    """A grid with some random cells blocked."""
    mask = GRID.blank()
    mask[1:-1, 1:-1] |= np.random.default_rng(seed).random((GRID.rows, GRID.columns)) < 0.2
    return mask


@pytest.mark.parametrize("shape", SHAPES)
@given(pose=poses, seed=st.integers(0, 5))
def test_a_temporary_obstacle_equals_a_new_mask(shape, pose, seed):
    free, table = FreeSpace(GRID, blocked_by(seed)), OutlineTable(GRID, [shape], 0.15)
    before = free.runs
    with free.with_temporary_obstacle(table.placed_alone(0, pose)) as obstacle:
        drawn = obstacle.mask.copy()
    connected = free.connected(0.0, 0.0, table.placed_alone(0, pose))
    expected = blocked_by(seed)
    GRID.fill(expected, pose, inflated(shape, 0.15))
    assert (drawn == expected).all()
    new = FreeSpace(GRID, expected)
    for one, other in zip(connected.runs, new.runs, strict=True):
        assert (one == other).all()
    again = new.connected(0.0, 0.0, None)
    assert (connected.row, connected.column) == (again.row, again.column)
    # And it leaves no trace.
    assert free.runs is before
    with free.with_temporary_obstacle(table.placed_alone(0, Pose2D(9.0, 9.0, 0.0))) as obstacle:
        assert (obstacle.mask == blocked_by(seed)).all()


@given(st.lists(st.tuples(st.integers(0, 1), poses), max_size=4))
def test_added_obstacles_equal_a_new_mask(obstacles):
    tables = [OutlineTable(GRID, [shape], 0.1) for shape in SHAPES]
    more = FreeSpace(GRID, blocked_by(0)).with_obstacles(
        tables[shape].placed_alone(0, pose) for shape, pose in obstacles
    )
    expected = blocked_by(0)
    for shape, pose in obstacles:
        GRID.fill(expected, pose, inflated(SHAPES[shape], 0.1))
    assert (more.blocked == expected).all()
    for one, other in zip(more.runs, FreeSpace(GRID, expected).runs, strict=True):
        assert (one == other).all()


@given(masks, st.integers(0, 2**32 - 1))
def test_a_robot_is_represented_by_its_cell_or_the_nearest_free_one(mask, seed):
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
        assert (found.row, found.column, found.region) == (NO_REGION, NO_REGION, NO_REGION)
    else:
        centre = grid.centres(np.array(found.row), np.array(found.column))
        assert math.dist(centre, (x, y)) == pytest.approx(nearest, abs=1e-12)
        assert found.region != NO_REGION
