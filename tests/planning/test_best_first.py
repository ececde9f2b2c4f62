import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.geometry import Pose2D
from namo.planning.best_first import DEPTH_DISCOUNT, BestFirst
from namo.planning.idfs import IDFS
from namo.planning.planner import Budget, Termination
from namo.planning.portfolio import (
    LATE_RANDOM_FRACTION,
    RATED_PHASE_PUSHES,
    UNRATED_RANDOM_FRACTION,
)
from namo.scenes.reading import read_scene
from namo.seeding import Streams
from namo.strategies.goal_primitive import PrimitiveGoals
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NearestFirst, NoHeuristic
from namo.world.world import World

ratings = st.floats(0.0, 1.0)


class RatedObjects(NoHeuristic):
    """Rates objects by name and ranks them in file order."""

    def __init__(self, **values):
        self._values = values

    def rate(self, world, names):
        return [self._values[name] for name in names]


class RatedGoals:
    """Knows the goals x = 1 to `many` and rates a push by its path, "a1 b2"; else 0.

    Attributes:
        calls: the objects it was called for, each with the path of its state.
    """

    def __init__(self, values, many=2, random_share=0.0):
        self._values, self._many, self.random_share = values, many, random_share
        self.calls = []

    def propose(self, world, name, count, rng):
        raise AssertionError("goals that can be rated are not to be proposed")

    def best(self, world, name):
        path = world.save()
        self.calls.append((" ".join(path), name))
        goals = [Pose2D(float(x), 0.0, 0.0) for x in range(1, self._many + 1)]
        rated = [
            (goal, self._values.get(" ".join((*path, f"{name}{goal.x:g}")), 0.0)) for goal in goals
        ]
        return iter(sorted(rated, key=lambda each: -each[1]))


@pytest.fixture(autouse=True)
def goals_of_the_random_search(monkeypatch):
    """Fake worlds have no space to sample goals in: the random search pushes to x = -1, -2, ..."""

    class Countdown(RandomGoals):
        def propose(self, world, name, count, rng):
            if isinstance(world, World):
                return super().propose(world, name, count, rng)
            return [Pose2D(-1.0 - place, 0.0, 0.0) for place in range(count)]

    monkeypatch.setattr("namo.planning.portfolio.RandomGoals", Countdown)


def run(world, goals, max_goals=2, objects=None, seed=0, **budget):
    planner = BestFirst(objects or NoHeuristic(), goals, max_goals)
    return planner.search(world, Budget(**budget), Streams.for_episode(seed, 0, 0))


def is_random(path):
    """Whether the last push of a path is one of the random search."""
    return "-" in path.split(" ")[-1]


def test_the_push_with_the_highest_rating_comes_first(fakes):
    world = fakes.NamedWorld("ab")
    run(world, RatedGoals({"a1": 0.2, "a2": 0.9, "b1": 0.5, "b2": 0.7}), depth=1)
    assert world.order == ["a2", "b2", "b1", "a1"]


@pytest.mark.parametrize(("factor", "first"), [(1.05, "a1 a1"), (0.95, "b1")])
def test_a_state_one_push_deeper_needs_a_higher_rating(fakes, factor, first):
    world = fakes.NamedWorld("ab")
    values = {"a1": 0.9, "b1": 0.5, "a1 a1": factor * 0.5 / DEPTH_DISCOUNT, "a1 b1": 0.0}
    run(world, RatedGoals(values, many=1), 1, depth=2, pushes=2)
    assert world.order == ["a1", first]


@given(st.lists(ratings, min_size=20, max_size=20))
def test_no_push_is_tried_while_a_higher_rated_one_is_queued(fakes, ratings):
    # Two objects with two goals each, to depth 2: 4 pushes, and 4 from each resulting state.
    names = ["a1", "a2", "b1", "b2"]
    paths = [*names, *(f"{one} {other}" for one in names for other in names)]
    values = dict(zip(paths, ratings, strict=True))
    world = fakes.NamedWorld("ab")
    run(world, RatedGoals(values), depth=2)
    assert sorted(world.order) == sorted(paths)
    for place, path in enumerate(world.order):
        done = set(world.order[:place])
        waits = [
            (values[other] * DEPTH_DISCOUNT ** other.count(" "))
            for other in paths
            if other not in done and (" " not in other or other.partition(" ")[0] in done)
        ]
        assert values[path] * DEPTH_DISCOUNT ** path.count(" ") == max(waits)


def test_ties_go_to_the_earlier_proposal(fakes):
    world = fakes.NamedWorld("ab")
    run(world, RatedGoals(dict.fromkeys(("a1", "a2", "b1", "b2"), 0.5)), depth=1)
    assert world.order == ["a1", "b1", "a2", "b2"]


def test_an_object_is_expanded_when_it_has_the_highest_rating(fakes):
    world = fakes.NamedWorld("ab", opens=lambda path: path == ("b2",))
    goals = RatedGoals({"b1": 0.5, "b2": 0.6, "a1": 1.0, "a2": 1.0})
    result = run(world, goals, objects=RatedObjects(a=0.4, b=0.9), depth=3)
    assert result.solved
    assert world.order == ["b2"]
    assert goals.calls == [("", "b")]


