import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from namo.errors import SceneError
from namo.geometry import Pose2D, RectangleSet
from namo.scenes.footprint import Rectangle
from namo.scenes.grid import (
    ARC_SEGMENTS,
    PERIMETER_INSET_M,
    PERIMETER_SPACING_M,
    RESOLUTION_M,
    Grid,
    inflated,
    inflated_outline,
    perimeter,
)
from namo.scenes.scene import Bounds

GRID = Grid.over(Bounds(-1.0, -1.1, 1.2, 1.3))
ROWS, COLUMNS = np.indices((GRID.rows + 2, GRID.columns + 2))
CENTRES = GRID.centres(ROWS, COLUMNS)

halves = st.floats(0.005, 0.5)
radii = st.one_of(st.just(0.0), st.just(0.151), st.floats(0.0, 0.3))
angles = st.one_of(
    st.sampled_from([0.0, math.pi / 4, math.pi / 2, -math.pi / 2, math.pi]),
    st.floats(-math.pi, math.pi),
)
poses = st.builds(Pose2D, st.floats(-0.6, 0.6), st.floats(-0.6, 0.6), angles)


def interior(mask):
    """The mask without its border of one cell."""
    return mask[1:-1, 1:-1]


def drawn(half_x, half_y, radius, pose):
    """The drawn mask and the distances of cell centres to the rectangle, both without border."""
    mask = GRID.blank()
    GRID.fill(mask, pose, inflated(Rectangle(half_x, half_y), radius))
    distances = RectangleSet([(pose, (half_x, half_y))]).distances(CENTRES.reshape(-1, 2))
    return interior(mask), interior(distances.reshape(mask.shape))


@settings(max_examples=200, deadline=None)
@given(halves, halves, radii, poses)
def test_a_free_cell_is_at_least_the_radius_away(half_x, half_y, radius, pose):
    mask, distances = drawn(half_x, half_y, radius, pose)
    assert (distances[mask == 0] >= radius).all()


@settings(max_examples=200, deadline=None)
@given(halves, halves, radii, poses)
def test_little_free_space_is_lost(half_x, half_y, radius, pose):
    # A filled cell has its centre within 0.75 cells of the outline, and the outline bulges beyond
    # the circles at the corners by radius * (1 / cos(half a segment) - 1), 1.3 mm for the robot.
    bulge = radius * (1.0 / math.cos(math.pi / 4 / ARC_SEGMENTS) - 1.0)
    mask, distances = drawn(half_x, half_y, radius, pose)
    assert (distances[mask == 1] <= radius + bulge + 0.75 * RESOLUTION_M).all()


@given(halves, halves, st.floats(0.01, 0.3))
def test_the_outline_is_circumscribed(half_x, half_y, radius):
    outline = inflated_outline(half_x, half_y, radius)
    assert outline.shape == (4 * (ARC_SEGMENTS + 1), 2)
    middles = (outline + np.roll(outline, -1, axis=0)) / 2
    rectangle = RectangleSet([(Pose2D(0.0, 0.0, 0.0), (half_x, half_y))])
    assert (rectangle.distances(outline) >= radius - 1e-9).all()
    assert (rectangle.distances(middles) >= radius - 1e-9).all()


def test_an_outline_without_a_radius_is_the_rectangle():
    corners = {tuple(corner) for corner in inflated_outline(0.3, 0.2, 0.0).tolist()}
    assert corners == {(0.3, 0.2), (-0.3, 0.2), (-0.3, -0.2), (0.3, -0.2)}


def test_filling_sets_the_value():
    mask = GRID.blank()
    GRID.fill(mask, Pose2D(0.0, 0.0, 0.3), inflated(Rectangle(0.2, 0.2), 0.0), 2)
    assert set(np.unique(interior(mask)).tolist()) == {0, 2}
    assert mask[GRID.cells(np.zeros(2))] == 2


@pytest.mark.parametrize("x", [-40.0, -1.3, 1.5, 40.0])
def test_filling_outside_the_grid_is_harmless(x):
    mask = GRID.blank()
    GRID.fill(mask, Pose2D(x, 0.0, 0.4), inflated(Rectangle(0.1, 0.1), 0.0))
    assert not interior(mask).any()


