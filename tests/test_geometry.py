import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from namo.geometry import (
    Pose2D,
    RectangleSet,
    rectangle_corners,
    to_world_each,
    wrap_angle,
)
from tests.conftest import rectangles_overlap_depth

metres = st.floats(-50.0, 50.0)
angles = st.floats(-math.pi, math.pi, exclude_min=True)
poses = st.builds(Pose2D, metres, metres, angles)
near = st.floats(-1.5, 1.5)
near_poses = st.builds(Pose2D, near, near, angles)
halves = st.tuples(st.floats(0.05, 1.0), st.floats(0.05, 1.0))


def same(a, b):
    return a.distance(b) < 1e-9 and a.turn(b) < 1e-9


@given(st.floats(-1e6, 1e6))
def test_wrapped_angles_are_in_range_and_point_the_same_way(angle):
    wrapped = wrap_angle(angle)
    assert -math.pi < wrapped <= math.pi
    assert math.cos(wrapped) == pytest.approx(math.cos(angle), abs=1e-9)
    assert math.sin(wrapped) == pytest.approx(math.sin(angle), abs=1e-9)


def test_half_a_turn_wraps_to_plus_pi():
    assert wrap_angle(math.pi) == math.pi
    assert wrap_angle(-math.pi) == math.pi


@given(poses)
def test_a_pose_and_its_inverse_cancel(pose):
    origin = Pose2D(0.0, 0.0, 0.0)
    assert same(pose.compose(pose.inverse()), origin)
    assert same(pose.inverse().compose(pose), origin)


@given(poses, poses)
def test_relative_undoes_compose(a, b):
    assert same(a.compose(a.relative(b)), b)
    assert same(a.relative(a.compose(b)), b)


@given(poses, poses, poses)
def test_compose_is_associative(a, b, c):
    assert same(a.compose(b).compose(c), a.compose(b.compose(c)))


@given(poses, metres, metres)
def test_to_local_undoes_to_world(pose, x, y):
    point = np.array([[x, y]])
    assert pose.to_local(pose.to_world(point)) == pytest.approx(point, abs=1e-9)
    assert pose.to_world(point)[0] == pytest.approx(pose.compose(Pose2D(x, y, 0.0))[:2], abs=1e-9)


@given(poses, poses)
def test_turn_is_symmetric_and_at_most_half_a_turn(a, b):
    assert a.turn(b) == pytest.approx(b.turn(a), abs=1e-12)
    assert 0.0 <= a.turn(b) <= math.pi


def test_corners_run_counter_clockwise():
    corners = rectangle_corners(2.0, 1.0)
    x, y = corners.T
    assert 0.5 * (x @ np.roll(y, -1) - y @ np.roll(x, -1)) == pytest.approx(8.0)


@given(near_poses, halves, near_poses, halves)
def test_overlap_depth_is_symmetric(pose_a, half_a, pose_b, half_b):
    assert rectangles_overlap_depth(pose_a, half_a, pose_b, half_b) == pytest.approx(
        rectangles_overlap_depth(pose_b, half_b, pose_a, half_a), abs=1e-9
    )


@given(near_poses, halves, near_poses, halves)
def test_overlap_agrees_with_sampled_points(pose_a, half_a, pose_b, half_b):
    depth = rectangles_overlap_depth(pose_a, half_a, pose_b, half_b)
    grid = np.linspace(-1.0, 1.0, 41)
    points = np.stack(np.meshgrid(grid * half_a[0], grid * half_a[1]), axis=-1).reshape(-1, 2)
    inside = RectangleSet([(pose_b, half_b)]).distances(pose_a.to_world(points))[:, 0] == 0.0
    if depth < -1e-9:
        assert not inside.any()
    if inside.any():
        assert depth > -1e-9


@given(near_poses, halves, near_poses, halves)
def test_rectangles_that_intersect_overlap(pose_a, half_a, pose_b, half_b):
    centre = RectangleSet([(pose_b, half_b)]).distances(np.array([[pose_a.x, pose_a.y]]))[0, 0]
    assume(centre < min(half_a) - 1e-9)  # the disc inside A reaches B
    assert rectangles_overlap_depth(pose_a, half_a, pose_b, half_b) > 0.0


@given(near_poses, halves, near, near)
def test_distances_are_those_to_the_nearest_sampled_point(pose, half, x, y):
    distance = RectangleSet([(pose, half)]).distances(np.array([[x, y]]))[0, 0]
    grid = np.linspace(-1.0, 1.0, 81)
    points = pose.to_world(
        np.stack(np.meshgrid(grid * half[0], grid * half[1]), axis=-1).reshape(-1, 2)
    )
    sampled = np.hypot(*(points - np.array([x, y])).T).min()
    spacing = math.hypot(*half) / 80
    assert distance - 1e-9 <= sampled <= distance + spacing + 1e-9


def test_a_set_of_no_rectangles_has_no_distances():
    assert RectangleSet([]).distances(np.zeros((3, 2))).shape == (3, 0)


@given(st.lists(st.tuples(poses, metres, metres), max_size=4))
def test_a_point_of_each_pose_is_mapped_as_by_that_pose(pairs):
    points = np.array([point for _, *point in pairs]).reshape(-1, 2)
    mapped = to_world_each(np.array([pose for pose, *_ in pairs]).reshape(-1, 3), points)
    for (pose, *_), point, at in zip(pairs, points, mapped, strict=True):
        assert at == pytest.approx(pose.to_world(point), abs=1e-9)
