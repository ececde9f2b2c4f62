"""Rooms that must be solved, and rooms without a solution."""

import pytest

from namo.planning.idfs import IDFS
from namo.planning.planner import Budget, Termination
from namo.scenes.reading import read_scene
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NearestFirst
from namo.world.world import World


def search(path, seed, pushes=None):
    world = World(read_scene(path))
    world.prepare()
    planner = IDFS(NearestFirst(), RandomGoals(), max_goals_per_object=5)
    return planner.search(
        world, Budget(seconds=60.0, pushes=pushes), Streams.for_episode(seed, 0, 0)
    )


@pytest.mark.parametrize(
    "file", ["rooms/r4_open", "reference/test_scene", "reference/benchmark_env"]
)
def test_an_open_goal_needs_no_push(shared_scenes, file):
    # benchmark_env is open: a gap beside the box in its door is 8 mm wider than the robot.
    result = search(shared_scenes / f"{file}.xml", 0)
    assert result.solved
    assert result.plan == ()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "file",
    # r4_36walls is r4_door1 with thirty small walls along its border.
    ["r4_door1", "r4_door1_rot", "r4_door1_d3", "r6_door2", "r4_door1_2deep", "r4_36walls"],
)
def test_a_plugged_door_is_opened_for_every_seed(shared_scenes, file, seed):
    result = search(shared_scenes / "rooms" / f"{file}.xml", seed)
    assert result.solved
    assert 1 <= len(result.plan) <= 3


def test_a_wall_without_a_door_is_impossible(shared_scenes):
    result = search(shared_scenes / "rooms" / "r4_sealed.xml", 0, pushes=25)
    assert result.termination is Termination.IMPOSSIBLE


def test_a_room_without_a_solution_ends_by_its_budget(shared_scenes):
    # A 0.6 m box is wedged in a 0.45 m gap.
    result = search(shared_scenes / "rooms" / "r7_four.xml", 0, pushes=25)
    assert result.termination is Termination.PUSHES
    assert len(result.pushes) == 25
