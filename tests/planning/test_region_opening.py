from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from namo.planning import region_opening
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


@pytest.mark.slow
def test_the_search_arrives_where_the_obvious_opening_blocks_the_second_door(rooms):
    """The lower way is shorter, but box 1, once out of its door, stays before the next one."""
    walls = (
        rooms.wall(5, -1.0, -1.75, (0.05, 0.25)),
        rooms.wall(6, -1.0, 0.325, (0.05, 0.825)),
        rooms.wall(7, -1.0, 1.925, (0.05, 0.075)),
        rooms.wall(8, 0.3, -1.675, (0.05, 0.325)),
        rooms.wall(9, 0.3, -0.275, (0.05, 0.375)),
        rooms.wall(10, 0.3, 1.4, (0.05, 0.6)),
        rooms.wall(11, -0.35, 0.0, (0.6, 0.05)),
    )
    boxes = (
        rooms.box(-1.0, -1.0, half=(0.3, 0.45)),
        rooms.box(0.3, -1.0, half=(0.3, 0.3), number=2),
        rooms.box(-1.0, 1.5, half=(0.3, 0.3), number=3),
        rooms.box(0.3, 0.45, half=(0.3, 0.3), number=4),
    )
    scene = rooms.room(*boxes, walls=walls, robot=(-1.7, -1.0), goal=(1.5, -1.2))
    planner = RegionOpening(PathBlocking(), ClearPathGoals(), 5)
    result = search(World(scene), planner, pushes=300, seconds=600.0)
    assert result.pushes[0].push.object_name == "obstacle_1_movable"
    assert result.solved


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
