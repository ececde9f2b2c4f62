"""No scene in which a search finds a plan is ever called impossible."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from namo.geometry import Pose2D
from namo.planning.exhaustive import Exhaustive, ExhaustivePoses
from namo.planning.planner import Budget, Termination
from namo.results.sealed_check import sealed_problem
from namo.scenes.footprint import overlap_depth
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NoHeuristic
from namo.world.world import World

MASSES = (0.1, 0.1, 3.0, 50.0)


def random_scene(rooms, seed, clearance=0.0):
    """A small room: a wall with a gap of any width at any place, and boxes of any weight."""
    rng = np.random.default_rng(seed)
    width, at = rng.uniform(0.2, 1.2), rng.uniform(-1.0, 1.0)
    below, above = at - width / 2 + 2.0, 2.0 - at - width / 2
    walls = (
        rooms.wall(5, 0.0, -2.0 + below / 2, (0.05, below / 2)),
        rooms.wall(6, 0.0, 2.0 - above / 2, (0.05, above / 2)),
    )
    boxes = []
    for number in range(1, int(rng.integers(1, 4)) + 1):
        place = (0.0, at) if number == 1 else rng.uniform(-1.5, 1.5, 2)
        mass = MASSES[rng.integers(len(MASSES))]
        box = rooms.box(*place, rng.uniform(-0.3, 0.3), number=number, mass=mass)
        if not any(touches(box, other) for other in (*walls, *boxes)):
            boxes.append(box)
    scene = rooms.room(*boxes, walls=walls)
    robot = Pose2D(scene.robot.x, scene.robot.y, 0.0)
    free = [box for box in boxes if box.pose.distance(robot) > 0.7]
    return rooms.room(*free, walls=walls, options=rooms.SLEEPING)


def touches(one, other):
    return overlap_depth(one.pose, one.footprint, other.pose, other.footprint) > -0.005


@pytest.mark.slow
@pytest.mark.parametrize("planner", [Exhaustive, ExhaustivePoses])
def test_no_scene_with_a_plan_is_impossible(rooms, planner, monkeypatch):
    # The search is made blind to the seal, and has to find out for itself.
    seal_of = World.seal
    counts = {"solved": 0, "impossible": 0}
    for seed in range(60):
        world = World(random_scene(rooms, seed))
        seal = seal_of(world)
        monkeypatch.setattr(World, "seal", lambda _: None)
        result = planner(NoHeuristic(), RandomGoals(), 1).search(
            world, Budget(2, seconds=600.0, pushes=25), Streams.for_episode(0, 0, 0)
        )
        counts["solved"] += bool(result.plan)
        counts["impossible"] += seal is not None
        assert seal is None or not result.solved
        assert result.termination is not Termination.IMPOSSIBLE
    assert min(counts.values()) >= 10, counts


@given(seed=st.integers(0, 10**6))
@settings(max_examples=40)
def test_what_is_called_impossible_is_so_by_exact_geometry(rooms, seed):
    scene = random_scene(rooms, seed)
    seal = World(scene).seal()
    if seal is not None:
        assert sealed_problem(scene, seal.held) is None
