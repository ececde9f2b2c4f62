from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from namo.geometry import Pose2D
from namo.planning import region_opening
from namo.planning.idfs import IDFS
from namo.planning.planner import Budget
from namo.planning.region_opening import RegionOpening
from namo.scenes.reading import read_scene
from namo.seeding import Streams
from namo.strategies.clear_path import ClearPathGoals
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NearestFirst, NoHeuristic
from namo.strategies.path_blocking import PathBlocking
from namo.world.world import World


def search(world, planner, seed=0, **limits):
    return planner.search(world, Budget(**limits), Streams.for_episode(seed, 0, 0))


@dataclass
class FakeOpening:
    """An opening that pushes of some objects make, if the path ends with one of `by`."""

    movables: str
    by: tuple[str, ...]

    def is_open(self, reachability):
        return reachability.path[-1] in self.by


@pytest.fixture
def scripted(fakes, monkeypatch):
    """A search of a fake world with scripted openings by path."""

    def run(script, solution):
        class PathWorld(fakes.NamedWorld):
            def reachability(self):
                return SimpleNamespace(**vars(super().reachability()), path=self.state)

        monkeypatch.setattr(region_opening, "openings", lambda here: script(here.path))
        monkeypatch.setattr(region_opening, "blocked_way", lambda here: SimpleNamespace(cost=1.0))
        world = PathWorld("abc", opens=lambda path: path == solution)
        planner = RegionOpening(NoHeuristic(), fakes.ScriptedGoals(), 2)
        planner._random = SimpleNamespace(steps=lambda search, streams: iter(()))
        return search(world, planner), world.order

    return run


def test_a_commitment_that_blocks_a_later_region_is_taken_back(scripted):
    def script(path):
        return [FakeOpening("b", ())] if path else [FakeOpening("a", ("a1", "a2"))]

    result, order = scripted(script, ("a2", "b1"))
    assert result.solved
    assert order == ["a1", "a1 b1", "a1 b2", "a2", "a2 b1"]


def test_another_region_is_tried_when_the_first_one_leads_nowhere(scripted):
    def script(path):
        if not path:
            return [FakeOpening("a", ("a1",)), FakeOpening("c", ("c1", "c2"))]
        return [FakeOpening("b", ())]

    result, order = scripted(script, ("c2", "b2"))
    assert result.solved
    assert order[0] == "a1"
    assert order[-1] == "c2 b2"


def test_a_chain_of_pushes_opens_a_region(scripted):
    result, order = scripted(lambda path: [FakeOpening("a", ())], ("a2", "a1"))
    assert result.solved
    assert order[:2] == ["a1", "a2"]
    assert len(result.plan) == 2


class ListedGoals:
    """A goal strategy that proposes the same poses of a movable in every state."""

    def __init__(self, goals):
        self._goals = goals

    def propose(self, world, name, count, rng):
        return [Pose2D(*goal) for goal in self._goals[name]][:count]


INTO_THE_CHAMBER, ALONG_THE_WALL = (0.05, 0.0, 0.0), (-0.8, -1.2, 0.0)


def chamber(rooms):
    """Box 1 before a chamber hardly longer than it is, and box 2 in the door behind.

    The robot gets past box 1 nowhere in the chamber, so it must not be pushed in there.
    """

    def wall(number, x, low, high):
        return rooms.wall(number, x, (low + high) / 2, (0.05, (high - low) / 2))

    walls = (
        *(wall(5, -0.5, -2.0, -0.55), wall(6, -0.5, 0.55, 2.0)),
        *(wall(7, 0.3, -2.0, -0.2), wall(8, 0.3, 0.2, 2.0)),
        rooms.wall(9, -0.1, -0.65, (0.35, 0.05)),
        rooms.wall(10, -0.1, 0.65, (0.35, 0.05)),
    )
    boxes = (
        rooms.box(-0.67, 0.0, half=(0.1, 0.5)),
        rooms.box(0.3, 0.0, half=(0.15, 0.15), number=2),
    )
    return rooms.room(*boxes, walls=walls, robot=(-1.5, 0.0), goal=(1.4, 0.0))


def without_random_side(*goals):
    """Region opening over listed pushes of the boxes alone."""
    proposals = {"obstacle_1_movable": list(goals), "obstacle_2_movable": [(1.0, 0.0, 0.0)]}
    planner = RegionOpening(NoHeuristic(), ListedGoals(proposals), 5)
    planner._random = SimpleNamespace(steps=lambda search, streams: iter(()))
    return planner


@pytest.mark.slow
def test_a_push_that_opens_the_first_door_and_blocks_the_second_is_taken_back(rooms):
    scene = chamber(rooms)
    result = search(World(scene), without_random_side(INTO_THE_CHAMBER, ALONG_THE_WALL))
    first = result.pushes[0]
    committed = result.situations[first.next_state]
    assert committed.reach.area > result.situations[0].reach.area, "it opens the chamber"
    assert "obstacle_2_movable" not in committed.reach.objects, "and stays before the next door"
    assert any(push.state == first.next_state for push in result.pushes), "the search goes on there"
    assert result.solved
    assert [push.goal[:2] for push in result.plan] == [ALONG_THE_WALL[:2], (1.0, 0.0)]

    held = search(World(scene), without_random_side(INTO_THE_CHAMBER))
    assert not held.solved, "without the other push there is no way on"
    world = World(scene)
    world.restore(committed.state)
    stuck = search(world, IDFS(NearestFirst(), RandomGoals(), 5), pushes=25, seconds=600.0)
    assert not stuck.solved
    assert {push.push.object_name for push in stuck.pushes} == {"obstacle_1_movable"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "file",
    [
        "r4_door1",
        "r4_door1_rot",
        "r4_door1_d3",
        "r6_door2",
        "r4_door1_2deep",
        "r4_36walls",
        "r8_16obj",
    ],
)
@pytest.mark.parametrize(
    ("objects", "goals"), [(NearestFirst, RandomGoals), (PathBlocking, ClearPathGoals)]
)
def test_every_room_with_a_solution_is_solved(shared_scenes, file, objects, goals):
    world = World(read_scene(shared_scenes / "rooms" / f"{file}.xml"))
    world.prepare()
    for seed in range(5):
        world.reset()
        planner = RegionOpening(objects(), goals(), 5)
        assert search(world, planner, seed, pushes=300, seconds=600.0).solved
