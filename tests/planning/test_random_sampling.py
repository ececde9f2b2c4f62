import pytest

from namo.geometry import Pose2D
from namo.planning.planner import Budget, Termination
from namo.planning.random_sampling import RandomSampling
from namo.seeding import Streams
from namo.strategies.object_order import NoHeuristic


def run(world, goals, seed=0, **budget):
    planner = RandomSampling(NoHeuristic(), goals, 5)
    return planner.search(world, Budget(**budget), Streams.for_episode(seed, 0, 0))


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_the_state_after_the_last_push_is_checked(fakes, depth):
    world = fakes.NamedWorld(opens=lambda path: len(path) == depth)
    result = run(world, fakes.ScriptedGoals(), depth=depth)
    assert result.termination is Termination.SOLVED
    assert len(result.plan) == len(result.pushes) == depth
    assert result.terminal_checks == depth + 1


def test_a_rollout_never_backtracks(fakes):
    world = fakes.NamedWorld("ab")
    result = run(world, fakes.ScriptedGoals(), depth=4)
    assert [len(path) for path, _ in world.pushed] == [0, 1, 2, 3]
    assert [(r.state, r.next_state) for r in result.pushes] == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_a_push_that_moved_nothing_uses_up_depth(fakes):
    world = fakes.NamedWorld(stuck=lambda path: True)
    result = run(world, fakes.ScriptedGoals(), depth=3)
    assert result.termination is Termination.DEPTH
    assert result.pushes_tried == 3
    assert len(result.pushes) == 1  # the same push, looked up
    assert len(result.states) == 1


def test_it_stops_at_an_open_goal(fakes):
    world = fakes.NamedWorld(opens=lambda path: len(path) == 2)
    result = run(world, fakes.ScriptedGoals(), depth=9)
    assert len(result.plan) == len(world.pushed) == 2


def test_goals_are_requested_one_at_a_time(fakes):
    goals = fakes.ScriptedGoals()
    run(fakes.NamedWorld("ab"), goals, depth=3)
    assert [count for _, _, count in goals.calls] == [1, 1, 1]


def test_objects_are_sampled_at_random(fakes):
    firsts = set()
    for seed in range(12):
        world = fakes.NamedWorld("abc")
        run(world, fakes.ScriptedGoals(), seed, depth=1)
        firsts.add(world.order[0])
    assert firsts == {"a1", "b1", "c1"}


def test_only_reachable_objects_are_sampled(fakes):
    for seed in range(6):
        world = fakes.NamedWorld(reachable=lambda path: "b" if path else "a")
        run(world, fakes.ScriptedGoals(), seed, depth=3)
        assert world.order[-1] == "a1 b1 b1"


def test_an_object_without_goals_costs_depth_and_no_push(fakes):
    class NoGoals:
        def propose(self, world, name, count, rng) -> list[Pose2D]:
            return []

    world = fakes.NamedWorld()
    result = run(world, NoGoals(), depth=3)
    assert result.termination is Termination.DEPTH
    assert world.pushed == []


def test_a_dead_end_is_exhausted(fakes):
    world = fakes.NamedWorld(reachable=lambda path: "" if path else "a")
    result = run(world, fakes.ScriptedGoals(), depth=3)
    assert result.termination is Termination.EXHAUSTED
    assert len(result.pushes) == 1
