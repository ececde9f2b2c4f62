import pickle
from dataclasses import replace

import numpy as np
import pytest

from namo.errors import SceneError, UnknownMovableError
from namo.geometry import Pose2D
from namo.scenes.grid import RESOLUTION_M
from namo.scenes.scene import GOAL_TOLERANCE_M
from namo.world.static_map import MAX_CACHED_MAPS, StaticMap

NAME = "obstacle_1_movable"


@pytest.mark.parametrize(
    ("pose", "fits"),
    [
        (Pose2D(0.0, 0.0, 0.0), True),
        (Pose2D(-1.6, 1.6, 0.0), True),
        (Pose2D(1.65, 0.0, 0.0), True),  # flush with the wall
        (Pose2D(1.75, 0.0, 0.0), False),
        (Pose2D(1.6, 0.0, 0.7), False),  # rotated, a corner overlaps the wall
        (Pose2D(0.0, -1.95, 0.0), False),
        (Pose2D(2.5, 0.0, 0.0), False),  # outside the room
        (Pose2D(9.0, 9.0, 0.0), False),
        (Pose2D(1.0, 1.0, 0.3), True),  # on top of another movable
    ],
)
def test_a_box_fits_where_no_wall_is(rooms, pose, fits):
    scene = rooms.room(rooms.box(0.0, 0.0), rooms.box(1.0, 1.0, number=2))
    assert StaticMap(scene).fits(NAME, pose) is fits


@pytest.mark.parametrize("post", [0.05, pytest.param(0.02)])
def test_a_box_does_not_fit_over_a_post(rooms, post):
    scene = rooms.room(rooms.box(-1.0, 0.0), walls=(rooms.wall(5, 1.0, 0.0, (post, post)),))
    assert not StaticMap(scene).fits(NAME, Pose2D(1.0, 0.0, 0.0))


def test_cells_of_the_goal_are_those_within_its_tolerance(rooms):
    static = StaticMap(rooms.room())
    centres = static.grid.centres(*static.goal_cells)
    distances = np.hypot(*(centres - (1.3, 1.2)).T)
    assert distances.max() <= GOAL_TOLERANCE_M
    assert len(distances) == pytest.approx(np.pi * (GOAL_TOLERANCE_M / RESOLUTION_M) ** 2, rel=0.05)


def test_a_scene_that_is_too_large_is_named(rooms):
    scene = replace(rooms.room(goal=(1e6, 1e6)), path="a/room.xml")
    with pytest.raises(SceneError, match=r"^a/room\.xml: the scene spans 1e\+06 x 1e\+06 m"):
        StaticMap(scene)


def test_obstacle_maps_are_cached_until_cleared_and_the_oldest_is_dropped(rooms):
    static = StaticMap(rooms.room(rooms.box(0.0, 0.0), rooms.box(1.0, 1.0, number=2)))
    poses = [np.array([[0.0, 0.0, 0.0], [0.1 * i, 1.0, 0.0]]) for i in range(MAX_CACHED_MAPS + 1)]
    first = static.obstacles_excluding(NAME, poses[0])
    elsewhere = poses[0] + np.array([[0.5, 0.3, 0.1], [0.0, 0.0, 0.0]])
    assert static.obstacles_excluding(NAME, elsewhere) is first  # its own pose does not matter
    for other in poses[1:]:
        static.obstacles_excluding(NAME, other)
    again = static.obstacles_excluding(NAME, poses[0])
    assert again is not first
    assert (again.others == first.others).all()
    static.clear_cache()
    assert static.obstacles_excluding(NAME, poses[0]) is not again


def test_an_unknown_movable_is_named_with_the_nearest_one(rooms):
    static = StaticMap(rooms.room(rooms.box(0.0, 0.0)))
    message = "no movable 'obstacle_1_mvable'; did you mean 'obstacle_1_movable'"
    for query in (
        lambda name: static.fits(name, Pose2D(0.0, 0.0, 0.0)),
        lambda name: static.obstacles_excluding(name, np.zeros((1, 3))),
        lambda name: static.contacts[name],
    ):
        with pytest.raises(UnknownMovableError, match=message) as caught:
            query("obstacle_1_mvable")
        assert isinstance(caught.value, KeyError)
        assert (caught.value.name, caught.value.allowed) == ("obstacle_1_mvable", (NAME,))
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
