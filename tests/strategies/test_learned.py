import math
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from namo.learning.queries import FEATURES, WAY_FEATURES
from namo.learning.rasters import CHANNELS, VIEWS
from namo.learning.scoring import Prediction
from namo.scenes.reading import parse_scene
from namo.scenes.writing import scene_xml
from namo.seeding import Purpose, stream
from namo.strategies import rated_candidates
from namo.strategies.clear_path import ClearPathGoals
from namo.strategies.goal_random import DISTANCE_M
from namo.strategies.learned import LearnedGoals, LearnedObjects
from namo.strategies.strategy import RatingGoalStrategy, RatingObjectStrategy
from namo.world.candidate_ways import CandidateWays
from namo.world.candidates import candidate_pushes
from namo.world.push import Push
from namo.world.push_planner import within_tolerance
from namo.world.world import World
from tests.conftest import random_bundle

NAME = "obstacle_1_movable"
NAMES = [f"obstacle_{number}_movable" for number in (3, 1, 2)]


class FakeScorer:
    """Returns chosen predictions.

    Attributes:
        features: that it takes, those of the ways not among them.
        queried: the queries of each call.
        stats: number of timed calls.
    """

    def __init__(self, predict):
        self._predict = predict
        self.features = [name for name in FEATURES["goal"] if name not in WAY_FEATURES]
        self.queried = []
        self.stats = SimpleNamespace(calls=0)

    @contextmanager
    def timed(self):
        yield
        self.stats.calls += 1

    def predict(self, queries):
        self.queried.append(queries)
        return [
            one
            if isinstance(one, Prediction)
            else Prediction(np.array(one, float), np.zeros(len(one)))
            for one in self._predict(queries)
        ]


def object_values(*values):
    """An object model with these values, in file order."""
    return FakeScorer(lambda queries: [[value] for value in values[: len(queries)]])


def by_number(value_of):
    """A goal model whose value of a candidate is a function of its number."""
    return FakeScorer(lambda queries: [value_of(query.numbers) for query in queries])


def longest_first(numbers):
    """The longer the push, the better."""
    return 0.05 + 0.09 * (numbers % 10)


def all_equal(numbers):
    return np.full(len(numbers), 0.5)


def rng(seed=0, purpose=Purpose.GOALS):
    return stream(seed, 0, 0, purpose)


@pytest.fixture(scope="module")
def three(rooms):
    """A world with three reachable boxes."""
    places = zip(NAMES, ((0.9, -1.0), (-0.8, 0.0), (0.6, 0.8)), strict=True)
    boxes = [rooms.box(x, y, number=int(name.split("_")[1])) for name, (x, y) in places]
    world = World(rooms.room(*boxes))
    assert list(world.reachability().reachable_objects) == NAMES
    return world


@pytest.fixture(scope="module")
def wide(rooms):
    """A world with one box in open space."""
    return World(rooms.room(rooms.box(0.1, -0.2, 0.4), side=6.0))


def test_both_strategies_implement_rating():
    assert isinstance(LearnedObjects(object_values(0.5), 1), RatingObjectStrategy)
    assert isinstance(LearnedGoals(by_number(all_equal), 1), RatingGoalStrategy)


# ---- objects


def test_the_object_with_the_most_votes_comes_first(three):
    for seed in range(5):
        strategy = LearnedObjects(object_values(0.02, 0.95, 0.5), 64)
        assert strategy.rank(three, NAMES, rng(seed)) == [NAMES[1], NAMES[2], NAMES[0]]


def test_objects_without_votes_follow_by_descending_value(three):
    strategy = LearnedObjects(object_values(0.3, 0.5, 0.4), 1)
    ranked = [strategy.rank(three, NAMES, rng(seed)) for seed in range(40)]
    assert {order[0] for order in ranked} == set(NAMES)
    rest = {
        NAMES[0]: [NAMES[1], NAMES[2]],
        NAMES[1]: [NAMES[2], NAMES[0]],
        NAMES[2]: [NAMES[1], NAMES[0]],
    }
    assert all(order[1:] == rest[order[0]] for order in ranked)


def test_the_probability_of_a_vote_is_proportional_to_the_odds(three):
    strategy, generator = LearnedObjects(object_values(0.5, 0.8, 0.5), 1), np.random.default_rng(0)
    firsts = [strategy.rank(three, NAMES, generator)[0] for _ in range(1200)]
    fraction = firsts.count(NAMES[1]) / len(firsts)
    assert fraction == pytest.approx(4 / 6, abs=0.04)  # odds of 1, 4 and 1


