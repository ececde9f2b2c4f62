import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.geometry import Pose2D
from namo.planning.best_first import AGAIN_DISCOUNT, STEP_DISCOUNT, BestFirst
from namo.planning.planner import Budget, Termination
from namo.scenes.reading import read_scene
from namo.seeding import Streams
from namo.strategies.goal_primitive import PrimitiveGoals
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NearestFirst, NoHeuristic
from namo.world.world import World

ratings = st.floats(0.0, 1.0)


class RatedObjects:
    """Rates objects by name, and keeps the order of the file."""

    def __init__(self, **values):
        self._values = values

    def rank(self, world, reachable, rng):
        return list(reachable)

    def rate(self, world, names):
        return [self._values[name] for name in names]


class RatedGoals:
    """Proposes x = 1 to `many` and rates a push by its path, "a1 b2"; what it does not know, None.

    Attributes:
        asked: the objects it was asked about, with the path to where, and for how many goals.
    """

    def __init__(self, values, many=2):
        self._values, self._many = values, many
        self.asked = []

    def propose(self, world, name, count, rng):
        self.asked.append((" ".join(world.save()), name, count))
        return [Pose2D(float(x), 0.0, 0.0) for x in range(1, min(count, self._many) + 1)]

    def rate(self, world, name, goals):
        paths = (" ".join((*world.save(), f"{name}{goal.x:g}")) for goal in goals)
        return [self._values.get(path) for path in paths]


def run(world, goals, max_goals=2, objects=None, seed=0, **budget):
    planner = BestFirst(objects or NoHeuristic(), goals, max_goals)
    return planner.search(world, Budget(**budget), Streams.for_episode(seed, 0, 0))


def test_the_push_with_the_highest_rating_comes_first(fakes):
    world = fakes.NamedWorld("ab")
    run(world, RatedGoals({"a1": 0.2, "a2": 0.9, "b1": 0.5, "b2": 0.7}), depth=1)
    assert world.order == ["a2", "b2", "b1", "a1"]


@pytest.mark.parametrize(("factor", "first"), [(1.05, "a1 a1"), (0.95, "b1")])
def test_a_state_one_push_deeper_has_to_be_more_promising(fakes, factor, first):
    world = fakes.NamedWorld("ab")
    values = {"a1": 0.9, "b1": 0.5, "a1 a1": factor * 0.5 / STEP_DISCOUNT, "a1 b1": 0.0}
    run(world, RatedGoals(values, many=1), 1, depth=2, pushes=2)
    assert world.order == ["a1", first]


@given(st.lists(ratings, min_size=20, max_size=20))
def test_no_push_is_taken_while_a_more_promising_one_waits(fakes, drawn):
    # Two objects with two goals each, to depth 2: 4 pushes, and 4 from where each leads.
    names = ["a1", "a2", "b1", "b2"]
    paths = [*names, *(f"{one} {other}" for one in names for other in names)]
    values = dict(zip(paths, drawn, strict=True))
    world = fakes.NamedWorld("ab")
    run(world, RatedGoals(values), depth=2)
    assert sorted(world.order) == sorted(paths)
    for place, path in enumerate(world.order):
        done = set(world.order[:place])
        waits = [
            (values[other] * STEP_DISCOUNT ** other.count(" "))
            for other in paths
            if other not in done and (" " not in other or other.partition(" ")[0] in done)
        ]
        assert values[path] * STEP_DISCOUNT ** path.count(" ") == max(waits)


def test_a_tie_goes_to_what_was_proposed_earlier(fakes):
    world = fakes.NamedWorld("ab")
    run(world, RatedGoals(dict.fromkeys(("a1", "a2", "b1", "b2"), 0.5)), depth=1)
    assert world.order == ["a1", "a2", "b1", "b2"]


def test_an_object_is_asked_about_when_it_is_the_most_promising(fakes):
    world = fakes.NamedWorld("ab", opens=lambda path: path == ("b2",))
    goals = RatedGoals({"b1": 0.5, "b2": 0.6, "a1": 1.0, "a2": 1.0})
    result = run(world, goals, objects=RatedObjects(a=0.4, b=0.9), depth=3)
    assert result.solved
    assert world.order == ["b2"]
    assert [name for _, name, _ in goals.asked] == ["b"]


