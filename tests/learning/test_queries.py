import math
from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely import affinity

from namo.geometry import Pose2D
from namo.learning.queries import FEATURES, FRAMES, goal_question, object_question
from namo.learning.rasters import CHANNELS, VIEWS, StatePicture, draw
from namo.scenes.footprint import Polygon, centred
from namo.world.candidates import candidate_pushes
from namo.world.world import World

NAME = "obstacle_1_movable"
L_SHAPE = centred(Polygon(((0, 0), (0.7, 0), (0.7, 0.3), (0.3, 0.3), (0.3, 0.7), (0, 0.7))))[0]
TRIANGLE = centred(Polygon(((0, 0), (0.8, 0), (0.2, 0.7))))[0]


class Asked:
    """A question about the first movable of a scene, and what it is about."""

    def __init__(self, scene):
        self.world = World(scene)
        self.picture = StatePicture(self.world.reachability())
        self.candidates = candidate_pushes(self.world, NAME)
        self.question = goal_question(self.picture, NAME, self.candidates)
        self.contacts = self.world.static.contacts[NAME]
        self.which = self.question.numbers // len(self.candidates.travels)
        self.columns = dict(zip(FEATURES["goal"], self.question.features.T, strict=True))

    def angle(self, contact):
        """World direction in which the robot pushes from a contact point."""
        pose = self.candidates.pose
        ends = pose.to_world(np.array([[0.0, 0.0], self.contacts.directions[contact]]))
        return math.atan2(*(ends[1] - ends[0])[::-1])


@pytest.fixture(scope="module", params=["box", "L", "triangle"])
def asked(rooms, request):
    """Questions about movables that stand askew, one near a wall and one beside another box."""
    box = rooms.box(0.2, -0.1, 0.4, half=(0.3, 0.3))
    if request.param == "box":
        return Asked(rooms.room(box, rooms.box(0.9, 0.2, number=2), options=rooms.SLEEPING))
    shape = {"L": L_SHAPE, "triangle": TRIANGLE}[request.param]
    box = replace(box, footprint=shape, pose=Pose2D(0.2, -1.3, 0.4))
    return Asked(rooms.room(box, options=rooms.SLEEPING))


def test_every_possible_candidate_appears_once(asked):
    possible = asked.candidates.possible.ravel()
    numbers = asked.question.numbers.tolist()
    assert sorted(numbers) == np.flatnonzero(possible).tolist()
    assert len(set(numbers)) == len(numbers) > 40
    assert not possible.all()


def test_features_are_what_geometry_says(asked):
    pose, columns = asked.candidates.pose, asked.columns
    for place, number in enumerate(asked.question.numbers.tolist()):
        contact, travel = divmod(number, len(asked.candidates.travels))
        frame = Pose2D(pose.x, pose.y, asked.angle(contact))
        goal = asked.candidates.goal(number)
        end = frame.relative(goal)
        robot = frame.to_local(pose.to_world(asked.contacts.positions[contact]))
        expected = {
            "end_x": end.x,
            "end_y": end.y,
            "end_sin": math.sin(goal.theta - pose.theta),
            "end_cos": math.cos(goal.theta - pose.theta),
            "contact_x": robot[0],
            "contact_y": robot[1],
            "travel": asked.candidates.travels[travel],
            "shoves": asked.candidates.shoves[contact, travel],
        }
        for name, value in expected.items():
            assert columns[name][place] == pytest.approx(float(value), abs=1e-6), name


def test_half_extents_are_those_along_the_push_and_across_it(asked):
    outline = shapely.Polygon(asked.world.scene.movables[0].footprint.outline)
    for place, contact in enumerate(asked.which.tolist()):
        heading = asked.angle(contact) - asked.candidates.pose.theta
        turned = affinity.rotate(outline, -heading, origin=(0, 0), use_radians=True)
        low_x, low_y, high_x, high_y = turned.bounds
        assert asked.columns["half_x"][place] == pytest.approx((high_x - low_x) / 2, abs=1e-6)
        assert asked.columns["half_y"][place] == pytest.approx((high_y - low_y) / 2, abs=1e-6)


def test_the_robot_stands_behind_and_the_movable_goes_ahead(asked):
    assert (asked.columns["contact_x"] < 0.0).all()
    assert (asked.columns["end_x"] > 0.0).all()
    ahead, aside = asked.columns["end_x"], np.abs(asked.columns["end_y"])
    assert ahead.mean() > 3 * aside.mean()


def test_candidates_share_a_raster_just_when_they_are_pushed_the_same_way(asked):
    angles = np.array([asked.angle(contact) for contact in asked.which])
    same_way = np.cos(angles[:, None] - angles) > 1.0 - 1e-9
    np.testing.assert_array_equal(asked.question.view[:, None] == asked.question.view, same_way)
    assert set(asked.question.view.tolist()) == set(range(len(asked.question.rasters)))


def test_each_raster_is_drawn_along_its_direction(asked):
    for view, raster in enumerate(asked.question.rasters):
        contact = asked.which[asked.question.view == view][0]
        heading = np.array([asked.angle(contact)])
        (expected,) = draw(asked.picture, NAME, "push", heading)
        # The angle is computed in another way here: a sample on the border of a cell may differ.
        assert (raster != expected).mean() < 1e-3


def test_a_movable_beside_another_says_which_pushes_run_into_it(rooms):
    scene = rooms.room(rooms.box(0.0, 0.0), rooms.box(0.9, 0.0, number=2), options=rooms.SLEEPING)
    asked = Asked(scene)
    along_x = np.isclose([asked.angle(contact) for contact in asked.which], 0.0)
    longest = asked.question.numbers % len(asked.candidates.travels) == (
        len(asked.candidates.travels) - 1
    )
    assert asked.columns["shoves"][along_x & longest].all()
    assert not asked.columns["shoves"][~along_x].any()


def test_a_movable_that_cannot_be_pushed_has_no_candidates(rooms):
    asked = Asked(rooms.booth(rooms.box(0.5, 0.5)))
    assert asked.question.features.shape == (0, len(FEATURES["goal"]))
    assert len(asked.question.rasters) == len(asked.question.view) == 0


def test_an_object_is_asked_about_with_one_raster_in_its_own_frame(asked):
    question = object_question(asked.picture, NAME)
    theta = asked.candidates.pose.theta
    expected = draw(asked.picture, NAME, FRAMES["object"], np.array([theta]))
    np.testing.assert_array_equal(question.rasters, expected)
    pixels = VIEWS["object"].pixels
    assert question.rasters.shape == (1, len(CHANNELS), pixels, pixels)
    assert question.view.tolist() == question.numbers.tolist() == [0]
    half = np.ptp(asked.world.scene.movables[0].footprint.outline, axis=0) / 2
    reachable = asked.world.reachability().reachable_contacts(NAME)
    assert 0 < reachable.sum() <= len(reachable)
    np.testing.assert_allclose(question.features, [[*half, reachable.mean()]], rtol=1e-6)