def test_cells_and_centres_are_inverse():
    rows, columns = GRID.cells(CENTRES)
    assert (rows == ROWS).all()
    assert (columns == COLUMNS).all()


@given(st.floats(-0.99, 1.19), st.floats(-1.09, 1.29))
def test_a_point_lies_in_its_cell(x, y):
    row, column = GRID.cells(np.array([x, y]))
    assert np.abs(GRID.centres(row, column) - (x, y)).max() <= RESOLUTION_M / 2 + 1e-9


far = st.floats(0.0, 1e6)


@given(st.sampled_from(["left", "right", "below", "above"]), far, st.floats(-0.5, 0.5))
def test_points_outside_map_to_the_blocked_border(side, away, along):
    # The last row and column may stick out of the bounds by part of a cell.
    right = GRID.x_min + GRID.columns * RESOLUTION_M + 1e-9
    above = GRID.y_min + GRID.rows * RESOLUTION_M + 1e-9
    point = {
        "left": (GRID.x_min - 1e-9 - away, along),
        "right": (right + away, along),
        "below": (along, GRID.y_min - 1e-9 - away),
        "above": (along, above + away),
    }[side]
    assert GRID.blank()[GRID.cells(np.array(point))] == 1


def test_a_blank_mask_is_free_inside_and_blocked_around():
    mask = GRID.blank()
    assert mask.shape == (GRID.rows + 2, GRID.columns + 2)
    assert not interior(mask).any()
    assert mask.sum() == mask.size - GRID.rows * GRID.columns


@pytest.mark.parametrize(
    "bounds",
    [Bounds(0.0, 0.0, 1.0, 2.0), Bounds(-3.001, 0.3, 0.0, 5.017), Bounds(0, 0, 0.01, 0.01)],
)
def test_the_grid_covers_the_bounds(bounds):
    grid = Grid.over(bounds)
    assert grid.x_min + grid.columns * grid.resolution >= bounds.x_max - 1e-9
    assert grid.y_min + grid.rows * grid.resolution >= bounds.y_max - 1e-9


def test_too_large_a_scene_is_refused_with_its_size():
    with pytest.raises(SceneError, match=r"spans 4000 x 6000 m: 60000000000 cells of 0.02 m"):
        Grid.over(Bounds(-1000.0, 0.0, 3000.0, 6000.0))


@given(halves, halves)
def test_the_perimeter_is_slightly_inside_and_densely_sampled(half_x, half_y):
    points = perimeter(Rectangle(half_x, half_y))
    inset = RectangleSet(
        [(Pose2D(0, 0, 0), (half_x - PERIMETER_INSET_M - 1e-9, half_y - PERIMETER_INSET_M - 1e-9))]
    )
    assert (np.abs(points) <= np.array([half_x, half_y])).all()
    if min(half_x, half_y) > 2 * PERIMETER_INSET_M:
        assert (inset.distances(points) > 0.0).all()
    around = np.arctan2(points[:, 1] / half_y, points[:, 0] / half_x)
    ordered = points[np.argsort(around, kind="stable")]
    gaps = np.hypot(*(ordered - np.roll(ordered, -1, axis=0)).T)
    assert gaps.max() <= PERIMETER_SPACING_M + 1e-9


@given(st.floats(-1.3, 1.5), st.floats(-1.4, 1.6), radii)
def test_a_disc_is_every_cell_with_its_centre_inside(x, y, radius):
    drawn = np.zeros_like(GRID.blank())
    drawn[GRID.disc(x, y, radius)] = 1
    near = np.hypot(CENTRES[..., 0] - x, CENTRES[..., 1] - y) <= radius
    if GRID.blank()[GRID.cells(np.array([x, y]))] == 0:
        assert np.array_equal(interior(drawn), interior(near))
    assert not (drawn & GRID.blank()).any()


@given(st.floats(-3.0, 3.0), st.floats(-3.0, 3.0))
def test_the_cell_of_one_point_is_that_of_an_array_of_one(x, y):
    row, column = GRID.cells(np.array([x, y]))
    assert GRID.cell(x, y) == (row, column)
    assert GRID.centre(int(row), int(column)) == tuple(GRID.centres(row, column).tolist())
