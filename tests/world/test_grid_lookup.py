import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from namo.geometry import Pose2D, placed
from namo.scenes.grid import Grid
from namo.scenes.scene import Bounds
from namo.world.grid_lookup import any_set, cell_of

GRID = Grid.over(Bounds(-1.0, -1.0, 1.0, 1.0))

coordinates = st.floats(-1.3, 1.3)
poses = st.builds(Pose2D, coordinates, coordinates, st.floats(-3.1, 3.1))


@given(st.integers(0, 20), poses)
def test_points_are_looked_up_as_on_the_grid(seed, pose):
    rng = np.random.default_rng(seed)
    mask = GRID.blank()
    mask[1:-1, 1:-1] |= rng.random((GRID.rows, GRID.columns)) < 0.2
    points = rng.uniform(-1.2, 1.2, (3, 2))
    cells = GRID.cells(pose.to_world(points))
    assert any_set(mask, points, placed(pose), GRID.frame) is bool(mask[cells].any())


@given(coordinates, coordinates)
def test_cells_are_those_of_the_grid(x, y):
    row, column = GRID.cells(np.array([x, y]))
    assert cell_of(x, y, GRID.frame, GRID.rows + 2) == (row, column)
