"""How many straight pushes are needed is shown as an exhaustive search finds it."""

import pytest

from namo.certification.shown_pushes import shown_pushes
from namo.planning.exhaustive import Exhaustive
from namo.planning.planner import Budget
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NoHeuristic
from namo.world.world import World


def two_doors(rooms):
    """Three chambers in a row, a box in each of the two doors, the goal in the last chamber."""
    walls = [
        rooms.wall(number, x, y, (0.05, 0.775))
        for number, (x, y) in enumerate(
            ((-1.0, -1.225), (-1.0, 1.225), (2.0, -1.225), (2.0, 1.225)), start=5
        )
    ]
    ends = [rooms.wall(9, 0.0, 2.45, (5.0, 0.45)), rooms.wall(10, 0.0, -2.45, (5.0, 0.45))]
    boxes = rooms.box(-1.0, 0.0), rooms.box(2.0, 0.0, number=2)
    return rooms.room(*boxes, walls=[*walls, *ends], side=10.0, robot=(-2.5, 0.5), goal=(3.5, 0.5))


def test_an_open_goal_needs_no_push_and_a_plugged_door_one(rooms):
    assert shown_pushes(World(rooms.room(rooms.box(0.0, 0.0))), 2).pushes == 0
    assert shown_pushes(World(rooms.plugged()), 2).pushes == 1


def test_two_doors_in_a_row_need_two_pushes_which_is_shown_without_simulating_the_first(rooms):
    shown = shown_pushes(World(two_doors(rooms)), 1)
    assert (shown.pushes, shown.simulations) == (2, 0)


def test_nothing_is_claimed_beyond_the_length_tried_and_the_budget(rooms):
    world = World(rooms.sealed(rooms.box(-1.0, 0.0)))
    assert shown_pushes(world, 1).pushes == 2
    world = World(rooms.plugged())
    assert shown_pushes(world, 3, simulations=0).pushes == 1


@pytest.mark.slow
def test_less_is_simulated_than_by_exhaustive_search_and_the_same_is_shown(rooms):
    for scene in (two_doors(rooms), rooms.plugged(rooms.box(-1.2, 1.0, number=2))):
        result = Exhaustive(NoHeuristic(), RandomGoals(), 1).search(
            World(scene), Budget(2, 1e9, 2**62), Streams.for_episode(0, 0, 0)
        )
        shown = shown_pushes(World(scene), 2)
        assert shown.pushes == (result.proof.depth + 1 if result.proof else 0)
        assert shown.simulations <= result.simulations
