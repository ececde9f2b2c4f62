import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from namo.geometry import Pose2D, wrap_angle
from namo.scenes.footprint import overlap_depth
from namo.scenes.grid import PERIMETER_INSET_M, PERIMETER_SPACING_M
from namo.world.candidates import candidate_pushes
from namo.world.contacts import CONTACT_OFFSETS
from namo.world.primitives import TRAVELS
from namo.world.reachability import Reachability
from namo.world.world import World

NAME = "obstacle_1_movable"
NEAR_M = 0.035
"""Walls are rasterised in 2 cm cells, rounded outwards; closer than this, False is allowed."""
DEEPEST_M = PERIMETER_INSET_M + PERIMETER_SPACING_M / 2
"""A box is checked at points along its border; the corner of a wall may overlap it by this much."""

poses = st.builds(Pose2D, st.floats(-1.4, 1.4), st.floats(-1.4, 1.4), st.floats(-math.pi, math.pi))


@pytest.fixture(scope="module")
def cramped(rooms):
    """A room with inner walls, the box under test and one beside it."""
    walls = rooms.wall(5, -0.6, 0.4, (0.05, 0.5), 0.4), rooms.wall(6, 0.7, -0.7, (0.4, 0.05))
    boxes = rooms.box(0.0, 0.0), rooms.box(1.2, 1.2, 0.3, number=2)
    return World(rooms.room(*boxes, walls=walls))


def with_box_at(world, pose):
    """The reachability with the box at another pose and everything else unchanged."""
    return Reachability(world.static, world.poses() | {NAME: pose})


def with_free_box_at(world, pose):
    """The same; examples in which the box would be inside a wall or another box are left out."""
    shape = world.scene.movable(NAME).footprint
    solids = (*world.scene.walls, *world.scene.movables[1:])
    assume(all(overlap_depth(pose, shape, other.pose, other.footprint) < 0 for other in solids))
    return with_box_at(world, pose)


def ends(candidates):
    """The end poses of the candidates of each contact point, in the order of their travels."""
    contacts, travels = candidates.possible.shape
    return [
        [candidates.goal(contact * travels + travel) for travel in range(travels)]
        for contact in range(contacts)
    ]


def room_left(world, end, contact):
    """How far box and robot at the end of a candidate are from all walls (m); below 0 inside."""
    shape = world.scene.movable(NAME).footprint
    position = world.static.contacts[NAME].positions[contact]
    robot = end.to_world(position[None])  # its position in the frame of the box is constant
    box = -max(overlap_depth(end, shape, wall.pose, wall.footprint) for wall in world.scene.walls)
    to_walls = float(world.static.wall_footprints.distances(robot).min())
    return box, to_walls - world.scene.robot.radius


@settings(max_examples=15)
@given(poses)
def test_possible_candidates_are_reachable_and_sweep_no_wall(cramped, pose):
    reachability = with_free_box_at(cramped, pose)
    candidates = candidate_pushes(cramped, NAME, reachability)
    there = np.isfinite(cramped.primitives(NAME)[0].steps)
    reachable = reachability.reachable_contacts(NAME)
    assert (candidates.reachable == reachable).all()
    assert not candidates.possible[~reachable].any()
    assert not candidates.possible[~there].any()
    for contact in reachable.nonzero()[0]:
        box, robot = math.inf, math.inf  # smallest clearance along the push
        for travel, end in enumerate(ends(candidates)[contact]):
            if not there[contact, travel]:
                break
            box, robot = map(min, (box, robot), room_left(cramped, end, contact))
            if candidates.possible[contact, travel]:
                assert box > -DEEPEST_M
                assert robot >= 0.0
            else:
                assert min(box, robot) < NEAR_M


@given(poses)
def test_a_goal_is_the_pose_composed_with_the_displacement(cramped, pose):
    candidates = candidate_pushes(cramped, NAME, with_box_at(cramped, pose))
    goals = candidates.goals()
    assert candidates.pose == pose
    assert goals.shape == candidates.displacements.shape
    for number, (moved, goal) in enumerate(
        zip(candidates.displacements.reshape(-1, 3), goals.reshape(-1, 3), strict=True)
    ):
        wanted = pose.compose(Pose2D(*moved))
        assert candidates.goal(number) == wanted
        assert goal[:2] == pytest.approx(wanted[:2], abs=1e-12)
        assert abs(wrap_angle(goal[2] - wanted.theta)) < 1e-12


