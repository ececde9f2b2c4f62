"""What candidates promise, within and beyond where they are predicted to sweep into a wall."""

import math

import numpy as np
import pytest

from namo.planning.planner import Budget
from namo.planning.search import Search
from namo.world.blocked_way import rate_later
from namo.world.candidate_ways import CandidateWays
from namo.world.candidates import candidate_pushes
from namo.world.world import World

NAME = "obstacle_1_movable"


@pytest.fixture(scope="module")
def world(rooms):
    """A box in a door, and a wall behind it that leaves it just enough room to get out."""
    behind = rooms.wall(7, 1.0, 0.0, (0.05, 0.5))
    return World(rooms.room(rooms.box(0.0, 0.0), walls=(*rooms.door(), behind), goal=(1.6, 0.0)))


@pytest.fixture
def ways(world):
    return CandidateWays(world.reachability(), NAME, candidate_pushes(world, NAME))


def arrives(overlap):
    return 1.0 if overlap == 0.0 else 0.45 if overlap <= 0.2 else 0.1


def test_a_push_opens_by_any_pose_on_its_way_and_by_the_likeliest_inside_a_wall(ways):
    candidates = ways.candidates
    beyond = ways.open & ~candidates.possible
    assert beyond.any()
    assert {arrives(overlap) for overlap in candidates.overlaps[beyond]} == {1.0, 0.45, 0.1}
    for contact, opens in enumerate(ways.open):
        none, inside = 1.0, 0.0
        for travel, is_open in enumerate(opens):
            p = (0.4 if candidates.shoves[contact, travel] else 0.8) * is_open
            overlap = candidates.overlaps[contact, travel]
            if overlap == 0.0:
                none *= 1.0 - p
            else:
                inside = max(inside, p * arrives(overlap))
            expected = 1.0 - none * (1.0 - inside)
            assert ways.p_opens[contact, travel] == pytest.approx(expected, abs=1e-12)


def test_what_is_left_counts_as_far_as_walls_let_a_push_get_there(ways):
    candidates = ways.candidates
    p_arrives = np.vectorize(arrives)(candidates.overlaps)
    expected = p_arrives * rate_later(ways.costs, ways.now)
    assert (ways.p_later == expected).all()
    assert (ways.p_later[candidates.covered] > 0.0).all()
    assert (ways.p_later[~candidates.covered] == 0.0).all()


def test_pushes_that_would_end_with_only_the_robot_in_a_wall_open_the_goal(world, ways):
    candidates = ways.candidates
    promised = ways.open & ~candidates.possible & (candidates.overlaps == 0.0)
    contacts = promised.any(axis=1).nonzero()[0].tolist()
    assert contacts
    search = Search(world, Budget(depth=1, seconds=math.inf, pushes=100))
    for contact in contacts:
        ends = search.push_straight(search.root, NAME, contact)
        assert any(end is not None and search.is_goal(end) for end in ends)