@given(
    st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3), st.integers(1, 64), st.integers(0, 99)
)
def test_a_ranking_contains_every_object_once_and_is_reproducible(three, values, samples, seed):
    orders = [
        LearnedObjects(object_values(*values), samples).rank(three, NAMES, rng(seed))
        for _ in range(2)
    ]
    assert orders[0] == orders[1]
    assert sorted(orders[0]) == sorted(NAMES)


def test_equal_votes_and_values_keep_the_file_order(three):
    class NoVotes:
        def multinomial(self, samples, chances):
            return np.zeros(len(chances), int)

    assert LearnedObjects(object_values(0.5, 0.5, 0.5), 9).rank(three, NAMES, NoVotes()) == NAMES


def test_fewer_than_two_objects_need_no_query(three):
    scorer = object_values(0.5)
    strategy = LearnedObjects(scorer, 8)
    before = rng()
    for names in ([NAMES[1]], []):
        assert strategy.rank(three, names, before) == names
        assert strategy.rate(three, names) == [1.0] * len(names)
    assert (scorer.queried, scorer.stats.calls) == ([], 0)
    assert before.random() == rng().random(), "no random number was used"


def test_ratings_are_the_predicted_values_in_any_order(three):
    scorer = object_values(0.2, 0.9, 0.5)
    strategy = LearnedObjects(scorer, 8)
    strategy.rank(three, NAMES, rng())
    assert strategy.rate(three, NAMES) == [0.2, 0.9, 0.5]
    assert strategy.rate(three, NAMES[::-1]) == [0.5, 0.9, 0.2]
    assert len(scorer.queried) == 1


def test_all_reachable_objects_are_in_one_batch(three):
    scorer = object_values(0.2, 0.9, 0.5)
    LearnedObjects(scorer, 8).rank(three, NAMES, rng())
    ((*queries,),) = scorer.queried
    assert scorer.stats.calls == 1
    pixels = VIEWS["object"].pixels
    for query in queries:
        assert query.rasters.shape == (1, len(CHANNELS), pixels, pixels)
        assert query.features.shape == (1, len(FEATURES["object"]))
    assert len({query.rasters.tobytes() for query in queries}) == 3


def test_another_set_of_reachable_objects_is_another_query(three):
    scorer = object_values(0.2, 0.9, 0.5)
    strategy = LearnedObjects(scorer, 8)
    strategy.rank(three, NAMES, rng())
    assert sorted(strategy.rank(three, NAMES[:2], rng())) == sorted(NAMES[:2])
    assert [len(queries) for queries in scorer.queried] == [3, 2]


# ---- goals


def predicted_values(world, value_of, goals):
    """The value of each goal; None for a goal that is not a candidate."""
    candidates = candidate_pushes(world, NAME)
    numbers = candidates.possible.ravel().nonzero()[0]
    values = zip(numbers, value_of(numbers), strict=True)
    known = {candidates.goal(int(number)): value for number, value in values}
    return [known.get(goal) for goal in goals]


def test_goals_with_the_highest_values_come_first(wide):
    strategy = LearnedGoals(by_number(longest_first), 64, random_share=0.0)
    goals = strategy.propose(wide, NAME, 6, rng())
    values = predicted_values(wide, longest_first, goals)
    assert len(goals) == 6
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.8


def test_goals_are_feasible_candidates(rooms):
    world = World(rooms.room(rooms.box(1.4, 1.0), robot=(-1.0, -1.0), goal=(-1.0, 1.0)))
    candidates = candidate_pushes(world, NAME)
    possible = {candidates.goal(number) for number in candidates.possible.ravel().nonzero()[0]}
    strategy = LearnedGoals(by_number(all_equal), 200, random_share=0.0)
    assert set(strategy.propose(world, NAME, 10, rng())) <= possible


def test_goals_within_tolerance_of_another_are_left_out(wide):
    strategy = LearnedGoals(by_number(all_equal), 5000, random_share=0.0)
    goals = strategy.propose(wide, NAME, 20, rng())
    values = predicted_values(wide, all_equal, goals)
    candidates = [goal for goal, value in zip(goals, values, strict=True) if value is not None]
    assert len(candidates) > 10
    for place, goal in enumerate(candidates):
        assert not any(within_tolerance(goal, other) for other in candidates[:place])


def test_of_goals_within_tolerance_the_one_with_the_highest_value_is_kept(wide):
    candidates = candidate_pushes(wide, NAME)
    # The first two travels of a contact point, 2 and 5 cm, end within tolerance.
    best, shorter = 11, 10
    assert within_tolerance(candidates.goal(best), candidates.goal(shorter))
    scorer = by_number(lambda numbers: np.select([numbers == best, numbers == shorter], [0.9, 0.8]))
    strategy = LearnedGoals(scorer, 2000, random_share=0.0)
    goals = strategy.propose(wide, NAME, 2, rng())
    assert goals[0] == candidates.goal(best)
    assert candidates.goal(shorter) not in goals