@pytest.mark.parametrize("theta", [math.pi, -3.1, 3.1, -math.pi + 1e-9, 0.0])
def test_angles_of_goals_are_in_range(cramped, theta):
    candidates = candidate_pushes(cramped, NAME, with_box_at(cramped, Pose2D(0.0, 0.0, theta)))
    goals = candidates.goals().reshape(-1, 3)
    assert ((-math.pi < goals[:, 2]) & (goals[:, 2] <= math.pi)).all()
    for number, goal in enumerate(goals):
        assert candidates.goal(number).theta == pytest.approx(goal[2], abs=1e-9)


def test_there_is_a_candidate_for_each_contact_point_and_travel(cramped):
    candidates = candidate_pushes(cramped, NAME)
    shape = (4 * len(CONTACT_OFFSETS), len(TRAVELS))
    assert candidates.possible.shape == candidates.shoves.shape == shape
    assert candidates.displacements.shape == (*shape, 3)
    assert (np.diff(candidates.travels) > 0).all()
    assert candidates.possible.any()


def test_the_present_state_is_the_default(cramped):
    now = candidate_pushes(cramped, NAME)
    assert now.pose == cramped.poses()[NAME]
    given_now = candidate_pushes(cramped, NAME, cramped.reachability())
    assert (now.possible == given_now.possible).all()
    elsewhere = candidate_pushes(cramped, NAME, with_box_at(cramped, Pose2D(1.0, 0.2, 0.5)))
    assert elsewhere.pose == Pose2D(1.0, 0.2, 0.5)
    assert (elsewhere.possible != now.possible).any()


def test_queries_do_not_change_the_world(cramped):
    before = cramped.save().key
    candidate_pushes(cramped, NAME, with_box_at(cramped, Pose2D(0.5, 0.5, 0.0)))
    assert cramped.save().key == before


def test_a_longer_push_is_possible_only_where_the_shorter_ones_are(cramped):
    possible = candidate_pushes(cramped, NAME).possible
    assert (possible[:, 1:] <= possible[:, :-1]).all()


def test_a_contact_point_with_a_possible_travel_covers_the_longer_ones(cramped):
    candidates = candidate_pushes(cramped, NAME)
    there = np.isfinite(cramped.primitives(NAME)[0].steps)
    some = candidates.possible.any(axis=1)
    assert (candidates.covered == (some[:, None] & there)).all()
    assert (candidates.covered & ~candidates.possible).any()
    assert (candidates.shoves[:, 1:] >= candidates.shoves[:, :-1]).all()


@settings(max_examples=15)
@given(poses)
def test_the_overlap_with_walls_grows_from_0_where_the_box_gets_into_one(cramped, pose):
    candidates = candidate_pushes(cramped, NAME, with_free_box_at(cramped, pose))
    assert (np.diff(candidates.overlaps, axis=1) >= 0.0).all()
    assert (candidates.overlaps[candidates.possible] == 0.0).all()
    assert (candidates.overlaps <= 1.0).all()
    for contact in candidates.reachable.nonzero()[0]:
        room = math.inf
        for travel, end in enumerate(ends(candidates)[contact]):
            room = min(room, room_left(cramped, end, contact)[0])
            if room > NEAR_M:
                assert candidates.overlaps[contact, travel] == 0.0
            elif room < -DEEPEST_M:
                assert candidates.overlaps[contact, travel] > 0.0


def test_shoving_another_movable_is_possible_and_flagged(rooms):
    world = World(rooms.room(rooms.box(0.0, 0.0), rooms.box(0.7, 0.0, number=2), side=6.0))
    candidates = candidate_pushes(world, NAME)
    directions = world.static.contacts[NAME].directions
    towards = directions @ np.array([1.0, 0.0]) > 0.9
    away = directions @ np.array([1.0, 0.0]) < -0.9
    # 0.1 m lie between the boxes: the first travel, 2 cm, is shorter, the last one longer.
    assert candidates.possible[towards].all()
    assert not candidates.shoves[towards, 0].any()
    assert candidates.shoves[towards, -1].all()
    assert not candidates.shoves[away].any()


def test_a_wall_is_not_shoved(rooms):
    candidates = candidate_pushes(World(rooms.room(rooms.box(1.4, 1.0))), NAME)
    assert not candidates.possible.all()
    assert not candidates.shoves.any()


def test_an_unreachable_box_has_no_candidates(rooms):
    world = World(rooms.sealed(rooms.box(1.0, 0.0)))
    candidates = candidate_pushes(world, NAME)
    assert not candidates.reachable.any()
    assert not candidates.possible.any()


def test_a_box_that_does_not_yield_has_no_candidates(heavy):
    world = World(heavy)
    candidates = candidate_pushes(world, NAME)
    assert candidates.reachable.any()
    assert not candidates.possible.any()


def test_an_unknown_movable_is_an_error(cramped):
    with pytest.raises(KeyError, match="no movable 'obstacle_9_movable'"):
        candidate_pushes(cramped, "obstacle_9_movable")
