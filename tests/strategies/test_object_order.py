from collections import Counter

import numpy as np
import pytest

from namo.geometry import Pose2D
from namo.strategies.object_order import (
    FarthestFirst,
    GoalProximity,
    NearestFirst,
    NoHeuristic,
    RandomOrder,
)
from namo.world.push import Push
from namo.world.world import World

RNG = np.random.default_rng(0)


def rank(strategy, world, numbers):
    names = [f"obstacle_{number}_movable" for number in numbers]
    ranked = strategy.rank(world, names, RNG)
    assert names == [f"obstacle_{number}_movable" for number in numbers]  # not modified
    return [int(name.split("_")[1]) for name in ranked]


@pytest.fixture
def world(rooms):
    """Robot at the left, goal at the top right, three boxes."""
    boxes = (
        rooms.box(0.9, -1.0, number=3),
        rooms.box(-0.8, 0.0, number=1),
        rooms.box(0.6, 0.8, number=2),
    )
    return World(rooms.room(*boxes, robot=(-1.6, 0.0), goal=(1.3, 1.2)))


@pytest.mark.parametrize(
    ("strategy", "order"),
    [
        (NoHeuristic(), [3, 1, 2]),
        (NearestFirst(), [1, 2, 3]),
        (FarthestFirst(), [3, 2, 1]),
        (GoalProximity(), [2, 3, 1]),
    ],
)
def test_objects_are_ordered(world, strategy, order):
    assert rank(strategy, world, [3, 1, 2]) == order


@pytest.mark.parametrize(
    "strategy", [NoHeuristic(), NearestFirst(), FarthestFirst(), GoalProximity(), RandomOrder()]
)
def test_only_reachable_objects_are_ranked(world, strategy):
    assert sorted(rank(strategy, world, [3, 2])) == [2, 3]
    assert rank(strategy, world, []) == []


def test_random_orders_are_equally_likely(world):
    rng = np.random.default_rng(1)
    names = [f"obstacle_{number}_movable" for number in (3, 1, 2)]
    found = Counter(tuple(RandomOrder().rank(world, names, rng)) for _ in range(600))
    assert len(found) == 6
    assert all(len(set(order)) == 3 for order in found)
    assert min(found.values()) > 70


def test_a_random_order_depends_on_its_stream(world):
    names = [f"obstacle_{number}_movable" for number in (3, 1, 2)]
    first, again, other = (
        [RandomOrder().rank(world, names, rng) for _ in range(10)]
        for rng in map(np.random.default_rng, (4, 4, 5))
    )
    assert first == again != other


@pytest.mark.parametrize("strategy", [NearestFirst(), FarthestFirst(), GoalProximity()])
def test_queries_do_not_change_the_world(world, strategy):
    before = world.save().key
    rank(strategy, world, [3, 1, 2])
    assert world.save().key == before


@pytest.mark.parametrize(
    "strategy",
    [
        NearestFirst(),
        GoalProximity(),
        FarthestFirst(),
    ],
)
@pytest.mark.parametrize("numbers", [(1, 2, 3, 4), (4, 2, 1, 3)])
def test_ties_keep_the_order_of_the_file(rooms, strategy, numbers):
    places = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))
    boxes = [rooms.box(x, y, number=number) for (x, y), number in zip(places, numbers, strict=True)]
    world = World(rooms.room(*boxes, robot=(0.0, 0.0), goal=(0.0, 0.0)))
    assert rank(strategy, world, numbers) == list(numbers)


def test_distances_are_those_of_the_present_state(rooms):
    boxes = rooms.box(0.0, -0.7, number=1), rooms.box(0.0, 0.9, number=2)
    world = World(rooms.room(*boxes, robot=(-1.0, 0.0)))
    assert rank(NearestFirst(), world, [1, 2]) == [1, 2]
    world.simulation.place_robot(-1.0, 1.0)
    world.invalidate()
    assert rank(NearestFirst(), world, [1, 2]) == [2, 1]
    before = world.poses()["obstacle_1_movable"]
    world.push(Push("obstacle_1_movable", Pose2D(1.2, -0.7, 0.0)), stop_at_open_goal=False)
    assert world.poses()["obstacle_1_movable"] != before
    assert rank(GoalProximity(), world, [1, 2])[0] == 2
