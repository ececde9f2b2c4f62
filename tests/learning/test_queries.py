import math
from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely import affinity

from namo.geometry import Pose2D
from namo.learning.queries import FEATURES, FRAMES, goal_query, object_query
from namo.learning.rasters import CHANNELS, VIEWS, StateRaster, render
from namo.scenes.footprint import Polygon, centred
from namo.scenes.scene import Goal, Robot
from namo.strategies.clear_path import ClearPathGoals
from namo.world.blocked_way import P_LATER
from namo.world.candidate_ways import CandidateWays
from namo.world.candidates import candidate_pushes
from namo.world.world import World

NAME = "obstacle_1_movable"
L_SHAPE = centred(Polygon(((0, 0), (0.7, 0), (0.7, 0.3), (0.3, 0.3), (0.3, 0.7), (0, 0.7))))[0]
TRIANGLE = centred(Polygon(((0, 0), (0.8, 0), (0.2, 0.7))))[0]


class Queried:
    """A goal query about the first movable of a scene, and its context."""

    def __init__(self, scene):
        self.world = World(scene)
        self.state = StateRaster(self.world.reachability())
        self.candidates = candidate_pushes(self.world, NAME)
        self.ways = CandidateWays(self.world.reachability(), NAME, self.candidates)
        self.query = goal_query(self.state, self.ways)
        self.contacts = self.world.static.contacts[NAME]
        self.contact = self.query.numbers // len(self.candidates.travels)
        self.columns = dict(zip(FEATURES["goal"], self.query.features.T, strict=True))

    def angle(self, contact):
        """World direction (rad) in which the robot pushes from a contact point."""
        pose = self.candidates.pose
        ends = pose.to_world(np.array([[0.0, 0.0], self.contacts.directions[contact]]))
        return math.atan2(*(ends[1] - ends[0])[::-1])


@pytest.fixture(scope="module", params=["box", "L", "triangle"])
def queried(rooms, request):
    """Queries about rotated movables, one near a wall and one beside another box."""
    box = rooms.box(0.2, -0.1, 0.4, half=(0.3, 0.3))
    if request.param == "box":
        return Queried(rooms.room(box, rooms.box(0.9, 0.2, number=2), options=rooms.SLEEPING))
    shape = {"L": L_SHAPE, "triangle": TRIANGLE}[request.param]
    box = replace(box, footprint=shape, pose=Pose2D(0.2, -1.3, 0.4))
    return Queried(rooms.room(box, options=rooms.SLEEPING))


def test_every_covered_candidate_appears_once(queried):
    numbers = queried.query.numbers.tolist()
    assert sorted(numbers) == np.flatnonzero(queried.candidates.covered).tolist()
    assert len(set(numbers)) == len(numbers) > 40


def test_a_model_that_does_not_know_what_sweeps_is_asked_only_about_what_is_possible(queried):
    query = goal_query(queried.state, queried.ways, ["travel", "shoves"])
    assert query.numbers.tolist() == np.flatnonzero(queried.candidates.possible).tolist()


def test_what_the_travels_of_a_contact_sweep_into_are_features(queried):
    candidates, columns = queried.candidates, queried.columns
    sweeps = candidates.covered & ~candidates.possible
    assert (columns["sweeps"] == sweeps.ravel()[queried.query.numbers]).all()
    overlaps = candidates.overlaps.ravel()[queried.query.numbers]
    np.testing.assert_allclose(columns["overlap"], overlaps, rtol=1e-6)
    for place, number in enumerate(queried.query.numbers.tolist()):
        contact, _ = divmod(number, sweeps.shape[1])
        for name, holds in (
            ("sweeps_from", sweeps),
            ("overlaps_from", candidates.overlaps > 0.0),
            ("shoves_from", candidates.shoves),
            ("clears_from", queried.ways.open),
        ):
            travels = [travel for travel, held in enumerate(holds[contact]) if held]
            expected = travels[0] / sweeps.shape[1] if travels else 1.0
            assert columns[name][place] == np.float32(expected), name
        last = [travel + 1 for travel, held in enumerate(queried.ways.open[contact]) if held]
        expected = last[-1] / sweeps.shape[1] if last else 0.0
        assert columns["clears_to"][place] == pytest.approx(expected, abs=1e-6)


