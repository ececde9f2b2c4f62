import math

import pytest

from namo.geometry import Pose2D
from namo.planning.planner import Budget, Termination
from namo.planning.registry import PLANNERS, settings_of
from namo.scenes.reading import read_scene
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NearestFirst, NoHeuristic
from namo.world.world import World

NAMES = list(PLANNERS.targets)
SAMPLING = [name for name in NAMES if "goal_strategy" not in settings_of(name).ignored]
"""Planners that get their pushes from the strategies."""
SCRIPTED = [name for name in SAMPLING if name not in ("hybrid", "labelling", "region_opening")]
"""Planners that push wherever a strategy proposes; the others need more of a world."""
SPENDING = ["mcts", "exploration", "labelling"]
"""Those that sample goals without end."""
THOROUGH = [
    name for name in NAMES if name not in ("hybrid", "labelling", "mcts", "random_sampling")
]
"""Planners that try everything the strategies propose, or every candidate."""
SYSTEMATIC = [name for name in SCRIPTED if name in THOROUGH]
BY_LENGTH = [name for name in SYSTEMATIC if name != "greedy"]
"""Those of them that try short sequences before longer ones."""
SEEKING = [*(name for name in SYSTEMATIC if name != "exploration"), "region_opening"]
"""Systematic planners that stop at the first plan."""


def make(name, goals=None, max_goals=5, objects=None):
    return PLANNERS.load(name)(objects or NearestFirst(), goals or RandomGoals(), max_goals)


def allowed(name, **limits):
    """The budget of a planner; 20 pushes by default for those that spend any number."""
    return Budget(**({"pushes": 20} if name in SPENDING else {}) | limits)


def search(name, scene, seed=0, **limits):
    """A search with the default strategies in a new world, with time to compile the kernels."""
    budget = allowed(name, **{"seconds": 600.0} | limits)
    return make(name).search(World(scene), budget, Streams.for_episode(seed, 0, 0))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("depth", [0, 1, 5])
def test_an_open_goal_is_solved_without_a_push(rooms, name, depth):
    result = search(name, rooms.room(rooms.box(0.0, 0.0)), depth=depth)
    assert result.termination is Termination.SOLVED
    assert (result.plan, result.plan_states, result.pushes) == ((), (0,), ())
    assert result.terminal_checks == 1
    assert result.max_depth_reached == 0
    assert result.is_shortest


@pytest.mark.parametrize("name", SAMPLING)
def test_a_plugged_door_is_opened(rooms, checks, name):
    scene = rooms.plugged()
    solved = [result for seed in range(4) if (result := search(name, scene, seed)).solved]
    assert len(solved) == 4 or name == "random_sampling"
    assert solved
    for result in solved:
        assert 1 <= len(result.plan) <= 5
        checks.replayed(result, scene)
        checks.consistent(result)


@pytest.mark.parametrize("name", SEEKING)
@pytest.mark.parametrize("file", ["r4_door1", "r4_door1_2deep", "r6_door2"])
def test_plans_for_shared_rooms_pass_the_recorded_states(shared_scenes, checks, name, file):
    scene = read_scene(shared_scenes / "rooms" / f"{file}.xml")
    result = search(name, scene, seed=1)
    assert result.solved
    checks.replayed(result, scene)
    checks.consistent(result)


@pytest.mark.parametrize("name", SEEKING)
def test_plans_replay_with_sleeping_islands(rooms, checks, name):
    scene = rooms.plugged(rooms.box(-1.0, 0.9, 0.3, number=2), options=rooms.SLEEPING)
    result = search(name, scene, seed=2)
    assert result.solved
    checks.replayed(result, scene)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wedged", [True, False])
def test_with_nothing_reachable_the_search_space_is_exhausted(rooms, name, wedged):
    scene = rooms.booth(rooms.box(0.0, 0.0)) if wedged else rooms.sealed(rooms.box(1.0, 0.0))
    result = search(name, scene)
    assert result.termination is Termination.EXHAUSTED
    assert result.pushes == ()
    assert not result.solved


@pytest.mark.parametrize("name", NAMES)
def test_where_walls_close_the_goal_nothing_is_pushed(rooms, name):
    result = search(name, rooms.walled(rooms.box(-1.0, 0.5)))
    assert result.termination is Termination.IMPOSSIBLE
    assert (result.pushes, result.plan) == ((), ())
    assert result.seal is not None


@pytest.mark.parametrize("name", SAMPLING)
@pytest.mark.parametrize("seed", range(2))
def test_a_sealed_room_is_cut_off_by_a_budget_and_never_exhausted(rooms, checks, name, seed):
    scene = rooms.sealed(rooms.box(-1.0, 0.5))
    shallow = search(name, scene, seed, depth=1)
    spends_all = name in SPENDING and name != "labelling"  # and random goals are unlimited
    assert shallow.termination is (Termination.PUSHES if spends_all else Termination.DEPTH)
    few = search(name, scene, seed, depth=5, pushes=8)
    expected = Termination.DEPTH if name == "random_sampling" else Termination.PUSHES
    assert few.termination is expected
    assert few.simulations == (5 if name == "random_sampling" else 8)
    checks.consistent(few)


