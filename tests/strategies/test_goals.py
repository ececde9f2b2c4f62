import math

import numpy as np
import pytest

from namo.geometry import Pose2D
from namo.scenes.footprint import overlap_depth
from namo.scenes.grid import PERIMETER_INSET_M
from namo.seeding import Purpose, stream
from namo.strategies import goal_adaptive, goal_far, goal_grid, goal_random
from namo.strategies.clear_path import ClearPathGoals
from namo.strategies.goal_adaptive import AdaptiveGoals
from namo.strategies.goal_far import FarGoals
from namo.strategies.goal_grid import GridGoals
from namo.strategies.goal_primitive import PrimitiveGoals
from namo.strategies.goal_random import RandomGoals, sample_goal
from namo.world.world import World

NAME = "obstacle_1_movable"
ALL = [RandomGoals(), GridGoals(), AdaptiveGoals(), PrimitiveGoals(), ClearPathGoals()]
DEEPEST_IN_WALL_M = math.sqrt(2) * PERIMETER_INSET_M + 1e-9
"""A box that touches a wall may slide along it; its corners are checked this much inside."""


def kind(strategy):
    return type(strategy).__name__


def goals_of(strategy, world, count=5, seed=0):
    return strategy.propose(world, NAME, count, stream(seed, 0, 0, Purpose.GOALS))


@pytest.fixture(scope="module")
def open_world(rooms):
    """One box with free space all around."""
    return World(rooms.room(rooms.box(0.1, -0.2, 0.4), side=6.0))


@pytest.fixture(scope="module")
def cramped_world(rooms):
    """A box among walls and other boxes."""
    boxes = (
        rooms.box(0.0, 0.0, 0.3),
        rooms.box(0.9, 0.4, 1.0, number=2),
        rooms.box(-0.3, 1.1, number=3),
    )
    return World(rooms.room(*boxes, walls=(rooms.wall(5, -0.8, -0.3, (0.05, 0.7), 0.3),)))


def deepest(goal, shape, boxes):
    """The largest overlap depth of a box at a goal with any of the boxes (m)."""
    return max(overlap_depth(goal, shape, box.pose, box.footprint) for box in boxes)


@pytest.mark.parametrize("strategy", ALL, ids=kind)
def test_a_seed_gives_the_same_goals(cramped_world, strategy):
    first = goals_of(strategy, cramped_world, seed=3)
    assert first
    assert goals_of(strategy, cramped_world, seed=3) == first
    assert goals_of(strategy, cramped_world, seed=4) != first


@pytest.mark.parametrize("strategy", ALL, ids=kind)
def test_queries_do_not_change_the_world(cramped_world, strategy):
    before = cramped_world.save().key
    goals_of(strategy, cramped_world)
    assert cramped_world.save().key == before


@pytest.mark.parametrize("strategy", ALL, ids=kind)
@pytest.mark.parametrize("count", [1, 3, 7])
def test_in_free_space_there_are_as_many_goals_as_requested(open_world, strategy, count):
    assert len(goals_of(strategy, open_world, count)) == count


@pytest.mark.parametrize("strategy", ALL, ids=kind)
def test_requesting_no_goals_gives_none(open_world, strategy):
    assert goals_of(strategy, open_world, 0) == []


@pytest.mark.parametrize("strategy", ALL, ids=kind)
def test_goals_are_all_different(open_world, strategy):
    goals = goals_of(strategy, open_world, 12)
    assert len(set(goals)) == 12


@pytest.mark.parametrize("strategy", ALL, ids=kind)
def test_no_goal_is_inside_a_wall(cramped_world, strategy):
    scene = cramped_world.scene
    shape = scene.movable(NAME).footprint
    goals = [goal for seed in range(20) for goal in goals_of(strategy, cramped_world, 16, seed)]
    assert len(goals) > 50
    for goal in goals:
        assert cramped_world.static.fits(NAME, goal)
        assert deepest(goal, shape, scene.walls) <= DEEPEST_IN_WALL_M


@pytest.mark.parametrize("strategy", ALL, ids=kind)
def test_without_room_there_are_no_goals(rooms, strategy):
    # A closet around the box, 0.1 m wider on each side than the box, in solid wall.
    walls = (
        rooms.wall(5, -0.65, 0.0, (0.25, 2.0)),
        rooms.wall(6, 1.2, 0.0, (0.8, 2.0)),
        rooms.wall(7, 0.0, -1.2, (0.4, 0.8)),
        rooms.wall(8, 0.0, 1.2, (0.4, 0.8)),
    )
    world = World(rooms.room(rooms.box(0.0, 0.0), walls=walls))
    assert goals_of(strategy, world) == []


