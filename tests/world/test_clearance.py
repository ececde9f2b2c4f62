import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.geometry import Pose2D
from namo.scenes.footprint import FootprintSet, Rectangle, footprint_of
from namo.world.clearance import Solids, is_clear_of

TRIANGLE, _ = footprint_of([(0, 0), (0.8, 0.1), (0.3, 0.7)])
L_SHAPE, _ = footprint_of([(0, 0), (0.6, 0), (0.6, 0.2), (0.2, 0.2), (0.2, 0.5), (0, 0.5)])
SHAPES = (Rectangle(0.3, 0.2), TRIANGLE, L_SHAPE)

coordinates = st.floats(-2.0, 2.0)
solids = st.lists(
    st.tuples(
        st.builds(Pose2D, coordinates, coordinates, st.floats(-3.1, 3.1)), st.sampled_from(SHAPES)
    ),
    max_size=5,
)


@given(solids, coordinates, coordinates, st.floats(0.05, 0.5))
def test_a_point_is_clear_where_every_distance_is_at_least_the_radius(placed, x, y, radius):
    distances = FootprintSet(placed).distances(np.array([[x, y]]))[0]
    if (np.abs(distances - radius) < 1e-12).any():
        return  # at the boundary rounding decides
    table = Solids.of(placed)
    assert is_clear_of(table, -1, x, y, radius) is bool((distances >= radius).all())
    for excluded in range(len(placed)):
        rest = np.delete(distances, excluded)
        assert is_clear_of(table, excluded, x, y, radius) is bool((rest >= radius).all())


@pytest.mark.parametrize("shape", SHAPES)
def test_inside_a_solid_is_not_clear(shape):
    table = Solids.of([(Pose2D(1.0, 1.0, 0.5), shape)])
    at = Pose2D(1.0, 1.0, 0.5).to_world(shape.pieces[0].mean(axis=0))
    assert not is_clear_of(table, -1, *at, 0.01)
    assert is_clear_of(table, 0, *at, 0.01)
