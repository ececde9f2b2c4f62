import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.geometry import Pose2D
from namo.scenes.footprint import Rectangle, footprint_of
from namo.scenes.grid import Grid, inflated
from namo.scenes.scene import Bounds
from namo.world.outlines import OutlineTable

GRID = Grid.over(Bounds(-1.0, -1.0, 1.0, 1.0))
L_SHAPE, _ = footprint_of([(0, 0), (0.6, 0), (0.6, 0.2), (0.2, 0.2), (0.2, 0.5), (0, 0.5)])
SHAPES = (Rectangle(0.3, 0.2), L_SHAPE)

coordinates = st.floats(-1.3, 1.3)
poses = st.builds(Pose2D, coordinates, coordinates, st.floats(-3.1, 3.1))


@pytest.mark.parametrize("by", [0.0, 0.15])
@given(first=poses, second=poses)
def test_outlines_cover_the_cells_that_the_grid_fills(by, first, second):
    table = OutlineTable(GRID, SHAPES, by)
    together = table.placed(np.array([first, second]))
    for place, (shape, pose) in enumerate(zip(SHAPES, (first, second), strict=True)):
        expected = GRID.blank()
        border = expected.copy()
        GRID.fill(expected, pose, inflated(shape, by))
        for outlines in (together[place], table.placed_alone(place, pose)):
            drawn = border.copy()
            outlines.draw(drawn)
            assert (drawn == expected).all()
            top, bottom, left, right = outlines.window(drawn)
            changed = np.argwhere(drawn != border)
            assert (changed >= (top, left)).all()
            assert (changed < (bottom, right)).all()


def test_a_scene_without_movables_has_no_outlines():
    assert OutlineTable(GRID, [], 0.1).placed(np.empty((0, 3))) == []


@given(st.lists(poses, max_size=4), st.sampled_from([0, 1]))
def test_one_movable_at_many_poses_is_drawn_as_at_each_of_them(places, movable):
    table = OutlineTable(GRID, SHAPES, 0.151)
    together = table.placed_each(movable, np.array(places).reshape(-1, 3))
    assert len(together) == len(places)
    for outlines, pose in zip(together, places, strict=True):
        alone = table.placed(np.array([pose, pose]))[movable]
        assert np.array_equal(outlines.pixels, alone.pixels)
        assert outlines.parts == alone.parts