def test_a_promising_object_comes_before_pushes_of_a_better_one_that_promise_less(fakes):
    world = fakes.NamedWorld("ab")
    values = {"b1": 0.3, "b2": 0.95, "a1": 0.5, "a2": 0.1}
    run(world, RatedGoals(values), objects=RatedObjects(a=0.4, b=0.9), depth=1)
    assert world.order == ["b2", "a1", "b1", "a2"]


def test_rated_objects_with_goals_that_are_not_rated_come_by_their_rating(fakes):
    world = fakes.NamedWorld("abc")
    goals = fakes.ScriptedGoals()
    run(world, goals, objects=RatedObjects(a=0.3, b=0.1, c=0.7), depth=1)
    assert world.order == ["c1", "c2", "a1", "a2", "b1", "b2"]


def test_an_object_is_asked_about_as_often_as_deepening_would_for_more_goals_each_time(fakes):
    for objects in (NoHeuristic(), RatedObjects(a=0.5)):
        goals = RatedGoals({f"a{x}": 0.5 for x in range(1, 10)}, many=9)
        world = fakes.NamedWorld(reachable=lambda path: "" if path else "a")
        run(world, goals, 2, objects, depth=4)
        assert goals.asked == [("", "a", 2), ("", "a", 4), ("", "a", 6), ("", "a", 8)]
        assert world.order == [f"a{x}" for x in range(1, 9)]


def test_an_object_that_was_asked_about_is_asked_again_only_behind_others_nearly_as_good(fakes):
    world = fakes.NamedWorld("ab", reachable=lambda path: "" if path else "ab")
    goals = RatedGoals({}, many=2)
    objects = RatedObjects(a=0.8, b=0.8 * AGAIN_DISCOUNT + 0.01)
    run(world, goals, 1, objects, depth=2)
    assert [(name, count) for _, name, count in goals.asked][:3] == [("a", 1), ("b", 1), ("a", 2)]


@pytest.mark.parametrize("unrated", [1, 2, 3, 5, 9])
def test_pushes_without_a_rating_get_their_share_however_sure_the_ratings_are(fakes, unrated):
    many = 10
    values = {f"a{x}": 1.0 for x in range(unrated + 1, many + 1)}
    world = fakes.NamedWorld()
    run(world, RatedGoals(values, many), many, depth=1)
    assert len(world.order) == many
    taken = 0
    for place, path in enumerate(world.order, start=1):
        taken += path not in values
        assert taken == int(place * unrated / many)


def test_the_share_holds_over_states_however_deep_a_sure_model_leads(fakes):
    class SureButForTheFifth(RatedGoals):
        def rate(self, world, name, goals):
            return [None if goal.x == 5 else 1.0 for goal in goals]

    world = fakes.NamedWorld("ab")
    result = run(world, SureButForTheFifth({}, many=5), 5, depth=6, pushes=100)
    assert result.termination is Termination.PUSHES
    unrated = sum(path.endswith("5") for path in world.order)
    assert 18 <= unrated <= 22


def test_pushes_without_a_rating_come_from_the_shallowest_state_first(fakes):
    # Ratings lead deep along a1 first and come to b1 last; every second goal has none.
    values = {"a1": 1.0, "a1 a1": 1.0, "a1 a1 a1": 1.0, "b1": 0.1}
    world = fakes.NamedWorld("ab")
    run(world, RatedGoals(values), depth=4)
    last = world.order.index("b1")
    assert world.order.index("a1 a1 a1") < last
    depths = [path.count(" ") for path in world.order[last + 1 :]]
    assert depths == sorted(depths)
    assert {1, 2, 3} <= set(depths)


def test_without_any_rating_it_is_breadth_first(fakes):
    world = fakes.NamedWorld("ab", stuck=lambda path: path == ("b2",))
    result = run(world, fakes.ScriptedGoals(), depth=3)
    first = ["a1", "a2", "b1", "b2"]
    second = [f"{one} {other}" for one in first[:3] for other in first]
    assert world.order == [
        *first,
        *second,
        *(f"{one} {other}" for one in second for other in first),
    ]
    assert result.termination is Termination.DEPTH
    assert result.terminal_checks == len(result.states)