def test_an_object_comes_before_lower_rated_pushes_of_a_better_object(fakes):
    world = fakes.NamedWorld("ab")
    values = {"b1": 0.3, "b2": 0.95, "a1": 0.5, "a2": 0.1}
    run(world, RatedGoals(values), objects=RatedObjects(a=0.4, b=0.9), depth=1)
    assert world.order == ["b2", "a1", "b1", "a2"]


def test_rated_objects_with_unrated_goals_come_in_order_of_rating(fakes):
    world = fakes.NamedWorld("abc")
    goals = fakes.ScriptedGoals()
    run(world, goals, objects=RatedObjects(a=0.3, b=0.1, c=0.7), depth=1)
    assert world.order == ["c1", "c2", "a1", "a2", "b1", "b2"]


@given(st.floats(0.0, 1.0))
def test_the_random_fraction_is_the_configured_one_at_first_and_higher_later(fraction):
    goals = RatedGoals({}, random_share=fraction)
    counts = [BestFirst(NoHeuristic(), goals, 2).random_pushes(n) for n in range(200)]
    assert counts[RATED_PHASE_PUSHES] == math.floor(fraction * RATED_PHASE_PUSHES)
    assert {late - early for early, late in pairwise(counts)} <= {0, 1}
    if fraction == 0.0:
        assert counts[-1] == 0
    else:
        late = counts[-1] - counts[RATED_PHASE_PUSHES]
        expected = max(fraction, LATE_RANDOM_FRACTION) * (len(counts) - 1 - RATED_PHASE_PUSHES)
        assert late == pytest.approx(expected, abs=1.0)


