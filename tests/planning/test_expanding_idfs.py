from namo.planning.expanding_idfs import ExpandingIDFS
from namo.planning.planner import Budget, Termination
from namo.seeding import Streams
from namo.strategies.object_order import NoHeuristic


def run(world, goals, **budget):
    return ExpandingIDFS(NoHeuristic(), goals, 2).search(
        world, Budget(**budget), Streams.for_episode(0, 0, 0)
    )


def objects_by_progress(path):
    """Each of a2, b2, c2 brings the next object into reach."""
    found = "a"
    for name, following in zip(path, "bcd", strict=False):
        if name != f"{found[-1]}2":
            break
        found += following
    return found


def test_a_chain_of_pushes_that_each_bring_a_new_object_is_found_at_the_first_limit(fakes):
    plan = ("a2", "b2", "c2", "d2")
    world = fakes.NamedWorld(opens=lambda path: path == plan, reachable=objects_by_progress)
    result = run(world, fakes.ScriptedGoals(), depth=4)
    assert result.solved
    assert [f"{push.object_name}{push.goal.x:g}" for push in result.plan] == list(plan)
    assert not any(order.startswith("a1 ") for order in world.order), "that was no progress"
    assert len(result.pushes) <= 2 + 4 + 6 + 8


def test_without_progress_it_deepens_like_iterative_deepening(fakes):
    world = fakes.NamedWorld()
    result = run(world, fakes.ScriptedGoals(), depth=2)
    assert world.order == ["a1", "a2", "a1 a1", "a1 a2", "a2 a1", "a2 a2"]
    assert result.termination is Termination.DEPTH


def test_an_object_that_was_in_reach_before_is_no_progress(fakes):
    # b comes and goes: only its first appearance on a path counts.
    world = fakes.NamedWorld(reachable=lambda path: "ab" if len(path) % 2 else "a")
    run(world, fakes.ScriptedGoals(1), depth=4, pushes=5)
    assert world.order == ["a1", "a1 a1", "a1 b1", "a1 a1 a1", "a1 b1 a1"]


def test_states_are_checked_once_over_all_passes(fakes):
    result = run(fakes.NamedWorld(), fakes.ScriptedGoals(), depth=3)
    assert result.terminal_checks == len(result.states) == 1 + 2 + 4 + 8