def test_ratings_of_none_are_no_ratings(fakes):
    orders = []
    for goals in (RatedGoals({}), fakes.ScriptedGoals()):
        world = fakes.NamedWorld("ab")
        run(world, goals, depth=3)
        orders.append(world.order)
    assert orders[0] == orders[1]


@given(st.dictionaries(st.sampled_from(["a1", "a2", "a1 a1", "a1 a2", "a2 a2"]), ratings))
def test_no_push_is_simulated_twice_and_all_that_is_proposed_is_tried(fakes, values):
    world = fakes.NamedWorld()
    result = run(world, RatedGoals(values), depth=3)
    assert len(set(world.order)) == len(world.order) == 2 + 4 + 8
    assert result.pushes_tried == len(result.pushes)
    assert result.termination is Termination.DEPTH


@pytest.mark.parametrize("rated", [True, False])
def test_a_space_that_is_closed_is_exhausted_and_one_that_is_cut_off_is_not(fakes, rated):
    def ending(**budget):
        world = fakes.NamedWorld(reachable=lambda path: "" if len(path) == 2 else "a")
        values = dict.fromkeys(("a1", "a2", "a1 a1", "a1 a2", "a2 a1", "a2 a2"), 0.5)
        return run(world, RatedGoals(values if rated else {}), **budget)

    assert ending(depth=3).termination is Termination.EXHAUSTED
    assert ending(depth=2).termination is Termination.EXHAUSTED
    assert ending(depth=1).termination is Termination.DEPTH
    few = ending(depth=3, pushes=4)
    assert (few.termination, len(few.pushes)) == (Termination.PUSHES, 4)
    checked = ending(depth=3, terminal_checks=3)
    assert (checked.termination, checked.terminal_checks) == (Termination.TERMINAL_CHECKS, 3)
    assert ending(depth=3, seconds=-1.0).termination is Termination.TIMEOUT


def merging(world_class):
    """A world in which b1 leads to the very state that a1 a1 leads to."""

    class Merging(world_class):
        def push(self, push, deadline=math.inf):
            outcome = super().push(push, deadline)
            if self.state[:1] == ("b1",):
                self.state = type(self.state)(("a1", "a1", *self.state[1:]))
            return outcome

    return Merging


def test_a_state_that_was_met_before_is_expanded_once(fakes):
    world = merging(fakes.NamedWorld)("ab")
    values = {"a1": 0.1, "b1": 0.9, "a1 a1": 0.1, "a1 b1": 0.1}
    result = run(world, RatedGoals(values, many=1), 1, depth=3)
    assert world.order.count("a1 a1 a1") == 1
    assert len({(push.state, push.push) for push in result.pushes}) == len(result.pushes)


def test_a_state_met_where_the_depth_ends_is_searched_when_it_is_met_nearer_to_the_start(fakes):
    world = merging(fakes.NamedWorld)("ab", opens=lambda path: path == ("a1", "a1", "a1"))
    values = {"a1": 0.9, "a1 a1": 0.9, "b1": 0.1}
    result = run(world, RatedGoals(values, many=1), 1, depth=2)
    assert [push.object_name for push in result.plan] == ["b", "a"]


def test_the_plan_of_a_promising_way_is_found_though_a_shorter_one_exists(fakes):
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
    scene = read_scene(shared_scenes / "rooms" / "r4_sealed.xml")
    result = run(World(scene), RandomGoals(), 5, NearestFirst(), pushes=15)
    assert result.termination is Termination.PUSHES
    assert len(result.pushes) == 15


class RatedByWay(PrimitiveGoals):
    """Real goals, the more promising the farther they lead, every third without a rating."""

    def rate(self, world, name, goals):
        pose = world.poses()[name]
        return [
            None if place % 3 == 2 else min(1.0, pose.distance(goal))
            for place, goal in enumerate(goals)
        ]


def test_a_real_search_with_ratings_is_the_same_every_time_and_consistent(rooms, checks):
    scene = rooms.sealed(rooms.box(-1.0, 0.5), rooms.box(-1.0, -0.4, 0.3, number=2))
    first, again = (
        run(World(scene), RatedByWay(), 5, NearestFirst(), depth=3, pushes=15) for _ in range(2)
    )
    assert checks.same(first, again)
    checks.consistent(first)
    assert first.max_depth_reached >= 2