@pytest.mark.parametrize("fraction", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_random_pushes_get_their_fraction_however_high_the_ratings_are(fakes, fraction):
    class Sure(dict):
        def get(self, path, default):
            return 1.0

    world = fakes.NamedWorld("ab")
    goals = RatedGoals(Sure(), 5, fraction)
    result = run(world, goals, 5, depth=6, pushes=100)
    assert result.termination is Termination.PUSHES
    taken = 0
    planner = BestFirst(NoHeuristic(), goals, 5)
    for place, path in enumerate(world.order, start=1):
        taken += is_random(path)
        assert taken == planner.random_pushes(place)


def test_the_random_search_deepens_on_its_own(fakes):
    world = fakes.NamedWorld("ab")
    run(world, RatedGoals({}, 1, 1.0), 2, depth=2, pushes=10)
    assert world.order[:4] == ["a-1", "a-2", "b-1", "b-2"]
    assert world.order[4:8] == ["a-1 a-1", "a-1 a-2", "a-1 b-1", "a-1 b-2"]


def test_a_goal_found_by_the_random_search_ends_the_search(fakes):
    world = fakes.NamedWorld("ab", opens=lambda path: path == ("a-2",))
    result = run(world, RatedGoals({}, 20, 0.2), 2, depth=3)
    assert result.solved
    assert len(result.pushes) == 10
    assert [push.goal.x for push in result.plan] == [-2.0]


@pytest.mark.parametrize("fraction", [0.2, 1.0])
def test_when_one_search_is_exhausted_the_other_continues(fakes, fraction):
    world = fakes.NamedWorld("a", reachable=lambda path: "" if path else "a")
    result = run(world, RatedGoals({}, 12, fraction), 3, depth=2)
    assert sorted(world.order) == sorted([f"a{x}" for x in range(1, 13)] + ["a-1", "a-2", "a-3"])
    assert result.termination is Termination.EXHAUSTED


def test_with_rated_objects_the_random_search_uses_their_goal_strategy(fakes):
    world = fakes.NamedWorld("abc", reachable=lambda path: "" if path else "abc")
    result = run(world, fakes.ScriptedGoals(), objects=RatedObjects(a=0.1, b=0.2, c=0.9), depth=1)
    # Every fifth push is the next one of iterative deepening, in file order.
    assert UNRATED_RANDOM_FRACTION == 0.2
    assert world.order == ["c1", "c2", "b1", "b2", "a1", "a2"]
    assert len(result.pushes) == 6


def test_without_any_rating_it_is_iterative_deepening(fakes):
    results = []
    for planner in (BestFirst, IDFS):
        world = fakes.NamedWorld("ab", stuck=lambda path: path == ("b2",))
        search = planner(NoHeuristic(), fakes.ScriptedGoals(), 2).search
        result = search(world, Budget(depth=3), Streams.for_episode(0, 0, 0))
        results.append((world.order, result.termination, result.terminal_checks))
    assert results[0] == results[1]


@given(st.dictionaries(st.sampled_from(["a1", "a2", "a1 a1", "a1 a2", "a2 a2"]), ratings))
def test_every_proposed_push_is_simulated_exactly_once(fakes, values):
    world = fakes.NamedWorld()
    result = run(world, RatedGoals(values), depth=3)
    assert len(set(world.order)) == len(world.order) == 2 + 4 + 8
    assert result.pushes_tried == len(result.pushes)
    assert result.termination is Termination.DEPTH


def test_the_next_goal_of_an_object_is_requested_after_the_previous_one_failed(fakes):
    log = []

    class Watched(RatedGoals):
        def best(self, world, name):
            for goal, rating in super().best(world, name):
                log.append(f"requested {goal.x:g}")
                yield goal, rating

    class Watching(fakes.NamedWorld):
        def push(self, push, deadline=math.inf):
            log.append(f"pushed {push.goal.x:g}")
            return super().push(push, deadline)

    run(Watching(reachable=lambda path: "" if path else "a"), Watched({}, many=3), depth=2)
    assert log == ["requested 1", "pushed 1", "requested 2", "pushed 2", "requested 3", "pushed 3"]


def test_a_closed_search_space_is_exhausted_and_a_cut_off_one_is_not(fakes):
    def ending(**budget):
        world = fakes.NamedWorld(reachable=lambda path: "" if len(path) == 2 else "a")
        return run(world, RatedGoals({"a1": 0.5, "a1 a2": 0.5}), **budget)

    assert ending(depth=3).termination is Termination.EXHAUSTED
    assert ending(depth=2).termination is Termination.EXHAUSTED
    assert ending(depth=1).termination is Termination.DEPTH
    few = ending(depth=3, pushes=4)
    assert (few.termination, len(few.pushes)) == (Termination.PUSHES, 4)
    checked = ending(depth=3, terminal_checks=3)
    assert (checked.termination, checked.terminal_checks) == (Termination.TERMINAL_CHECKS, 3)
    assert ending(depth=3, seconds=-1.0).termination is Termination.TIMEOUT


def merging(world_class):
    """A world in which b1 leads to the same state as a1 a1."""

    class Merging(world_class):
        def push(self, push, deadline=math.inf):
            outcome = super().push(push, deadline)
            if self.state[:1] == ("b1",):
                self.state = type(self.state)(("a1", "a1", *self.state[1:]))
            return outcome

    return Merging


def test_a_known_state_is_expanded_once(fakes):
    world = merging(fakes.NamedWorld)("ab")
    values = {"a1": 0.1, "b1": 0.9, "a1 a1": 0.1, "a1 b1": 0.1}
    result = run(world, RatedGoals(values, many=1), 1, depth=3)
    assert world.order.count("a1 a1 a1") == 1
    assert len({(push.state, push.push) for push in result.pushes}) == len(result.pushes)


def test_a_state_found_at_the_depth_limit_is_expanded_when_reached_at_a_smaller_depth(fakes):
    world = merging(fakes.NamedWorld)("ab", opens=lambda path: path == ("a1", "a1", "a1"))
    values = {"a1": 0.9, "a1 a1": 0.9, "b1": 0.1}
    result = run(world, RatedGoals(values, many=1), 1, depth=2)
    assert [push.object_name for push in result.plan] == ["b", "a"]


def test_a_highly_rated_plan_is_found_although_a_shorter_one_exists(fakes):
    world = fakes.NamedWorld("ab", opens=lambda path: path in {("a1", "a1"), ("b1",)})
    result = run(world, RatedGoals({"a1": 0.9, "a1 a1": 0.9, "b1": 0.1}, many=1), 1, depth=3)
    assert [push.object_name for push in result.plan] == ["a", "a"]
    assert len(result.pushes) == 2


@pytest.mark.parametrize("goals", [RandomGoals(), PrimitiveGoals()], ids=lambda g: type(g).__name__)
@pytest.mark.parametrize("file", ["r4_door1_rot", "r4_door1_d3", "r6_door2"])
def test_a_plugged_door_of_a_shared_room_is_opened(shared_scenes, checks, file, goals):
    scene = read_scene(shared_scenes / "rooms" / f"{file}.xml")
    result = run(World(scene), goals, 5, NearestFirst(), seed=1)
    assert result.solved
    assert 1 <= len(result.plan) <= 3
    checks.replayed(result, scene)
    checks.consistent(result)


def test_a_room_without_a_solution_ends_by_its_budget(shared_scenes):
    scene = read_scene(shared_scenes / "rooms" / "r7_four.xml")
    result = run(World(scene), RandomGoals(), 5, NearestFirst(), pushes=15)
    assert result.termination is Termination.PUSHES
    assert len(result.pushes) == 15


class RatedByDistance(PrimitiveGoals):
    """Real goals, rated higher the farther away they are."""

    random_share = 0.3

    def best(self, world, name):
        pose = world.poses()[name]
        goals = self.propose(world, name, 5, Streams.for_episode(0, 0, 0).goals)
        rated = [(goal, min(1.0, pose.distance(goal))) for goal in goals]
        return iter(sorted(rated, key=lambda each: -each[1]))


def test_a_real_search_with_ratings_is_reproducible_and_consistent(rooms, checks):
    scene = rooms.sealed(rooms.box(-1.0, 0.5), rooms.box(-1.0, -0.4, 0.3, number=2))
    first, again = (
        run(World(scene), RatedByDistance(), 5, NearestFirst(), depth=3, pushes=15)
        for _ in range(2)
    )
    assert checks.same(first, again)
    checks.consistent(first)
    assert first.max_depth_reached >= 2