def test_the_ways_after_the_candidates_are_features(queried):
    ways, columns = queried.ways, queried.columns
    costs = ways.costs.ravel()[queried.query.numbers]
    np.testing.assert_allclose(columns["way_left"], np.exp(-costs / 10.0), rtol=1e-6)
    assert (columns["way_now"] == np.float32(math.exp(-ways.now / 10.0))).all()
    clears = ways.costs == 0.0
    afresh = CandidateWays(queried.world.reachability(), NAME, queried.candidates)
    assert (afresh.open == clears).all()
    assert (ways.open == clears).all()
    assert (columns["clears"] == clears.ravel()[queried.query.numbers]).all()
    for number, cleared, beyond in zip(
        queried.query.numbers.tolist(), columns["cleared"], columns["clears_beyond"], strict=True
    ):
        contact, travel = divmod(number, clears.shape[1])
        assert cleared == pytest.approx(clears[contact, : travel + 1].mean())
        assert beyond == clears[contact, travel + 1 : travel + 2].any()


def test_the_log_odds_of_the_ways_are_those_of_the_ratings_without_a_model(queried):
    rated = ClearPathGoals().rated(queried.world, NAME)
    assert rated.numbers.tolist() == queried.query.numbers.tolist()
    for column, ratings in (
        ("opens_odds", rated.opens),
        ("leads_odds", rated.p_later / P_LATER),
    ):
        limited = np.clip(ratings, 3e-4, 0.98)
        expected = np.log(limited / (1.0 - limited))
        np.testing.assert_allclose(queried.columns[column], expected, rtol=1e-5, atol=1e-6)


def test_only_the_features_that_are_named_are_computed(queried):
    ways = CandidateWays(queried.world.reachability(), NAME, queried.candidates)
    query = goal_query(queried.state, ways, ["travel", "end_x", "sweeps"])
    assert "remaining" not in vars(ways)
    expected = [queried.columns[name] for name in ("travel", "end_x", "sweeps")]
    np.testing.assert_array_equal(query.features.T, expected)


def test_features_match_the_geometry(queried):
    pose, columns = queried.candidates.pose, queried.columns
    for place, number in enumerate(queried.query.numbers.tolist()):
        contact, travel = divmod(number, len(queried.candidates.travels))
        frame = Pose2D(pose.x, pose.y, queried.angle(contact))
        goal = queried.candidates.goal(number)
        end = frame.relative(goal)
        robot = frame.to_local(pose.to_world(queried.contacts.positions[contact]))
        expected = {
            "end_x": end.x,
            "end_y": end.y,
            "end_sin": math.sin(goal.theta - pose.theta),
            "end_cos": math.cos(goal.theta - pose.theta),
            "contact_x": robot[0],
            "contact_y": robot[1],
            "travel": queried.candidates.travels[travel],
            "shoves": queried.candidates.shoves[contact, travel],
        }
        for name, value in expected.items():
            assert columns[name][place] == pytest.approx(float(value), abs=1e-6), name


def test_half_extents_are_measured_along_and_across_the_push(queried):
    outline = shapely.Polygon(queried.world.scene.movables[0].footprint.outline)
    for place, contact in enumerate(queried.contact.tolist()):
        heading = queried.angle(contact) - queried.candidates.pose.theta
        turned = affinity.rotate(outline, -heading, origin=(0, 0), use_radians=True)
        low_x, low_y, high_x, high_y = turned.bounds
        assert queried.columns["half_x"][place] == pytest.approx((high_x - low_x) / 2, abs=1e-6)
        assert queried.columns["half_y"][place] == pytest.approx((high_y - low_y) / 2, abs=1e-6)


def test_the_robot_starts_behind_and_the_movable_moves_forward(queried):
    assert (queried.columns["contact_x"] < 0.0).all()
    assert (queried.columns["end_x"] > 0.0).all()
    forward, lateral = queried.columns["end_x"], np.abs(queried.columns["end_y"])
    assert forward.mean() > 3 * lateral.mean()


