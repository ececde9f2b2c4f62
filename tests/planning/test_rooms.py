"""Rooms that must be solved, and rooms without a solution."""

import pytest

from namo.planning.idfs import IDFS
from namo.planning.planner import Budget, Termination
from namo.planning.registry import PLANNERS, settings_of
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
        world, Budget(seconds=600.0, pushes=pushes), Streams.for_episode(seed, 0, 0)
    )


@pytest.mark.parametrize(
    "file", ["rooms/r4_open", "reference/test_scene", "reference/benchmark_env"]
)
def test_an_open_goal_needs_no_push(shared_scenes, file):
    # benchmark_env is open: a gap beside the box in its door is 8 mm wider than the robot.
    result = search(shared_scenes / f"{file}.xml", 0)
    assert result.solved
    assert result.plan == ()


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))]
)
@pytest.mark.parametrize(
    "file",
    # r4_36walls is r4_door1 with thirty small walls along its border.
    ["r4_door1", "r4_door1_rot", "r4_door1_d3", "r6_door2", "r4_door1_2deep", "r4_36walls"],
)
def test_a_plugged_door_is_opened_for_every_seed(shared_scenes, file, seed):
    result = search(shared_scenes / "rooms" / f"{file}.xml", seed)
    assert result.solved
    assert 1 <= len(result.plan) <= 3


COMPLETE = [
    name
    for name in PLANNERS.targets
    if name
    not in ("exploration", "labelling", "mcts", "random_sampling")  # these sample, or seek no plan
]
"""Planners that find a plan wherever their candidates hold one."""


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize(
    "file",
    [
        *("r4_open", "r4_door1", "r4_door1_rot", "r4_door1_d3", "r4_door1_2deep", "r4_36walls"),
        *("r6_door2", "r8_16obj"),
    ],
)
def test_every_complete_planner_solves_every_room_that_has_a_solution(shared_scenes, file, name):
    if (file, name) == ("r8_16obj", "exhaustive_poses"):
        pytest.skip("more than 2,000 candidate poses of one push: many minutes")
    world = World(read_scene(shared_scenes / "rooms" / f"{file}.xml"))
    world.prepare()
    draws = "episodes_per_env" not in settings_of(name).ignored
    for seed in range(5 if draws else 1):
        world.reset()
        planner = PLANNERS.load(name)(NearestFirst(), RandomGoals(), 5)
        budget = Budget(pushes=2000, terminal_checks=100_000, seconds=600.0)
        assert planner.search(world, budget, Streams.for_episode(seed, 0, 0)).solved, seed


def test_a_wall_without_a_door_is_impossible(shared_scenes):
    result = search(shared_scenes / "rooms" / "r4_sealed.xml", 0, pushes=25)
    assert result.termination is Termination.IMPOSSIBLE


def test_a_room_without_a_solution_ends_by_its_budget(shared_scenes):
    # A 0.6 m box is wedged in a 0.45 m gap.
    result = search(shared_scenes / "rooms" / "r7_four.xml", 0, pushes=25)
    assert result.termination is Termination.PUSHES
    assert len(result.pushes) == 25