def test_every_fifth_goal_is_random(wide):
    strategy = LearnedGoals(by_number(all_equal), 2000)
    values = predicted_values(wide, all_equal, strategy.propose(wide, NAME, 10, rng()))
    assert [place for place, value in enumerate(values) if value is None] == [4, 9]


def random_positions(world, fraction, count, seed=0):
    """The positions of the random goals."""
    strategy = LearnedGoals(by_number(all_equal), 5000, random_share=fraction)
    goals = strategy.propose(world, NAME, count, rng(seed))
    assert len(goals) == count
    values = predicted_values(world, all_equal, goals)
    return [place for place, value in enumerate(values) if value is None]


@settings(max_examples=25)
@given(st.floats(0.0, 1.0), st.integers(0, 15), st.integers(0, 99))
def test_random_goals_are_a_fraction_and_evenly_spaced(wide, fraction, count, seed):
    places = random_positions(wide, fraction, count, seed)
    assert math.floor(fraction * count) <= len(places) <= math.ceil(fraction * count)
    gaps = np.diff([-1, *places])
    assert not places or places[-1] == count - 1
    assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1


def test_a_fractional_number_of_random_goals_is_rounded_at_random(wide):
    counts = [len(random_positions(wide, 0.2, 2, seed)) for seed in range(100)]
    assert set(counts) == {0, 1}
    assert 25 <= sum(counts) <= 55


def test_a_random_fraction_of_zero_or_one_uses_the_model_always_or_never(wide):
    assert random_positions(wide, 0.0, 8) == []
    assert random_positions(wide, 1.0, 8) == list(range(8))


def test_random_goals_are_those_of_the_random_strategy(rooms):
    world = World(rooms.plugged())
    goals = LearnedGoals(by_number(all_equal), 32, random_share=1.0).propose(world, NAME, 20, rng())
    pose = world.poses()[NAME]
    assert len(set(goals)) == len(goals) > 10
    for goal in goals:
        assert DISTANCE_M[0] <= pose.distance(goal) <= DISTANCE_M[1]
        assert world.reachability().can_push_towards(NAME, goal)


def test_random_goals_fill_up_if_few_candidates_were_sampled(wide):
    strategy = LearnedGoals(by_number(all_equal), 1, random_share=0.0)
    goals = strategy.propose(wide, NAME, 4, rng())
    assert predicted_values(wide, all_equal, goals) == [0.5, None, None, None]


@pytest.mark.parametrize("count", [5, 7])
def test_the_same_seed_gives_the_same_goals(wide, count):
    first, again = (
        [
            LearnedGoals(by_number(all_equal), 32).propose(wide, NAME, count, rng(seed))
            for seed in range(5)
        ]
        for _ in range(2)
    )
    assert first == again


def test_other_seeds_give_other_goals(wide):
    strategy = LearnedGoals(by_number(all_equal), 32)
    assert len({tuple(strategy.propose(wide, NAME, 5, rng(seed))) for seed in range(5)}) == 5


def test_values_of_exactly_zero_and_one_are_handled(wide):
    for value in (0.0, 1.0):
        scorer = by_number(lambda numbers, value=value: np.full(len(numbers), value))
        strategy = LearnedGoals(scorer, 32, random_share=0.0)
        assert len(strategy.propose(wide, NAME, 5, rng())) == 5
        assert next(strategy.best(wide, NAME))[1] == value


def test_a_movable_without_feasible_candidates_needs_no_query(rooms):
    world = World(rooms.sealed(rooms.box(1.0, 0.0)))
    scorer = by_number(all_equal)
    strategy = LearnedGoals(scorer, 32)
    assert strategy.propose(world, NAME, 5, rng()) == []
    assert scorer.queried == []
    assert scorer.stats.calls == 0


def test_a_goal_query_has_a_raster_per_side_and_all_feasible_candidates(wide):
    scorer = by_number(all_equal)
    LearnedGoals(scorer, 32).propose(wide, NAME, 5, rng())
    (((query),),) = scorer.queried
    pixels, possible = VIEWS["push"].pixels, candidate_pushes(wide, NAME).possible.sum()
    assert query.rasters.shape == (4, len(CHANNELS), pixels, pixels)
    assert query.features.shape == (possible, len(scorer.features))


# ---- goals in best-first order


