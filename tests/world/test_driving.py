from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.world.driving import drive_path
from namo.world.world import World


@pytest.fixture(scope="module")
def world(rooms):
    """A robot left of a wall with a door, and a box beside the robot."""
    scene = rooms.room(rooms.box(-1.0, 0.3), walls=rooms.door(), robot=(-1.4, -1.2))
    return World(scene)


def between(path):
    """Points every few millimetres along a path."""
    return np.concatenate([np.linspace(a, b, 200) for a, b in pairwise(path)])


@given(st.floats(-1.7, 1.7), st.floats(-1.7, 1.7))
def test_a_path_to_a_reachable_point_stays_in_reachable_cells(world, x, y):
    reachability = world.reachability()
    if not reachability.reached(np.array([[x, y]])).all():
        return
    path = drive_path(reachability, x, y)
    robot = reachability.poses["robot"]
    assert path[0].tolist() == [robot.x, robot.y]
    assert path[-1].tolist() == [x, y]
    # A line between the centres of cells may cut the corner of another by half a cell.
    near = between(path)
    steps = reachability.static.grid.resolution * np.array(
        [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]]
    )
    assert reachability.reached(near[:, None] + steps).any(axis=1).all()


def test_a_path_through_a_door_is_short_and_has_few_corners(world):
    path = drive_path(world.reachability(), 1.4, -1.2)
    length = np.hypot(*np.diff(path, axis=0).T).sum()
    robot_radius = 0.15
    shortest = 2 * np.hypot(1.4, 1.2 - 0.45 + robot_radius)
    assert shortest < length < 1.1 * shortest
    assert len(path) < 12


def test_an_unreachable_point_is_approached_as_far_as_possible(world):
    path = drive_path(world.reachability(), -1.0, 0.3)  # in the box
    assert path[-1].tolist() == [-1.0, 0.3]
    assert world.reachability().reached(path[-2:-1]).all()
    assert np.hypot(*(path[-1] - path[-2])) < 0.6


def test_the_path_of_a_wedged_robot_is_straight(rooms):
    world = World(rooms.room())
    world.simulation.place_robot(30.0, 30.0)
    world.invalidate()
    path = drive_path(world.reachability(), 1.0, 1.0)
    assert path.tolist() == [[30.0, 30.0], [1.0, 1.0]]
