import math

import pytest

from namo.planning.planner import Budget, Termination
from namo.planning.tree_idfs import TreeIDFS
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NearestFirst, NoHeuristic
from namo.world.world import World


def run(world, goals, max_goals=2, objects=None, seed=0, **budget):
    planner = TreeIDFS(objects or NoHeuristic(), goals, max_goals)
    return planner.search(world, Budget(**budget), Streams.for_episode(seed, 0, 0))


def test_the_tree_grows_level_by_level(fakes):
    world = fakes.NamedWorld()
    run(world, fakes.ScriptedGoals(), depth=3)
    assert world.order == [
        *("a1", "a2"),
        *("a1 a1", "a1 a2", "a2 a1", "a2 a2"),
        *("a1 a1 a1", "a1 a1 a2", "a1 a2 a1", "a1 a2 a2"),
        *("a2 a1 a1", "a2 a1 a2", "a2 a2 a1", "a2 a2 a2"),
    ]


def test_goals_of_a_state_are_sampled_once(fakes):
    world, goals = fakes.NamedWorld("ab"), fakes.ScriptedGoals(1)
    run(world, goals, depth=4)
    requests = [(path, name) for path, name, _ in goals.calls]
    assert len(requests) == len(set(requests)) == 2 * (1 + 2 + 4 + 8)


def test_every_state_is_checked_once(fakes):
    result = run(fakes.NamedWorld(), fakes.ScriptedGoals(), depth=3)
    assert result.termination is Termination.DEPTH
    assert result.terminal_checks == len(result.states) == 1 + 2 + 4 + 8


def test_a_push_that_moved_nothing_is_not_tried_again(fakes):
    world = fakes.NamedWorld(stuck=lambda path: path == ("a1",))
    run(world, fakes.ScriptedGoals(), depth=3)
    assert world.order.count("a1") == 1
    assert not any(order.startswith("a1 ") for order in world.order)


def test_a_state_reached_by_two_pushes_is_expanded_once(fakes):
    class Forgetting(fakes.NamedWorld):
        """a2 leads to the same state as a1."""

        def push(self, push, deadline=math.inf):
            outcome = super().push(push, deadline)
            self.state = type(self.state)(name.replace("2", "1") for name in self.state)
            return outcome

    world = Forgetting()
    result = run(world, fakes.ScriptedGoals(), depth=3)
    assert world.order == ["a1", "a2", "a1 a1", "a1 a2", "a1 a1 a1", "a1 a1 a2"]
    assert result.terminal_checks == len(result.states) == 4


@pytest.mark.parametrize("threads", [2, 4])
def test_threads_change_only_wall_times(rooms, checks, threads):
    def search(threads):
        boxes = (rooms.box(-1.0, 0.6, 0.3, number=2), rooms.box(-0.9, -0.4, number=3))
        world = World(rooms.plugged(*boxes), threads=threads)
        return run(world, RandomGoals(), 3, NoHeuristic(), seed=3, depth=3, pushes=25)

    assert checks.same(search(1), search(threads))


def test_a_plan_contains_every_push(fakes):
    world = fakes.NamedWorld("ab", opens=lambda path: path == ("b2", "a1", "b1"))
    result = run(world, fakes.ScriptedGoals(), depth=3)
    assert result.solved
    assert [(p.object_name, p.goal.x) for p in result.plan] == [("b", 2), ("a", 1), ("b", 1)]
    assert [list(result.states[n]) for n in result.plan_states] == [
        ["at"],
        ["at_b2"],
        ["at_b2_a1"],
        ["at_b2_a1_b1"],
    ]


def test_no_push_is_simulated_twice_in_a_state(rooms):
    scene = rooms.sealed(rooms.box(-1.0, 0.5), rooms.box(-1.0, -0.4, number=2))
    result = run(World(scene), RandomGoals(), 1, NearestFirst(), depth=3, pushes=20)
    requests = [(record.state, record.push) for record in result.pushes]
    assert len(requests) == len(set(requests)) > 6
    assert result.max_depth_reached == 3


def test_a_state_gets_no_more_pushes_than_its_goals(rooms):
    scene = rooms.sealed(rooms.box(-1.0, 0.5))
    result = run(World(scene), RandomGoals(), max_goals=2, depth=3)
    assert result.termination is Termination.DEPTH
    by_state = [record.state for record in result.pushes]
    assert max(map(by_state.count, by_state)) <= 2
    assert len(result.pushes) <= 2 + 4 + 8


def test_a_real_plan_of_several_pushes_is_complete(shared_scenes, checks):
    from namo.scenes.reading import read_scene

    scene = read_scene(shared_scenes / "rooms" / "r6_door2.xml")
    result = run(World(scene), RandomGoals(), max_goals=5, objects=NearestFirst(), depth=5)
    assert result.solved
    assert len(result.plan) >= 2
    checks.replayed(result, scene)
