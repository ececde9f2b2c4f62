import math

import numpy as np
import pytest
import shapely

from namo.geometry import Pose2D
from namo.reporting.scene_shapes import SceneShapes, corners_of, pose_differences, straight_way
from namo.scenes.footprint import Polygon, Rectangle
from namo.world.contacts import contact_points
from tests.reporting.conftest import episode_row, scene_of

BOX_2 = [1.0, 1.0, 0.0]


@pytest.fixture
def shapes():
    """A room of 4 m with two boxes of 0.6 m by 0.4 m."""
    return SceneShapes(scene_of(episode_row(0)), 0.0)


def poses(*box, robot=(-1.5, 0.0, 0.0)):
    return [*robot, *box, *BOX_2]


def test_poses_differ_by_the_shorter_way_round():
    one, other = np.array([[1.0, -1.0, 3.1]]), np.array([[0.5, 0.0, -3.1]])
    apart = [[0.5, 1.0, 2.0 * math.pi - 6.2]]
    assert pose_differences(one, other) == pytest.approx(np.array(apart))
    assert pose_differences(other, one) == pytest.approx(np.array(apart))


def test_room_ends_at_walls_and_at_other_movables(shapes):
    at = poses(1.0, 0.0, 0.0)
    assert shapes.has_room(at, 0, (1.6, 0.0))
    assert not shapes.has_room(at, 0, (1.9, 0.0)), "the wall"
    assert not shapes.has_room(at, 0, (1.0, 0.7)), "box 2"
    assert shapes.has_room(at, 0, (1.0, 0.7), 0.5), "as far as it goes"
    assert shapes.has_room(poses(1.69, 0.0, 0.0), 0, (1.69, -1.0)), "along the wall"


def test_the_robot_gets_behind_what_leaves_it_room(shapes):
    assert shapes.can_stand_behind(poses(1.0, 0.0, 0.0), 0, (-1.0, 0.0))
    assert not shapes.can_stand_behind(poses(1.69, 0.0, 0.0), 0, (-1.0, 0.0)), "at the wall"


def test_the_reached_floor_is_what_the_body_covers_without_gaps_that_are_too_narrow(shapes):
    assert shapes.reached(poses(0.0, 0.0, 0.0)).area == pytest.approx(16.0 - 2 * 0.24, abs=0.1)
    # Box 1 at 0.2 m from the wall: nothing of the robot fits in between.
    floor = shapes.reached(poses(1.5, 0.0, 0.0))
    assert not shapely.contains(floor, shapely.Point(1.9, 0.0))
    assert shapely.contains(floor, shapely.Point(1.9, -1.0))


@pytest.mark.parametrize(
    "footprint",
    [
        Rectangle(0.3, 0.2),
        Polygon(((-0.3, -0.2), (0.3, -0.2), (0.3, 0.2), (-0.3, 0.2))),
        Polygon(((-0.3, -0.25), (0.3, -0.25), (0.0, 0.5))),
    ],
)
def test_the_way_of_a_straight_push_starts_at_its_contact(footprint):
    pose = Pose2D(1.0, -2.0, 0.7)
    points = contact_points(footprint, 0.15)
    stored = np.round(footprint.outline.ravel(), 4).astype(np.float32).tolist()
    for contact, (position, direction) in enumerate(
        zip(points.positions, points.directions, strict=True)
    ):
        tail, tip = straight_way(corners_of(stored), 0.15, pose, contact, 0.4)
        robot = pose.to_world(position[None])[0]
        assert np.hypot(*(robot - tail)) == pytest.approx(0.152, abs=1e-6)
        along = pose.to_world(np.stack([position, position + direction]))
        assert (tip - tail) / 0.4 == pytest.approx(along[1] - along[0], abs=1e-4)
    assert straight_way(corners_of(stored), 0.15, pose, len(points.positions), 0.4) is None


def test_an_outline_that_crosses_itself_has_no_contacts():
    crossed = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    assert straight_way(crossed, 0.15, Pose2D(0.0, 0.0, 0.0), 0, 0.4) is None