def rated(world, opens_of, p_later_of=lambda numbers: np.zeros(len(numbers))):
    """The goals of a model with these predictions, in order."""
    scorer = FakeScorer(
        lambda queries: [
            Prediction(opens_of(query.numbers), p_later_of(query.numbers)) for query in queries
        ]
    )
    return list(LearnedGoals(scorer, 1).best(world, NAME))


def seeded(seed, scale=1.0):
    """Pseudo-random values of candidates."""
    return lambda numbers: scale * np.random.default_rng(seed).random(1000)[numbers]


@given(st.integers(0, 99))
def test_ratings_never_increase_and_no_goal_is_within_tolerance_of_an_earlier_one(wide, seed):
    goals = rated(wide, seeded(seed), seeded(seed + 1, 0.5))
    ratings = [rating for _, rating in goals]
    assert ratings == sorted(ratings, reverse=True)
    for place, (goal, _) in enumerate(goals):
        assert not any(within_tolerance(goal, other) for other, _ in goals[:place])


@given(st.integers(0, 99))
def test_every_candidate_is_a_goal_or_within_tolerance_of_one(wide, seed):
    goals = [goal for goal, _ in rated(wide, seeded(seed))]
    candidates = candidate_pushes(wide, NAME)
    for number in candidates.possible.ravel().nonzero()[0].tolist():
        assert any(within_tolerance(candidates.goal(number), goal) for goal in goals)


def test_after_a_failed_push_shorter_ones_are_only_worth_what_may_follow(wide):
    candidates = candidate_pushes(wide, NAME)
    travels = len(candidates.travels)
    far = travels - 1  # from the first contact point, the longest
    opens = lambda numbers: np.where(numbers <= far, 0.8 + 0.01 * numbers, 0.0)  # noqa: E731
    p_later = lambda numbers: np.where(numbers <= far, 0.1, 0.0)  # noqa: E731
    found = dict(rated(wide, opens, p_later))
    number_of = {candidates.goal(number): number for number in range(candidates.possible.size)}
    by_number = {number_of[goal]: rating for goal, rating in found.items()}
    assert by_number[far] == pytest.approx(0.89 + 0.11 * 0.1)
    shorter = [rating for number, rating in by_number.items() if number < far]
    others = [rating for number, rating in by_number.items() if number > far]
    assert shorter
    assert shorter == pytest.approx([0.1] * len(shorter))
    assert set(others) == {0.0}


def test_iterating_twice_gives_the_same_goals(wide):
    strategy = LearnedGoals(by_number(longest_first), 32)
    assert list(strategy.best(wide, NAME)) == list(strategy.best(wide, NAME))


# ---- caching


@pytest.fixture
def world(rooms):
    """A fresh world to push in."""
    return World(rooms.room(rooms.box(0.0, 0.0), rooms.box(-0.9, 1.2, number=2), side=6.0))


OTHER = "obstacle_2_movable"


def query_objects(world, scorer):
    strategy = LearnedObjects(scorer, 8)
    return lambda: strategy.rank(world, [NAME, OTHER], rng())


def query_goals(world, scorer):
    strategy = LearnedGoals(scorer, 8)
    return lambda: strategy.propose(world, NAME, 3, rng())


@pytest.fixture(params=["objects", "goals"])
def querying(request):
    """Makes a function that queries a model about a world, and a model for it."""
    return {
        "objects": (query_objects, lambda: object_values(0.4, 0.6)),
        "goals": (query_goals, lambda: by_number(all_equal)),
    }[request.param]


def test_a_state_is_queried_once_and_a_new_one_after_a_push(world, querying):
    make, model = querying
    scorer = model()
    query = make(world, scorer)
    start = world.save()
    first = query()
    world.restore(start)
    assert query() == first
    assert len(scorer.queried) == scorer.stats.calls == 1
    world.push(Push(NAME, world.poses()[NAME]._replace(x=0.5)), stop_at_open_goal=False)
    query()
    assert len(scorer.queried) == scorer.stats.calls == 2
    world.restore(start)
    assert query() == first
    assert len(scorer.queried) == 2


def test_the_position_of_the_robot_is_part_of_the_state(world, querying):
    make, model = querying
    scorer = model()
    query = make(world, scorer)
    query()
    world.simulation.place_robot(2.0, 2.0)
    world.invalidate()
    query()
    assert len(scorer.queried) == 2


def test_another_object_is_another_goal_query(world):
    scorer = by_number(all_equal)
    strategy = LearnedGoals(scorer, 8)
    for name in (NAME, OTHER, NAME, OTHER):
        strategy.propose(world, name, 3, rng())
        strategy.best(world, name)
    assert len(scorer.queried) == 2


