import math
from dataclasses import replace

import numpy as np
import pytest

from namo.geometry import Pose2D
from namo.world.blocked_way import RemainingWay, blocked_way, drawings_at, opens_at
from namo.world.drive_costs import THROUGH_FACTOR
from tests.world.reachable import reachability_of

NAME = "obstacle_1_movable"


def test_the_way_leads_through_the_plugged_door(rooms):
    reachability = reachability_of(rooms.plugged(rooms.box(-1.0, 0.9, number=2)))
    way = blocked_way(reachability)
    assert list(way.blocking) == [NAME]
    # At most a box of 0.6 m and the robot's radius on both sides; at the side less, by its arcs.
    assert 0.6 * THROUGH_FACTOR < way.blocking[NAME] < 0.95 * THROUGH_FACTOR
    assert way.cost - way.blocking[NAME] == pytest.approx(reachability.goal_gap, abs=0.1)


def test_movables_are_listed_in_order_along_the_way(rooms):
    boxes = rooms.box(0.7, 0.0, number=1), rooms.box(0.0, 0.0, number=2)
    corridor = [rooms.wall(number, 0.9, y, (0.85, 0.05)) for number, y in ((7, -0.5), (8, 0.5))]
    walls = *rooms.door(), *corridor
    way = blocked_way(reachability_of(rooms.room(*boxes, walls=walls, goal=(1.7, 0.0))))
    assert list(way.blocking) == ["obstacle_2_movable", NAME]


def test_an_open_goal_has_no_way_and_a_sealed_one_an_infinite_one(rooms):
    at_goal = blocked_way(reachability_of(rooms.room(rooms.box(0.0, 0.0))))
    assert (at_goal.cost, at_goal.blocking, len(at_goal.cells)) == (0.0, {}, 1)
    sealed = blocked_way(reachability_of(rooms.sealed(rooms.box(-1.0, 0.0))))
    assert (sealed.cost, sealed.blocking, len(sealed.cells)) == (math.inf, {}, 0)


@pytest.mark.parametrize("clearance", [0.0, 0.03])
def test_nothing_is_left_of_the_way_exactly_when_the_goal_would_be_open(rooms, clearance):
    scene = replace(rooms.plugged(rooms.box(0.9, 0.9, number=2)), clearance=clearance)
    reachability = reachability_of(scene)
    way, robot = RemainingWay(reachability, NAME), reachability.poses["robot"]
    rng, is_open = np.random.default_rng(1), []
    for x, y, theta in rng.uniform((-0.6, -0.6, -3.0), (1.0, 0.6, 3.0), (60, 3)).tolist():
        moved = reachability_of(scene, **{NAME: Pose2D(x, y, theta)})
        is_open.append(moved.goal_reachable)
        assert (way.cost(Pose2D(x, y, theta), robot.x, robot.y) == 0.0) is is_open[-1]
    assert 10 < sum(is_open) < 50


def test_a_movable_elsewhere_in_the_way_costs_as_much_as_before(rooms):
    reachability = reachability_of(rooms.plugged())
    way, robot = RemainingWay(reachability, NAME), reachability.poses["robot"]
    now = way.cost(reachability.poses[NAME], robot.x, robot.y)
    assert now == pytest.approx(blocked_way(reachability).cost, rel=0.1)
    assert way.cost(Pose2D(0.1, 0.0, 0.0), robot.x, robot.y) == pytest.approx(now, rel=0.1)


def test_many_poses_cost_what_each_of_them_costs_alone(rooms):
    reachability = reachability_of(rooms.plugged(rooms.box(0.9, 0.9, number=2)))
    rng = np.random.default_rng(2)
    poses = rng.uniform((-1.2, -1.2, -3.0), (1.4, 1.2, 3.0), (50, 3))
    robots = rng.uniform((-1.6, -1.2), (-0.6, 1.2), (50, 2))
    costs = RemainingWay(reachability, NAME).costs(poses, robots)
    for pose, robot, cost in zip(poses.tolist(), robots.tolist(), costs.tolist(), strict=True):
        alone = RemainingWay(reachability, NAME)  # nothing of another pose is left in its masks
        assert alone.cost(Pose2D(*pose), *robot) == cost
    assert len({*costs.tolist()}) > 5
    assert not len(RemainingWay(reachability, NAME).costs(np.empty((0, 3)), np.empty((0, 2))))


def test_the_goal_opens_at_the_poses_that_leave_nothing_of_the_way(rooms):
    reachability = reachability_of(rooms.plugged(rooms.box(0.9, 0.9, number=2)))
    rng = np.random.default_rng(3)
    poses = rng.uniform((-0.6, -0.6, -3.0), (1.0, 0.6, 3.0), (60, 3))
    robots = rng.uniform((-1.6, -1.2), (1.6, 1.2), (60, 2))  # on either side, also in obstacles
    is_open = opens_at(reachability, NAME, drawings_at(reachability, NAME, poses), robots)
    costs = RemainingWay(reachability, NAME).costs(poses, robots)
    assert np.array_equal(is_open, costs == 0.0)
    assert 10 < sum(is_open) < 50


def test_a_movable_that_is_gone_costs_nothing(rooms):
    reachability = reachability_of(rooms.plugged(rooms.box(-1.0, 0.9, number=2)))
    weights, distances = reachability.drive.without(NAME)
    moved = reachability_of(
        rooms.plugged(rooms.box(-1.0, 0.9, number=2)), **{NAME: Pose2D(50.0, 50.0, 0.0)}
    )
    assert np.array_equal(weights, moved.drive.weights)
    assert np.array_equal(distances, moved.drive.distances)
