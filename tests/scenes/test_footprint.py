import math

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.footprint import (
    RIGHT_ANGLE_TOLERANCE,
    FootprintSet,
    Polygon,
    Rectangle,
    centred,
    footprint_of,
    overlap_depth,
    without_holes,
)
from namo.scenes.joining import joined

L_SHAPE = ((0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0), (1.0, 2.0), (0.0, 2.0))
U_SHAPE = (
    *((0.0, 0.0), (3.0, 0.0), (3.0, 3.0), (2.0, 3.0)),
    *((2.0, 1.0), (1.0, 1.0), (1.0, 3.0), (0.0, 3.0)),
)
poses = st.builds(Pose2D, st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3))


@st.composite
def stars(draw):
    """Simple polygons, mostly not convex: radii around a centre."""
    count = draw(st.integers(3, 12))
    radii = draw(st.lists(st.floats(0.2, 1.0), min_size=count, max_size=count))
    turn = draw(st.floats(0.0, 1.0))
    angles = 2 * math.pi * (np.arange(count) + turn) / count
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.array(radii)[:, None]
    return tuple((x, y) for x, y in corners.tolist())


@given(stars())
def test_pieces_are_convex_and_cover_the_polygon_edge_to_edge(vertices):
    polygon = Polygon(vertices)
    shapes = [shapely.Polygon(piece) for piece in polygon.pieces]
    for piece, shape in zip(polygon.pieces, shapes, strict=True):
        assert shape.exterior.is_ccw
        assert shape.convex_hull.area == pytest.approx(shape.area, rel=1e-9)
        assert {tuple(corner) for corner in piece.tolist()} <= set(polygon.vertices)
    assert sum(shape.area for shape in shapes) == pytest.approx(polygon.area, rel=1e-9)
    back = joined([[tuple(corner) for corner in piece.tolist()] for piece in polygon.pieces])
    assert Polygon(back) == polygon


def test_pieces_are_few():
    assert len(Polygon(((0, 0), (2, 0), (3, 1), (1, 2))).pieces) == 1
    assert len(Polygon(L_SHAPE).pieces) <= 3
    assert len(Polygon(U_SHAPE).pieces) <= 5


def test_first_corner_and_orientation_do_not_matter():
    polygon = Polygon(L_SHAPE)
    assert polygon == Polygon(L_SHAPE[2:] + L_SHAPE[:2]) == Polygon(L_SHAPE[::-1])
    assert polygon.vertices[0] == (0.0, 0.0)
    assert polygon.area == 3.0


@pytest.mark.parametrize(
    ("vertices", "said"),
    [
        (((0, 0), (1, 0)), "needs three corners or more"),
        (((0, 0), (1, 0), (math.nan, 1)), "all finite"),
        (((0, 0), (1, 1), (1, 0), (0, 1)), "touches or crosses itself"),
        (((0, 0), (1, 0), (1, 1), (0.5, 0), (0, 1)), "touches or crosses itself"),
        (((0, 0), (1, 0), (2, 0)), "touches or crosses itself|encloses no area"),
        (((0, 0), (1, 0), (2, 1e-12)), "encloses no area"),
    ],
)
def test_outlines_that_are_not_simple_polygons_are_refused(vertices, said):
    with pytest.raises(SceneError, match=said):
        Polygon(vertices)


@given(stars(), poses)
def test_a_footprint_is_recovered_from_its_corners_in_the_world(vertices, pose):
    world = pose.to_world(np.array(vertices))
    footprint, at = footprint_of(world.tolist())
    wanted = shapely.LinearRing(world)
    found = shapely.LinearRing(at.to_world(footprint.outline))
    # Corners that are nearly right are made right. No overlay: that of two outlines which differ
    # by rounding only is not reliable.
    tolerance = RIGHT_ANGLE_TOLERANCE if isinstance(footprint, Rectangle) else 1e-9
    assert wanted.hausdorff_distance(found) < tolerance * wanted.length
    if isinstance(footprint, Polygon):
        assert footprint.is_centred


@given(st.floats(0.1, 2.0), st.floats(0.1, 2.0), poses)
def test_four_right_angles_are_a_rectangle_with_the_smallest_yaw(half_x, half_y, pose):
    rectangle = Rectangle(half_x, half_y)
    footprint, at = footprint_of(pose.to_world(rectangle.outline).tolist())
    assert isinstance(footprint, Rectangle)
    assert abs(at.theta) <= math.pi / 4 + 1e-9
    assert sorted([footprint.half_x, footprint.half_y]) == pytest.approx(sorted([half_x, half_y]))
    assert at.distance(pose) < 1e-9


def test_redundant_corners_are_dropped():
    square = [(0, 0), (1, 0), (1, 0), (2, 0), (2, 1), (2, 2), (0, 2), (0, 0)]
    assert footprint_of(square) == (Rectangle(1.0, 1.0), Pose2D(1.0, 1.0, 0.0))


def test_centring_moves_the_frame_but_not_the_polygon():
    polygon, at = centred(Polygon(L_SHAPE))
    assert polygon.is_centred
    assert not Polygon(L_SHAPE).is_centred
    np.testing.assert_allclose(at.to_world(polygon.outline), Polygon(L_SHAPE).outline)


@given(stars(), poses, st.lists(st.tuples(st.floats(-4, 4), st.floats(-4, 4)), min_size=1))
def test_distances_are_those_of_shapely(vertices, pose, points):
    footprints = [(pose, Polygon(vertices)), (pose, Rectangle(0.3, 0.7))]
    points = np.array(points)
    distances = FootprintSet(footprints).distances(points)
    for column, (at, footprint) in enumerate(footprints):
        shape = shapely.Polygon(at.to_world(footprint.outline))
        expected = shapely.distance(shape, shapely.points(points))
        np.testing.assert_allclose(distances[:, column], expected, atol=1e-9)


@settings(max_examples=60)
@given(stars(), poses, stars(), poses)
def test_overlap_is_positive_exactly_if_areas_intersect(first, at_first, second, at_second):
    a, b = Polygon(first), Polygon(second)
    shared = shapely.Polygon(at_first.to_world(a.outline)).intersection(
        shapely.Polygon(at_second.to_world(b.outline))
    )
    assume(not 0.0 < shared.area < 1e-9)
    assert (overlap_depth(at_first, a, at_second, b) > 1e-12) == (shared.area > 0.0)


def test_a_ring_becomes_simple_parts_of_the_same_area():
    ring = shapely.Polygon(
        [(0, 0), (4, 0), (4, 4), (0, 4)],
        [[(1, 1), (1, 2), (2, 2), (2, 1)], [(3, 3), (3, 3.5), (3.5, 3.5), (3.5, 3)]],
    )
    parts = without_holes(ring)
    assert all(not part.interiors for part in parts)
    assert sum(part.area for part in parts) == pytest.approx(ring.area)
    assert shapely.union_all(parts).symmetric_difference(ring).area == pytest.approx(0.0, abs=1e-9)