def test_the_oldest_predictions_are_evicted(world, querying, monkeypatch):
    monkeypatch.setattr(rated_candidates, "MAX_CACHED_RATINGS", 3)
    make, model = querying
    scorer = model()
    query = make(world, scorer)

    def query_at(x):
        before = len(scorer.queried)
        world.simulation.place_robot(x, 2.0)
        world.invalidate()
        query()
        return len(scorer.queried) > before

    assert [query_at(x) for x in (0.0, 0.5, 1.0)] == [True] * 3
    assert [query_at(x) for x in (0.0, 0.5, 1.0)] == [False] * 3
    assert query_at(1.5)
    assert [query_at(x) for x in (1.5, 1.0, 0.5)] == [False] * 3
    assert query_at(0.0)


def test_another_scene_with_the_same_poses_is_another_query(rooms):
    walls = [(), (rooms.wall(5, 1.5, -1.5, (0.05, 0.3)),)]
    scorer = by_number(all_equal)
    strategy = LearnedGoals(scorer, 8)
    poses = []
    for number, more in enumerate(walls):
        scene = rooms.room(rooms.box(0.0, 0.0), walls=more)
        world = World(parse_scene(scene_xml(scene).encode(), f"scene {number}"))
        poses.append(world.poses())
        strategy.propose(world, NAME, 3, rng())
    assert poses[0] == poses[1]
    assert len(scorer.queried) == 2


def test_querying_leaves_the_state_unchanged(world, querying):
    make, model = querying
    before = world.save().key
    make(world, model())()
    assert world.save().key == before


# ---- with a model


@pytest.fixture(scope="module")
def scorer_of(tmp_path_factory):
    """Loads a model with random weights that depend on the seed."""
    from namo.learning.loaded_model import load_model
    from namo.learning.scoring import Scorer

    def scorer(kind, seed=0):
        path = tmp_path_factory.mktemp("models") / f"{kind}_{seed}"
        return Scorer(load_model(random_bundle(path, kind, seed), kind, "cpu"))

    return scorer


def test_a_model_ranks_objects_and_is_queried_once_per_state(three, scorer_of):
    scorer = scorer_of("object")
    strategy = LearnedObjects(scorer, 32)
    orders = {tuple(strategy.rank(three, NAMES, rng(seed))) for seed in range(20)}
    assert all(sorted(order) == sorted(NAMES) for order in orders)
    values = strategy.rate(three, NAMES)
    assert all(0.0 <= value <= 1.0 for value in values)
    assert len(set(values)) == 3
    assert scorer.stats.calls == 1
    assert scorer.stats.batches == {3: 1}


def test_a_reloaded_model_proposes_the_same_goals(wide, scorer_of):
    first, again, other = (
        LearnedGoals(scorer_of("goal", seed), 32).propose(wide, NAME, 10, rng())
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize("sees_ways", [True, False])
@pytest.mark.parametrize("value", [0.3, 0.95])
def test_a_model_that_sees_the_ways_is_helped_out_where_it_promises_little(rooms, sees_ways, value):
    behind = rooms.wall(7, 1.0, 0.0, (0.05, 0.5))
    scene = rooms.room(rooms.box(0.0, 0.0), walls=(*rooms.door(), behind), goal=(1.6, 0.0))
    scorer = by_number(lambda numbers: np.full(len(numbers), value))
    if sees_ways:
        scorer.features = list(FEATURES["goal"])
    learned = LearnedGoals(scorer, 32)
    limit = learned.rated(World(scene), NAME).needed_further
    assert bool(limit) == (sees_ways and value == 0.3)
    goals = [goal for goal, _ in learned.best(World(scene), NAME)]
    further = ClearPathGoals().further(World(scene), NAME)
    assert all((goal in goals) == bool(limit) for goal, _ in further)
    assert learned.further(World(scene), NAME) == further


def test_the_best_goal_is_the_one_with_the_highest_value(wide, scorer_of):
    from namo.learning.queries import goal_query
    from namo.learning.rasters import StateRaster

    scorer = scorer_of("goal")
    strategy = LearnedGoals(scorer, 500)
    candidates = candidate_pushes(wide, NAME)
    reachability = wide.reachability()
    ways = CandidateWays(reachability, NAME, candidates)
    query = goal_query(StateRaster(reachability), ways, scorer.features)
    (prediction,) = scorer.predict([query])
    best = int(prediction.value.argmax())
    goal, rating = next(strategy.best(wide, NAME))
    assert goal == candidates.goal(int(query.numbers[best]))
    assert rating == pytest.approx(prediction.value[best], abs=1e-6)
    assert all(0.0 <= rating <= 1.0 for _, rating in strategy.best(wide, NAME))