@pytest.mark.parametrize("name", NAMES)
def test_the_budget_of_terminal_checks_is_kept(rooms, name):
    result = search(name, rooms.sealed(rooms.box(-1.0, 0.5)), terminal_checks=2)
    assert result.termination is Termination.TERMINAL_CHECKS
    assert result.terminal_checks == 2


@pytest.mark.parametrize("name", NAMES)
def test_without_time_a_search_times_out_without_a_push(rooms, name):
    for seconds in (0.0, -1.0):
        result = search(name, rooms.plugged(), seconds=seconds)
        assert result.termination is Termination.TIMEOUT
        assert result.pushes == ()


@pytest.mark.parametrize("name", SEEKING)
def test_a_short_time_limit_ends_in_a_timeout_soon_after(rooms, clock, name):
    result = search(name, rooms.sealed(rooms.box(-1.0, 0.5)), depth=50, seconds=0.3, pushes=10**6)
    assert result.termination is Termination.TIMEOUT
    assert 0.3 <= result.search_s < 0.31, "it ends within a few readings of the clock"


@pytest.mark.parametrize("name", NAMES)
def test_the_same_streams_give_the_same_result(rooms, checks, name):
    scene = rooms.plugged(rooms.box(-1.0, 0.9, number=2))
    first = search(name, scene, 7, pushes=6)
    assert first.pushes
    assert checks.same(first, search(name, scene, 7, pushes=6))


@pytest.mark.parametrize("name", NAMES)
def test_a_used_world_gives_the_same_result(rooms, checks, name):
    scene = rooms.plugged(rooms.box(-1.0, 0.9, number=2))
    world, planner = World(scene), make(name)
    first = planner.search(world, allowed(name, pushes=6), Streams.for_episode(7, 0, 0))
    planner.search(world, allowed(name, pushes=3), Streams.for_episode(8, 0, 0))
    world.reset()
    again = planner.search(world, allowed(name, pushes=6), Streams.for_episode(7, 0, 0))
    assert checks.same(first, again)


@pytest.mark.parametrize("name", NAMES)
def test_the_progress_callback_is_called_for_every_push(rooms, name):
    scene, calls = rooms.plugged(rooms.box(-1.0, 0.9, number=2)), []
    result = make(name).search(
        World(scene),
        allowed(name, pushes=6),
        Streams.for_episode(7, 0, 0),
        lambda pushes, depth: calls.append((pushes, depth)),
    )
    assert result.pushes
    simulated = {push.simulation: push.depth for push in result.pushes}
    assert calls == [(number + 1, depth) for number, depth in simulated.items()]


@pytest.mark.parametrize("name", SAMPLING)
def test_other_seeds_try_other_pushes(rooms, name):
    scene = rooms.sealed(rooms.box(-1.0, 0.5))
    goals = [
        tuple(record.push for record in search(name, scene, seed, depth=1, pushes=2).pushes)
        for seed in range(3)
    ]
    assert len(set(goals)) == 3


@pytest.mark.parametrize("name", NAMES)
def test_a_search_starts_from_the_present_state(rooms, name):
    world = World(rooms.plugged(rooms.box(-1.0, 0.9, number=2)))
    world.simulation.place_robot(1.2, 0.0)
    world.invalidate()
    result = make(name).search(world, allowed(name), Streams.for_episode(0, 0, 0))
    assert result.solved
    assert result.plan == ()
    assert result.states[0]["robot_pose"] == pytest.approx([1.2, 0.0, 0.0])


@pytest.mark.parametrize("name", SCRIPTED)
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_no_plan_is_longer_than_the_depth(fakes, name, depth):
    world = fakes.NamedWorld(opens=lambda path: len(path) > depth)
    planner = make(name, fakes.ScriptedGoals(), 2, NoHeuristic())
    result = planner.search(world, allowed(name, depth=depth), Streams.for_episode(0, 0, 0))
    assert result.termination is Termination.DEPTH
    assert result.max_depth_reached == depth
    assert max(len(path) for path, _ in world.pushed) == depth - 1


@pytest.mark.parametrize("name", SCRIPTED)
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_plan_as_long_as_the_depth_is_found(fakes, name, depth):
    world = fakes.NamedWorld(opens=lambda path: len(path) == depth)
    planner = make(name, fakes.ScriptedGoals(), 2, NoHeuristic())
    result = planner.search(world, allowed(name, depth=depth), Streams.for_episode(0, 0, 0))
    assert result.solved
    assert len(result.plan) == depth
    assert len(result.plan_states) == depth + 1