@pytest.mark.parametrize("strategy", ALL, ids=kind)
def test_with_little_room_there_are_fewer_goals(rooms, strategy):
    # A corridor along x, hardly wider than the box, between solid walls.
    walls = rooms.wall(5, 0.0, 1.15, (1.95, 0.82)), rooms.wall(6, 0.0, -1.15, (1.95, 0.82))
    world = World(rooms.room(rooms.box(0.0, 0.0), walls=walls, robot=(-1.5, 0.0), goal=(1.5, 0.0)))
    goals = goals_of(strategy, world, 40)
    assert 0 < len(goals) < 40
    assert all(abs(goal.y) < 0.1 for goal in goals)


def test_random_goals_are_within_their_ranges(open_world):
    pose = open_world.poses()[NAME]
    goals = goals_of(RandomGoals(), open_world, 300)
    distances = np.array([pose.distance(goal) for goal in goals])
    turns = np.array([math.remainder(goal.theta - pose.theta, 2 * math.pi) for goal in goals])
    directions = np.array([math.atan2(goal.y - pose.y, goal.x - pose.x) for goal in goals])
    low, high = goal_random.DISTANCE_M
    assert ((low <= distances) & (distances <= high)).all()
    assert (np.abs(turns) <= goal_random.TURN_RAD + 1e-9).all()
    # And they cover them.
    assert distances.min() < low + 0.05
    assert distances.max() > high - 0.05
    assert turns.min() < -0.9 * goal_random.TURN_RAD
    assert turns.max() > 0.9 * goal_random.TURN_RAD
    assert np.histogram(directions, 8, (-math.pi, math.pi))[0].min() > 15


def test_random_goals_are_where_the_robot_can_push_to(rooms):
    world = World(rooms.plugged())
    goals = [g for seed in range(10) for g in goals_of(RandomGoals(), world, 5, seed)]
    assert len(goals) > 20
    for goal in goals:
        assert world.reachability().can_push_towards(NAME, goal)


def test_random_goals_may_be_on_other_movables(cramped_world):
    scene = cramped_world.scene
    shape = scene.movable(NAME).footprint
    goals = [g for seed in range(10) for g in goals_of(RandomGoals(), cramped_world, 5, seed)]
    assert any(deepest(goal, shape, scene.movables[1:]) > 0.1 for goal in goals)


def test_a_sampled_goal_has_its_angle_in_range():
    rng = np.random.default_rng(0)
    for _ in range(50):
        goal = sample_goal(Pose2D(0.0, 0.0, 3.1), (0.3, 1.0), rng)
        assert -math.pi < goal.theta <= math.pi


def test_far_goals_are_far_away_on_a_side_that_the_robot_pushes_to(rooms):
    world = World(rooms.plugged())
    pose, goals = world.poses()[NAME], goals_of(FarGoals(), world, 9)
    assert len(set(goals)) == 9
    for goal in goals:
        assert goal_far.DISTANCE_M[0] <= pose.distance(goal) <= goal_far.DISTANCE_M[1]
        assert world.reachability().can_push_towards(NAME, goal)


def test_grid_goals_are_eight_directions_at_two_distances(open_world):
    pose = open_world.poses()[NAME]
    goals = goals_of(GridGoals(), open_world, 99)
    found = {
        (
            round(pose.distance(goal), 6),
            round(math.degrees(math.atan2(goal.y - pose.y, goal.x - pose.x))) % 360,
        )
        for goal in goals
    }
    assert len(goals) == len(found) == 16
    assert found == {(d, a) for d in goal_grid.DISTANCES_M for a in range(0, 360, 45)}


def test_grid_goals_keep_the_orientation(open_world):
    pose = open_world.poses()[NAME]
    assert {goal.theta for goal in goals_of(GridGoals(), open_world, 99)} == {pose.theta}


def test_grid_goals_come_in_random_order(open_world):
    firsts = {goals_of(GridGoals(), open_world, 1, seed)[0] for seed in range(30)}
    assert len(firsts) > 8


def test_adaptive_goals_are_clear_of_other_movables(cramped_world):
    scene = cramped_world.scene
    shape = scene.movable(NAME).footprint
    goals = [g for seed in range(30) for g in goals_of(AdaptiveGoals(), cramped_world, 5, seed)]
    assert len(goals) > 30
    for goal in goals:
        assert deepest(goal, shape, scene.movables[1:]) <= DEEPEST_IN_WALL_M


def test_adaptive_goals_are_within_their_ranges(cramped_world):
    pose = cramped_world.poses()[NAME]
    low, high = goal_adaptive.DISTANCE_M
    for seed in range(10):
        for goal in goals_of(AdaptiveGoals(), cramped_world, 5, seed):
            assert low <= pose.distance(goal) <= high
            assert pose.turn(goal) <= goal_random.TURN_RAD + 1e-9


def test_adaptive_goals_move_closer_before_they_are_rejected(rooms):
    # 0.35 m of free space in any direction: most samples are too far.
    world = World(rooms.room(rooms.box(0.0, 0.0), side=1.5, robot=(-0.55, -0.55), goal=(0.5, 0.5)))
    assert len(goals_of(AdaptiveGoals(), world, 10)) == 10
