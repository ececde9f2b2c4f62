import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.errors import UsageError
from namo.geometry import Pose2D
from namo.planning.exploration import START_FRACTION, Exploration
from namo.planning.planner import Budget, Termination
from namo.scenes.reading import read_scene
from namo.seeding import Streams
from namo.strategies.goal_primitive import PrimitiveGoals
from namo.strategies.object_order import NoHeuristic, RandomOrder
from namo.world.world import World


class FreshGoals:
    """Proposes as many goals as requested, different ones each time."""

    def propose(self, world, name, count, rng):
        return [Pose2D(float(rng.integers(1 << 40)), 0.0, 0.0) for _ in range(count)]


def run(world, goals, max_goals=2, objects=None, seed=0, **budget):
    planner = Exploration(objects or NoHeuristic(), goals, max_goals)
    return planner.search(world, Budget(**budget), Streams.for_episode(seed, 0, 0))


def test_without_a_push_budget_it_raises_and_pushes_nothing(fakes):
    world = fakes.NamedWorld()
    with pytest.raises(UsageError, match="--algorithm exploration needs --max-pushes"):
        run(world, FreshGoals())
    assert world.pushed == []


@pytest.mark.parametrize("pushes", [1, 7, 40])
def test_it_spends_its_whole_budget(fakes, pushes):
    result = run(fakes.NamedWorld("ab"), FreshGoals(), pushes=pushes)
    assert len(result.pushes) == pushes
    assert result.termination is Termination.PUSHES


@pytest.mark.parametrize("pushes", [5, 40])
def test_it_continues_after_finding_a_plan(fakes, pushes):
    result = run(fakes.NamedWorld("ab", opens=bool), FreshGoals(), pushes=pushes)
    assert result.solved
    assert len(result.plan) == 1
    assert len(result.pushes) == pushes


@given(st.sets(st.integers(0, 30), max_size=4), st.integers(0, 5))
def test_the_plan_is_the_shortest_one_found(fakes, opening, seed):
    # Three objects with one goal each, to depth 3; which sequences open the goal is random.
    names = ["a1", "b1", "c1"]
    paths = [[one] for one in names] + [[one, other] for one in names for other in names]
    paths += [[*two, third] for two in paths[3:] for third in names]
    opens = {tuple(paths[place]) for place in opening}
    result = run(
        fakes.NamedWorld("abc", opens=opens.__contains__),
        fakes.ScriptedGoals(1),
        1,
        seed=seed,
        depth=3,
        pushes=12,
    )
    lengths = [record.depth for record in result.pushes if record.goal_open]
    assert result.solved is bool(lengths)
    assert len(result.plan) == min(lengths, default=0)
    assert tuple(f"{push.object_name}1" for push in result.plan) in opens | {()}


def test_a_solved_state_is_not_pushed_from(fakes):
    world = fakes.NamedWorld("ab", opens=lambda path: path[-1:] == ("a1",))
    run(world, fakes.ScriptedGoals(1), 1, depth=4, pushes=40)
    assert world.pushed
    assert all("a1" not in path for path, _ in world.pushed)


@pytest.mark.parametrize("depth", [1, 2])
def test_no_sequence_is_longer_than_the_depth(fakes, depth):
    result = run(fakes.NamedWorld("ab"), FreshGoals(), depth=depth, pushes=40)
    assert result.max_depth_reached == max(record.depth for record in result.pushes) == depth


def test_the_start_and_other_states_get_rounds_repeatedly(fakes):
    result = run(fakes.NamedWorld(), FreshGoals(), 1, depth=5, pushes=400)
    fraction = sum(record.state == 0 for record in result.pushes) / len(result.pushes)
    assert START_FRACTION - 0.1 < fraction < START_FRACTION + 0.1
    assert len({record.state for record in result.pushes}) > 100


def test_a_round_pushes_every_reachable_object(fakes):
    world = fakes.NamedWorld("abc")
    run(world, FreshGoals(), 2, fakes.LastFirst(), pushes=6)
    assert [path for path, _ in world.pushed] == [()] * 6
    assert [name[0] for _, name in world.pushed] == ["c", "c", "b", "b", "a", "a"]


def test_it_ends_when_no_new_push_is_left(fakes):
    world = fakes.NamedWorld("ab", reachable=lambda path: "" if len(path) == 2 else "ab")
    result = run(world, fakes.ScriptedGoals(1), depth=5, pushes=1000)
    assert result.termination is Termination.EXHAUSTED
    assert sorted(world.order) == ["a1", "a1 a1", "a1 b1", "b1", "b1 a1", "b1 b1"]


@pytest.mark.parametrize("seed", range(12))
def test_it_does_not_end_before_every_state_found_was_pushed_from(fakes, seed):
    world = fakes.NamedWorld("ab", reachable=lambda path: "" if len(path) == 4 else "ab")
    result = run(world, fakes.ScriptedGoals(1), seed=seed, depth=5, pushes=1000)
    assert len(result.pushes) == 2 + 4 + 8 + 16


def test_a_plan_found_is_kept_when_no_new_push_is_left(fakes):
    world = fakes.NamedWorld(opens=lambda path: path == ("a2",))
    result = run(world, fakes.ScriptedGoals(), depth=1, pushes=1000)
    assert result.solved
    assert [push.goal.x for push in result.plan] == [2.0]
    assert world.order == ["a1", "a2"]


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_search_space_cut_off_by_the_depth_is_not_exhausted(fakes, depth):
    result = run(fakes.NamedWorld(), fakes.ScriptedGoals(), depth=depth, pushes=1000)
    assert result.termination is Termination.DEPTH


def test_the_same_push_is_never_simulated_twice(fakes):
    world = fakes.NamedWorld("ab")
    result = run(world, fakes.ScriptedGoals(), depth=2, pushes=1000)
    assert len(set(world.order)) == len(world.order) == 4 + 16
    assert result.pushes_tried > len(result.pushes)


def test_a_timeout_keeps_the_plan_found(fakes, clock):
    world = fakes.NamedWorld("ab", opens=lambda path: path == ("a1",), push_s=0.02)
    result = run(world, FixedThenFresh(), 1, seconds=0.3, pushes=10**6)
    assert result.solved
    assert len(result.plan) == 1
    assert 1 < len(result.pushes) < 100


class FixedThenFresh(FreshGoals):
    """The very first goal is x = 1; all others differ."""

    def __init__(self):
        self._first = True

    def propose(self, world, name, count, rng):
        first, self._first = self._first, False
        return [Pose2D(1.0, 0.0, 0.0)] if first else super().propose(world, name, count, rng)


def test_a_real_exploration_is_consistent_and_its_plan_replays(shared_scenes, checks):
    scene = read_scene(shared_scenes / "rooms" / "r4_door1.xml")
    first, again = (
        run(World(scene), PrimitiveGoals(), 3, RandomOrder(), depth=3, pushes=25) for _ in range(2)
    )
    assert checks.same(first, again)
    assert len(first.pushes) == 25
    checks.consistent(first)
    assert first.solved
    checks.replayed(first, scene)
    assert len(first.plan) == min(record.depth for record in first.pushes if record.goal_open)