@pytest.mark.parametrize("name", SCRIPTED)
def test_a_depth_of_zero_pushes_nothing(fakes, name):
    world = fakes.NamedWorld()
    planner = make(name, fakes.ScriptedGoals(), 2, NoHeuristic())
    result = planner.search(world, allowed(name, depth=0), Streams.for_episode(0, 0, 0))
    assert result.termination is Termination.DEPTH
    assert world.pushed == []


@pytest.mark.parametrize("name", SYSTEMATIC)
def test_pushes_that_all_move_nothing_exhaust_the_search(fakes, name):
    world = fakes.NamedWorld("ab", stuck=lambda path: True)
    planner = make(name, fakes.ScriptedGoals(), 2, NoHeuristic())
    result = planner.search(world, allowed(name, depth=4), Streams.for_episode(0, 0, 0))
    assert result.termination is Termination.EXHAUSTED
    assert sorted(world.order) == ["a1", "a2", "b1", "b2"]
    assert len(result.states) == 1


@pytest.mark.parametrize("name", SYSTEMATIC)
def test_a_search_space_that_ends_before_the_depth_limit_is_exhausted(fakes, name):
    world = fakes.NamedWorld(reachable=lambda path: "a" if len(path) < 2 else "")
    planner = make(name, fakes.ScriptedGoals(), 2, NoHeuristic())
    deep = planner.search(world, allowed(name, depth=9), Streams.for_episode(0, 0, 0))
    assert deep.termination is Termination.EXHAUSTED
    assert deep.max_depth_reached == 2
    cut = planner.search(world, allowed(name, depth=1), Streams.for_episode(0, 0, 0))
    assert cut.termination is Termination.EXHAUSTED or cut.termination is Termination.DEPTH


@pytest.mark.parametrize("name", BY_LENGTH)
def test_the_shallowest_solution_is_found_first(fakes, name):
    world = fakes.NamedWorld("ab", opens=lambda path: path in {("a1", "a1"), ("b2",)})
    planner = make(name, fakes.ScriptedGoals(), 2, NoHeuristic())
    result = planner.search(world, allowed(name, depth=3), Streams.for_episode(0, 0, 0))
    assert [(p.object_name, p.goal.x) for p in result.plan] == [("b", 2.0)]


@pytest.mark.parametrize("name", SYSTEMATIC)
def test_objects_are_tried_in_the_order_of_their_strategy(fakes, name):
    world = fakes.NamedWorld("abc")
    planner = make(name, fakes.ScriptedGoals(), 1, fakes.LastFirst())
    planner.search(world, allowed(name, depth=1), Streams.for_episode(0, 0, 0))
    assert world.order == ["c1", "b1", "a1"]


@pytest.mark.parametrize("name", SYSTEMATIC)
@pytest.mark.parametrize("max_goals", [1, 3])
def test_no_more_goals_are_tried_than_requested(fakes, name, max_goals):
    world, goals = fakes.NamedWorld("ab"), fakes.ScriptedGoals(9)
    planner = make(name, goals, max_goals, NoHeuristic())
    planner.search(world, allowed(name, depth=1), Streams.for_episode(0, 0, 0))
    assert {count for _, _, count in goals.calls} == {max_goals}
    assert len(world.order) == 2 * max_goals


@pytest.mark.parametrize("name", SYSTEMATIC)
def test_goals_are_proposed_in_the_state_in_which_they_are_tried(fakes, name):
    world, goals = fakes.NamedWorld("ab"), fakes.ScriptedGoals(1)
    planner = make(name, goals, 1, NoHeuristic())
    planner.search(world, allowed(name, depth=2), Streams.for_episode(0, 0, 0))
    assert {path for path, _, _ in goals.calls} == {(), ("a1",), ("b1",)}
    assert {path for path, _ in world.pushed} == {(), ("a1",), ("b1",)}


@pytest.mark.parametrize("name", SYSTEMATIC)
def test_an_object_without_goals_is_skipped(fakes, name):
    class GoalsOfB:
        def propose(self, world, name, count, rng):
            return [Pose2D(1.0, 0.0, 0.0)] if name == "b" else []

    world = fakes.NamedWorld("ab")
    planner = make(name, GoalsOfB(), 2, NoHeuristic())
    planner.search(world, allowed(name, depth=2), Streams.for_episode(0, 0, 0))
    assert set(world.order) == {"b1", "b1 b1"}


def test_a_budget_allows_any_number_of_pushes_by_default():
    budget = Budget()
    assert (budget.depth, budget.seconds, budget.terminal_checks) == (5, 300.0, 5000)
    assert budget.pushes is None
    assert math.isfinite(budget.seconds)
