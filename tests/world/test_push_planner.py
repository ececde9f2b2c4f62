import math

import numpy as np
import pytest

from namo.geometry import Pose2D
from namo.world.push_planner import (
    ANGLE_TOLERANCE_RAD,
    PLAN_MARGIN,
    POSITION_TOLERANCE_M,
    within_tolerance,
)
from namo.world.reachability import Reachability
from namo.world.world import World

NAME = "obstacle_1_movable"
ALL = np.ones(20, np.bool_)


def plan(world, goal, usable=None):
    """The plan for box 1 with the contacts that the robot can reach, or with those given."""
    if usable is None:
        usable = world.reachability().reachable_contacts(NAME)
    return world.primitives(NAME)[1].plan(world.reachability(), goal, usable)


def moved(planner, planned):
    """The displacement of the box by the primitive of a planned push."""
    primitive = planned.contact * planner._travels + planned.travel
    return Pose2D(*planner._table.moves[primitive, :3].tolist())


@pytest.fixture(scope="module")
def open_world(rooms):
    """One box in the middle of a room of 6 m."""
    return World(rooms.room(rooms.box(0.0, 0.0), side=6.0))


@pytest.mark.parametrize("angle", np.linspace(-math.pi, math.pi, 12, endpoint=False).tolist())
@pytest.mark.parametrize("turn", [-0.6, 0.0, 0.6])
def test_in_free_space_there_is_always_a_complete_plan(open_world, angle, turn):
    goal = Pose2D(0.7 * math.cos(angle), 0.7 * math.sin(angle), turn)
    planned = plan(open_world, goal)
    assert planned is not None
    assert planned.complete


@pytest.mark.parametrize(
    ("goal", "face"),
    [
        (Pose2D(-0.8, 0.0, 0.0), 0),
        (Pose2D(0.0, -0.8, 0.0), 1),
        (Pose2D(0.8, 0.0, 0.0), 2),
        (Pose2D(0.0, 0.8, 0.0), 3),
    ],
)
def test_a_goal_straight_ahead_is_reached_by_pushing_from_behind(open_world, goal, face):
    planned = plan(open_world, goal)
    assert planned.contact // 5 == face
    _, planner = open_world.primitives(NAME)
    end = moved(planner, planned)
    assert np.hypot(goal.x - end.x, goal.y - end.y) < np.hypot(goal.x, goal.y)


def test_the_same_query_gives_the_same_plan(open_world):
    goal = Pose2D(0.5, 0.4, 0.3)
    assert plan(open_world, goal) == plan(open_world, goal)


@pytest.mark.parametrize("turns", [-2, 1])
def test_whole_turns_of_the_goal_change_no_plan(open_world, turns):
    goal = Pose2D(0.5, 0.4, 0.3)
    assert plan(open_world, goal) == plan(open_world, goal._replace(theta=0.3 + turns * math.tau))


@pytest.mark.parametrize("face", range(4))
def test_a_plan_starts_at_a_usable_contact(open_world, face):
    usable = np.zeros(20, np.bool_)
    usable[5 * face : 5 * face + 5] = True
    planned_somewhere = 0
    for angle in np.linspace(0.0, 2 * math.pi, 12):
        planned = plan(
            open_world, Pose2D(0.6 * math.cos(angle), 0.6 * math.sin(angle), 0.0), usable
        )
        if planned is not None:
            planned_somewhere += 1
            assert usable[planned.contact]
    assert planned_somewhere > 0


def test_without_a_usable_contact_there_is_no_plan(open_world):
    assert plan(open_world, Pose2D(0.6, 0.0, 0.0), ~ALL) is None


def test_a_box_that_does_not_yield_has_no_plan(rooms):
    world = World(rooms.room(rooms.box(0.0, 0.0, mass=30.0)))
    assert plan(world, Pose2D(0.6, 0.0, 0.0)) is None


def test_no_plan_ends_in_a_wall(rooms):
    world = World(rooms.room(rooms.box(1.2, 0.0)))
    planned = plan(world, Pose2D(2.3, 0.0, 0.0))
    assert planned is None or not planned.complete


def test_no_first_push_sweeps_into_a_wall(rooms):
    world = World(rooms.room(rooms.box(1.3, 0.0)))
    _, planner = world.primitives(NAME)
    rng = np.random.default_rng(0)
    planned_somewhere = 0
    for _ in range(30):
        x, y, theta = rng.uniform([0.4, -0.9, -0.7], [2.2, 0.9, 0.7]).tolist()
        planned = plan(world, Pose2D(x, y, theta))
        if planned is None:
            continue
        planned_somewhere += 1
        end = world.poses()[NAME].compose(moved(planner, planned))
        assert world.static.fits(NAME, end)
    assert planned_somewhere > 10


def test_a_robot_that_followed_a_box_through_a_door_reaches_the_other_side(rooms):
    now = World(rooms.plugged()).reachability()
    right_face = slice(0, 5)
    in_the_door, x = Pose2D(0.4, 0.0, 0.0), -0.05
    assert not now.reachable_contacts(NAME)[right_face].any()
    assert not now.contacts_after(NAME, in_the_door, x, 0.0)[right_face].any()
    assert now.contacts_after(NAME, Pose2D(1.2, 0.0, 0.0), 0.7, 0.0)[right_face].any()


@pytest.mark.parametrize("seed", range(6))
def test_contacts_after_a_push_equal_those_of_the_state_after_it(rooms, seed):
    rng = np.random.default_rng(seed)
    scene = rooms.room(rooms.box(0.0, 0.0), rooms.box(0.9, 0.5, 0.4, number=2), walls=rooms.door())
    now = World(scene).reachability()
    reachable = 0
    for _ in range(20):
        pose = Pose2D(*rng.uniform(-1.2, 1.2, 2).tolist(), float(rng.uniform(-3, 3)))
        robot = rng.uniform(-1.5, 1.5, 2).tolist()
        there = Reachability(now.static, {**now.poses, NAME: pose, "robot": Pose2D(*robot, 0.0)})
        usable = now.contacts_after(NAME, pose, *robot)
        assert (usable == there.reachable_contacts(NAME)).all()
        reachable += usable.sum()
    assert reachable > 50


@pytest.mark.parametrize("factor", [1.0, PLAN_MARGIN])
def test_tolerance_is_of_both_position_and_orientation(factor):
    goal = Pose2D(0.3, -0.2, math.pi - 0.05)
    near, far = 0.99 * factor, 1.01 * factor
    for distance, turn, arrived in (
        (near, near, True),
        (near, -near, True),
        (far, 0.0, False),
        (0.0, far, False),
        (0.0, -far, False),
    ):
        pose = Pose2D(
            goal.x + distance * POSITION_TOLERANCE_M,
            goal.y,
            math.remainder(goal.theta + turn * ANGLE_TOLERANCE_RAD, 2 * math.pi),
        )
        assert within_tolerance(pose, goal, factor) is arrived
