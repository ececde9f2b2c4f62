from dataclasses import replace

import pytest

from namo.planning.optimal_idfs import OptimalIDFS
from namo.planning.planner import Budget, Termination
from namo.planning.registry import PLANNERS
from namo.seeding import Streams
from namo.strategies.goal_primitive import PrimitiveGoals
from namo.strategies.object_order import NearestFirst, NoHeuristic
from namo.world.world import World

ALL = 10_000
"""More goals than an object has candidates."""


def run(world, goals, max_goals=2, seed=0, **budget):
    planner = OptimalIDFS(NoHeuristic(), goals, max_goals)
    return planner.search(world, Budget(**budget), Streams.for_episode(seed, 0, 0))


def test_the_shortest_plan_is_found_and_proven(fakes):
    opening = {("a1", "a1", "a1"), ("a2", "a2")}
    world = fakes.NamedWorld(opens=lambda path: path in opening)
    result = run(world, fakes.ScriptedGoals(), depth=4)
    assert [push.goal.x for push in result.plan] == [2.0, 2.0]
    assert (result.proof.depth, result.proof.candidates) == (1, 2)
    assert result.is_shortest


class DeepRatings:
    """Rates goal 1 high, so that best-first search dives; proposes goals 1 and 2."""

    random_share = 0.0

    def __init__(self, goals):
        self._goals = goals

    def propose(self, world, name, count, rng):
        return self._goals.propose(world, name, count, rng)

    def best(self, world, name):
        first, second = self.propose(world, name, 2, None)
        return iter([(first, 0.9), (second, 0.01)])


@pytest.mark.parametrize(("pushes", "length", "proven"), [(9, 4, False), (60, 3, True)])
def test_a_longer_plan_is_kept_until_a_shorter_one_is_found(fakes, pushes, length, proven):
    opening = {("a1",) * 4, ("a2",) * 3}
    world = fakes.NamedWorld(opens=lambda path: path in opening)
    result = run(world, DeepRatings(fakes.ScriptedGoals()), depth=5, pushes=pushes)
    assert result.solved
    assert (len(result.plan), result.is_shortest) == (length, proven)
    assert len(result.pushes) <= pushes


def test_a_plan_that_is_shown_to_be_shortest_ends_the_search(fakes):
    world = fakes.NamedWorld(opens=lambda path: path == ("a1",) * 4)
    result = run(world, DeepRatings(fakes.ScriptedGoals()), depth=9)
    assert (len(result.plan), result.proof.depth) == (4, 3)
    assert len(result.pushes) <= 2 + 4 + 8 + 1


def test_without_a_plan_all_lengths_are_ruled_out(fakes):
    result = run(fakes.NamedWorld(), fakes.ScriptedGoals(), depth=3)
    assert result.termination is Termination.DEPTH
    assert (result.proof.depth, result.proof.candidates) == (3, 2 + 4 + 8)


def small_scene(rooms, number):
    """A room with a box in its door and a second one, on either side, that differs by scene."""
    y, turn = 0.06 * (number % 10), 0.1 * number
    second = rooms.box(0.85, y, turn) if number % 2 else rooms.box(-0.9, 0.6 + y, turn)
    return rooms.plugged(replace(second, name="obstacle_2_movable"))


@pytest.mark.parametrize(
    "number", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 50))]
)
def test_no_other_planner_has_a_shorter_plan_of_the_same_candidates(rooms, checks, number):
    scene, lengths = small_scene(rooms, number), {}
    for name in PLANNERS.targets:
        max_goals = ALL if name == "optimal_idfs" else 5
        planner = PLANNERS.load(name)(NearestFirst(), PrimitiveGoals(), max_goals)
        budget = Budget(depth=3, pushes=600 if name == "optimal_idfs" else 25, seconds=600.0)
        result = planner.search(World(scene), budget, Streams.for_episode(number, 0, 0))
        if result.solved:
            lengths[name] = len(result.plan)
        if name == "optimal_idfs":
            assert result.is_shortest
            checks.replayed(result, scene)
    assert lengths["optimal_idfs"] == min(lengths.values())
