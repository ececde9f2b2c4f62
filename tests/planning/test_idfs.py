from namo.planning.idfs import IDFS
from namo.planning.planner import Budget, Termination
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NoHeuristic
from namo.world.world import World


def run(world, goals, max_goals=2, **budget):
    planner = IDFS(NoHeuristic(), goals, max_goals)
    return planner.search(world, Budget(**budget), Streams.for_episode(0, 0, 0))


def test_every_pass_starts_from_the_root_again(fakes):
    world = fakes.NamedWorld()
    run(world, fakes.ScriptedGoals(), depth=3)
    assert world.order == [
        *("a1", "a2"),
        *("a1", "a1 a1", "a1 a2", "a2", "a2 a1", "a2 a2"),
        *("a1", "a1 a1", "a1 a1 a1", "a1 a1 a2", "a1 a2", "a1 a2 a1", "a1 a2 a2"),
        *("a2", "a2 a1", "a2 a1 a1", "a2 a1 a2", "a2 a2", "a2 a2 a1", "a2 a2 a2"),
    ]


def test_all_goals_of_an_object_come_before_the_next_object(fakes):
    world = fakes.NamedWorld("ab")
    run(world, fakes.ScriptedGoals(), depth=1)
    assert world.order == ["a1", "a2", "b1", "b2"]


def test_a_push_that_moved_nothing_is_not_followed(fakes):
    world = fakes.NamedWorld(stuck=lambda path: path == ("a1",))
    run(world, fakes.ScriptedGoals(), depth=2)
    assert world.order == ["a1", "a2", "a1", "a2", "a2 a1", "a2 a2"]


def test_the_goal_is_looked_for_in_every_state(fakes):
    result = run(fakes.NamedWorld(), fakes.ScriptedGoals(), depth=2)
    assert result.termination is Termination.DEPTH
    assert result.terminal_checks == (1 + 2) + (1 + 2 + 4)
    assert result.terminal_checks == len(result.pushes) + 2


def test_a_later_pass_draws_other_goals(rooms):
    world = World(rooms.sealed(rooms.box(-1.0, 0.5)))
    result = run(world, RandomGoals(), max_goals=1, depth=2)
    from_root = [record.push for record in result.pushes if record.state == 0]
    assert len(from_root) == 2
    assert from_root[0] != from_root[1]