def test_candidates_share_a_raster_if_and_only_if_they_are_pushed_in_the_same_direction(queried):
    angles = np.array([queried.angle(contact) for contact in queried.contact])
    same_way = np.cos(angles[:, None] - angles) > 1.0 - 1e-9
    np.testing.assert_array_equal(queried.query.view[:, None] == queried.query.view, same_way)
    assert set(queried.query.view.tolist()) == set(range(len(queried.query.rasters)))


def test_each_raster_is_rendered_along_its_push_direction(queried):
    for view, raster in enumerate(queried.query.rasters):
        contact = queried.contact[queried.query.view == view][0]
        heading = np.array([queried.angle(contact)])
        (expected,) = render(queried.state, NAME, "push", heading)
        # The angle is computed differently here: a sample point on the border of a cell may differ.
        assert (raster != expected).mean() < 1e-3


def test_pushes_that_run_into_another_movable_are_marked(rooms):
    scene = rooms.room(rooms.box(0.0, 0.0), rooms.box(0.9, 0.0, number=2), options=rooms.SLEEPING)
    queried = Queried(scene)
    along_x = np.isclose([queried.angle(contact) for contact in queried.contact], 0.0)
    longest = queried.query.numbers % len(queried.candidates.travels) == (
        len(queried.candidates.travels) - 1
    )
    assert queried.columns["shoves"][along_x & longest].all()
    assert not queried.columns["shoves"][~along_x].any()


def test_a_scene_looks_the_same_at_twice_the_size(rooms):
    def queried_at(factor):
        half = 0.3 * factor
        box = rooms.box(0.2 * factor, -0.1 * factor, 0.4, half=(half, half))
        around = rooms.room(box, side=4.0 * factor, options=rooms.SLEEPING)
        robot = Robot(-1.4 * factor, -1.2 * factor, radius=0.15 * factor)
        goal = Goal(1.3 * factor, 1.2 * factor)
        return Queried(replace(around, robot=robot, goal=goal))

    small, large = queried_at(1.0), queried_at(2.0)
    np.testing.assert_array_equal(small.query.numbers, large.query.numbers)
    for name in ("half_x", "half_y"):
        np.testing.assert_allclose(small.columns[name], large.columns[name], rtol=1e-6)
    # Sizes of primitives are rounded.
    np.testing.assert_allclose(small.columns["travel"], large.columns["travel"], rtol=0.02)
    # The gaps between robot and movable do not grow, and cells are as large in both.
    for name in ("contact_x", "contact_y", "end_x", "end_y", "way_left"):
        np.testing.assert_allclose(small.columns[name], large.columns[name], atol=0.03)
    assert np.abs(small.query.rasters.astype(float) - large.query.rasters).mean() < 2.0
    of_object = [object_query(each.state, NAME) for each in (small, large)]
    np.testing.assert_allclose(of_object[0].features, of_object[1].features, rtol=1e-6)


def test_a_movable_that_cannot_be_pushed_has_no_candidates(rooms):
    queried = Queried(rooms.booth(rooms.box(0.5, 0.5)))
    assert queried.query.features.shape == (0, len(FEATURES["goal"]))
    assert len(queried.query.rasters) == len(queried.query.view) == 0


def test_an_object_query_has_one_raster_in_the_frame_of_the_object(queried):
    query = object_query(queried.state, NAME)
    theta = queried.candidates.pose.theta
    expected = render(queried.state, NAME, FRAMES["object"], np.array([theta]))
    np.testing.assert_array_equal(query.rasters, expected)
    pixels = VIEWS["object"].pixels
    assert query.rasters.shape == (1, len(CHANNELS), pixels, pixels)
    assert query.view.tolist() == query.numbers.tolist() == [0]
    half = np.ptp(queried.world.scene.movables[0].footprint.outline, axis=0) / 2
    reachable = queried.world.reachability().reachable_contacts(NAME)
    assert 0 < reachable.sum() <= len(reachable)
    np.testing.assert_allclose(query.features, [[*half, reachable.mean()]], rtol=1e-6)
