from collections import Counter

import numpy as np
import pytest

from namo.geometry import Pose2D
from namo.seeding import Purpose, stream
from namo.strategies.goal_primitive import PrimitiveGoals
from namo.world.candidates import candidate_pushes
from namo.world.push import Push
from namo.world.push_planner import within_tolerance
from namo.world.world import World

NAME = "obstacle_1_movable"


def goals_of(world, count, seed=0):
    return PrimitiveGoals().propose(world, NAME, count, stream(seed, 0, 0, Purpose.GOALS))


def numbers_of(world):
    """The numbers of the possible candidates, by their goals."""
    candidates = candidate_pushes(world, NAME)
    return {candidates.goal(number): number for number in candidates.possible.ravel().nonzero()[0]}


@pytest.fixture(scope="module")
def cornered(rooms):
    """A box near two walls: some contact points are unreachable, some travels too long."""
    return World(rooms.room(rooms.box(1.4, 1.0), robot=(-1.0, -1.0), goal=(-1.0, 1.0)))


def test_goals_are_candidates_that_are_possible_now(cornered):
    possible = numbers_of(cornered)
    assert 0 < len(possible) < 200
    for seed in range(5):
        for goal in goals_of(cornered, 10, seed):
            assert goal in possible


def test_every_possible_candidate_is_proposed_once_if_enough_are_requested(cornered):
    possible = numbers_of(cornered)
    goals = goals_of(cornered, 500)
    assert len(goals) == len(set(goals)) == len(possible)
    assert set(goals) == set(possible)


def test_contact_points_are_equally_likely_however_many_travels_they_have(cornered):
    candidates, numbers = candidate_pushes(cornered, NAME), numbers_of(cornered)
    travels = candidates.possible.sum(axis=1)
    assert len(set(travels[travels > 0])) > 1, "contact points must differ for this test"
    rng = np.random.default_rng(0)
    draws = 1500
    strategy = PrimitiveGoals()
    first = Counter(
        divmod(numbers[strategy.propose(cornered, NAME, 1, rng)[0]], len(candidates.travels))[0]
        for _ in range(draws)
    )
    contacts = (travels > 0).nonzero()[0].tolist()
    assert sorted(first) == contacts
    expected = draws / len(contacts)
    assert all(0.6 * expected < count < 1.4 * expected for count in first.values())


def test_a_box_that_cannot_be_pushed_has_no_goals(rooms, heavy_box_world):
    out_of_reach = World(rooms.sealed(rooms.box(1.0, 0.0)))
    assert goals_of(out_of_reach, 5) == []
    assert goals_of(heavy_box_world, 5) == []


@pytest.fixture
def heavy_box_world(rooms):
    """A reachable box that does not yield."""
    return World(rooms.room(rooms.box(0.0, 0.0, mass=30.0)))


def test_one_straight_push_reaches_the_goal(rooms):
    world = World(rooms.room(rooms.box(0.1, -0.2, 0.4), side=6.0))
    start = world.save()
    arrived = 0
    for goal in goals_of(world, 8, seed=2):
        outcome, _ = world.push_from(start, Push(NAME, goal))
        arrived += outcome.contacts <= 1 and within_tolerance(outcome.pose, goal)
    assert arrived >= 6


def test_goals_are_those_of_the_present_state(rooms):
    world = World(rooms.room(rooms.box(0.0, 0.0), side=6.0))
    before = set(goals_of(world, 500))
    world.push(Push(NAME, Pose2D(0.5, 0.0, 0.0)), stop_at_open_goal=False)
    assert not before & set(goals_of(world, 500))
