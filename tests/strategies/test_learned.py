import math
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from namo.learning.queries import FEATURES
from namo.learning.rasters import CHANNELS, VIEWS
from namo.learning.scoring import Prediction
from namo.scenes.reading import parse_scene
from namo.scenes.writing import scene_xml
from namo.seeding import Purpose, stream
from namo.strategies import learned
from namo.strategies.goal_random import DISTANCE_M
from namo.strategies.learned import LearnedGoals, LearnedObjects
from namo.strategies.strategy import RatingGoalStrategy, RatingObjectStrategy
from namo.world.candidates import candidate_pushes
from namo.world.push import Push
from namo.world.push_planner import within_tolerance
from namo.world.world import World
from tests.conftest import random_bundle

NAME = "obstacle_1_movable"
NAMES = [f"obstacle_{number}_movable" for number in (3, 1, 2)]


class FakeScorer:
    """Answers with chosen values.

    Attributes:
        asked: the questions of each call.
        use: how often something was counted as a question.
    """

    def __init__(self, answer):
        self._answer = answer
        self.asked = []
        self.stats = SimpleNamespace(calls=0)

    @contextmanager
    def timed(self):
        yield
        self.stats.calls += 1

    def predict(self, questions):
        self.asked.append(questions)
        return [
            one if isinstance(one, Prediction) else Prediction(np.array(one, float), np.zeros(len(one)))
            for one in self._answer(questions)
        ]


def says(*values):
    """A model of objects that says these values, in the order of the file."""
    return FakeScorer(lambda questions: [[value] for value in values[: len(questions)]])


def by_number(value_of):
    """A model of goals whose value of a candidate follows from its number."""
    return FakeScorer(lambda questions: [value_of(question.numbers) for question in questions])


def longest_first(numbers):
    """The longer the push, the better."""
    return 0.05 + 0.09 * (numbers % 10)


def all_alike(numbers):
    return np.full(len(numbers), 0.5)


def rng(seed=0, purpose=Purpose.GOALS):
    return stream(seed, 0, 0, purpose)


@pytest.fixture(scope="module")
def three(rooms):
    """A world with three boxes in reach."""
    places = zip(NAMES, ((0.9, -1.0), (-0.8, 0.0), (0.6, 0.8)), strict=True)
    boxes = [rooms.box(x, y, number=int(name.split("_")[1])) for name, (x, y) in places]
    world = World(rooms.room(*boxes))
    assert list(world.reachability().reachable_objects) == NAMES
    return world


@pytest.fixture(scope="module")
def wide(rooms):
    """A world with one box and much room around."""
    return World(rooms.room(rooms.box(0.1, -0.2, 0.4), side=6.0))


def test_both_strategies_can_rate():
    assert isinstance(LearnedObjects(says(0.5), 1), RatingObjectStrategy)
    assert isinstance(LearnedGoals(by_number(all_alike), 1), RatingGoalStrategy)


# ---- objects


def test_the_object_with_the_most_votes_comes_first(three):
    for seed in range(5):
        strategy = LearnedObjects(says(0.02, 0.95, 0.5), 64)
        assert strategy.rank(three, NAMES, rng(seed)) == [NAMES[1], NAMES[2], NAMES[0]]


def test_objects_without_votes_follow_the_most_promising_of_them_first(three):
    strategy = LearnedObjects(says(0.3, 0.5, 0.4), 1)
    ranked = [strategy.rank(three, NAMES, rng(seed)) for seed in range(40)]
    assert {order[0] for order in ranked} == set(NAMES)
    rest = {
        NAMES[0]: [NAMES[1], NAMES[2]],
        NAMES[1]: [NAMES[2], NAMES[0]],
        NAMES[2]: [NAMES[1], NAMES[0]],
    }
    assert all(order[1:] == rest[order[0]] for order in ranked)


def test_the_chance_of_a_vote_is_in_proportion_to_the_odds(three):
    strategy, draws = LearnedObjects(says(0.5, 0.8, 0.5), 1), np.random.default_rng(0)
    firsts = [strategy.rank(three, NAMES, draws)[0] for _ in range(1200)]
    share = firsts.count(NAMES[1]) / len(firsts)
    assert share == pytest.approx(4 / 6, abs=0.04)  # odds of 1, 4 and 1


@given(
    st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3), st.integers(1, 64), st.integers(0, 99)
)
def test_an_order_holds_every_object_once_and_is_that_of_its_seed(three, values, samples, seed):
    orders = [
        LearnedObjects(says(*values), samples).rank(three, NAMES, rng(seed)) for _ in range(2)
    ]
    assert orders[0] == orders[1]
    assert sorted(orders[0]) == sorted(NAMES)


def test_equal_votes_and_values_keep_the_order_of_the_file(three):
    class NoVotes:
        def multinomial(self, samples, chances):
            return np.zeros(len(chances), int)

    assert LearnedObjects(says(0.5, 0.5, 0.5), 9).rank(three, NAMES, NoVotes()) == NAMES


def test_nothing_is_asked_about_one_object_or_none(three):
    scorer = says(0.5)
    strategy = LearnedObjects(scorer, 8)
    before = rng()
    for names in ([NAMES[1]], []):
        assert strategy.rank(three, names, before) == names
        assert strategy.rate(three, names) == [1.0] * len(names)
    assert (scorer.asked, scorer.stats.calls) == ([], 0)
    assert before.random() == rng().random(), "no number was drawn"


def test_objects_are_rated_as_the_model_says_whatever_their_order(three):
    scorer = says(0.2, 0.9, 0.5)
    strategy = LearnedObjects(scorer, 8)
    strategy.rank(three, NAMES, rng())
    assert strategy.rate(three, NAMES) == [0.2, 0.9, 0.5]
    assert strategy.rate(three, NAMES[::-1]) == [0.5, 0.9, 0.2]
    assert len(scorer.asked) == 1


def test_all_objects_that_can_be_reached_are_asked_about_in_one_question(three):
    scorer = says(0.2, 0.9, 0.5)
    LearnedObjects(scorer, 8).rank(three, NAMES, rng())
    ((*questions,),) = scorer.asked
    assert scorer.stats.calls == 1
    pixels = VIEWS["object"].pixels
    for question in questions:
        assert question.rasters.shape == (1, len(CHANNELS), pixels, pixels)
        assert question.features.shape == (1, len(FEATURES["object"]))
    assert len({question.rasters.tobytes() for question in questions}) == 3


def test_other_objects_in_reach_are_another_question(three):
    scorer = says(0.2, 0.9, 0.5)
    strategy = LearnedObjects(scorer, 8)
    strategy.rank(three, NAMES, rng())
    assert sorted(strategy.rank(three, NAMES[:2], rng())) == sorted(NAMES[:2])
    assert [len(questions) for questions in scorer.asked] == [3, 2]


# ---- goals


def judged_values(world, value_of, goals):
    """What a model of goals says of each goal; None for a goal that is no candidate."""
    candidates = candidate_pushes(world, NAME)
    numbers = candidates.possible.ravel().nonzero()[0]
    values = zip(numbers, value_of(numbers), strict=True)
    known = {candidates.goal(int(number)): value for number, value in values}
    return [known.get(goal) for goal in goals]


def test_the_most_promising_goals_come_first(wide):
    strategy = LearnedGoals(by_number(longest_first), 64, random_share=0.0)
    goals = strategy.propose(wide, NAME, 6, rng())
    values = judged_values(wide, longest_first, goals)
    assert len(goals) == 6
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.8


def test_goals_are_candidates_that_are_possible_now(rooms):
    world = World(rooms.room(rooms.box(1.4, 1.0), robot=(-1.0, -1.0), goal=(-1.0, 1.0)))
    candidates = candidate_pushes(world, NAME)
    possible = {candidates.goal(number) for number in candidates.possible.ravel().nonzero()[0]}
    strategy = LearnedGoals(by_number(all_alike), 200, random_share=0.0)
    assert set(strategy.propose(world, NAME, 10, rng())) <= possible


def test_goals_that_are_nearly_the_same_are_proposed_once(wide):
    strategy = LearnedGoals(by_number(all_alike), 5000, random_share=0.0)
    goals = strategy.propose(wide, NAME, 20, rng())
    values = judged_values(wide, all_alike, goals)
    judged = [goal for goal, value in zip(goals, values, strict=True) if value is not None]
    assert len(judged) > 10
    for place, goal in enumerate(judged):
        assert not any(within_tolerance(goal, other) for other in judged[:place])


def test_of_goals_that_are_nearly_the_same_the_most_promising_stays(wide):
    candidates = candidate_pushes(wide, NAME)
    # The first two travels of a contact point, 2 and 5 cm, end within tolerance.
    best = 11
    twin = 10
    assert within_tolerance(candidates.goal(best), candidates.goal(twin))
    scorer = by_number(lambda numbers: np.select([numbers == best, numbers == twin], [0.9, 0.8]))
    strategy = LearnedGoals(scorer, 2000, random_share=0.0)
    goals = strategy.propose(wide, NAME, 2, rng())
    assert goals[0] == candidates.goal(best)
    assert candidates.goal(twin) not in goals


def test_every_fifth_goal_is_random(wide):
    strategy = LearnedGoals(by_number(all_alike), 2000)
    values = judged_values(wide, all_alike, strategy.propose(wide, NAME, 10, rng()))
    assert [place for place, value in enumerate(values) if value is None] == [4, 9]


def random_places(world, share, count, seed=0):
    """The places of the goals that stay random."""
    strategy = LearnedGoals(by_number(all_alike), 5000, random_share=share)
    goals = strategy.propose(world, NAME, count, rng(seed))
    assert len(goals) == count
    values = judged_values(world, all_alike, goals)
    return [place for place, value in enumerate(values) if value is None]


@settings(max_examples=25)
@given(st.floats(0.0, 1.0), st.integers(0, 15), st.integers(0, 99))
def test_a_share_of_the_goals_is_random_and_spread_evenly(wide, share, count, seed):
    places = random_places(wide, share, count, seed)
    assert math.floor(share * count) <= len(places) <= math.ceil(share * count)
    gaps = np.diff([-1, *places])
    assert not places or places[-1] == count - 1
    assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1


def test_where_the_share_of_a_list_is_no_whole_number_chance_decides(wide):
    counts = [len(random_places(wide, 0.2, 2, seed)) for seed in range(100)]
    assert set(counts) == {0, 1}
    assert 25 <= sum(counts) <= 55


def test_without_a_random_share_every_goal_is_judged_and_with_all_of_it_none(wide):
    assert random_places(wide, 0.0, 8) == []
    assert random_places(wide, 1.0, 8) == list(range(8))


def test_random_goals_are_as_the_random_strategy_draws_them(rooms):
    world = World(rooms.plugged())
    goals = LearnedGoals(by_number(all_alike), 32, random_share=1.0).propose(world, NAME, 20, rng())
    pose = world.poses()[NAME]
    assert len(set(goals)) == len(goals) > 10
    for goal in goals:
        assert DISTANCE_M[0] <= pose.distance(goal) <= DISTANCE_M[1]
        assert world.reachability().can_push_towards(NAME, goal)


def test_random_goals_fill_in_where_few_candidates_were_drawn(wide):
    strategy = LearnedGoals(by_number(all_alike), 1, random_share=0.0)
    goals = strategy.propose(wide, NAME, 4, rng())
    assert judged_values(wide, all_alike, goals) == [0.5, None, None, None]


@pytest.mark.parametrize("count", [5, 7])
def test_the_same_seed_gives_the_same_goals(wide, count):
    first, again = (
        [
            LearnedGoals(by_number(all_alike), 32).propose(wide, NAME, count, rng(seed))
            for seed in range(5)
        ]
        for _ in range(2)
    )
    assert first == again


def test_other_seeds_give_other_goals(wide):
    strategy = LearnedGoals(by_number(all_alike), 32)
    assert len({tuple(strategy.propose(wide, NAME, 5, rng(seed))) for seed in range(5)}) == 5


def test_values_of_none_and_one_are_no_certainty(wide):
    for value in (0.0, 1.0):
        scorer = by_number(lambda numbers, value=value: np.full(len(numbers), value))
        strategy = LearnedGoals(scorer, 32, random_share=0.0)
        assert len(strategy.propose(wide, NAME, 5, rng())) == 5
        assert next(strategy.best(wide, NAME))[1] == value


def test_where_no_candidate_is_possible_nothing_is_asked(rooms):
    world = World(rooms.sealed(rooms.box(1.0, 0.0)))
    scorer = by_number(all_alike)
    strategy = LearnedGoals(scorer, 32)
    assert strategy.propose(world, NAME, 5, rng()) == []
    assert scorer.asked == []
    assert scorer.stats.calls == 0


def test_a_question_about_goals_has_a_raster_for_each_side_and_all_that_is_possible(wide):
    scorer = by_number(all_alike)
    LearnedGoals(scorer, 32).propose(wide, NAME, 5, rng())
    (((question),),) = scorer.asked
    pixels, possible = VIEWS["push"].pixels, candidate_pushes(wide, NAME).possible.sum()
    assert question.rasters.shape == (4, len(CHANNELS), pixels, pixels)
    assert question.features.shape == (possible, len(FEATURES["goal"]))


# ---- goals one after the other


def rated(world, opens_of, later_of=lambda numbers: np.zeros(len(numbers))):
    """The goals of a model that says so much of each candidate, in turn."""
    scorer = FakeScorer(
        lambda asked: [Prediction(opens_of(one.numbers), later_of(one.numbers)) for one in asked]
    )
    return list(LearnedGoals(scorer, 1).best(world, NAME))


def seeded(seed, scale=1.0):
    """Values of candidates that look random."""
    return lambda numbers: scale * np.random.default_rng(seed).random(1000)[numbers]


@given(st.integers(0, 99))
def test_goals_come_with_falling_ratings_and_none_is_nearly_the_same_as_an_earlier_one(wide, seed):
    goals = rated(wide, seeded(seed), seeded(seed + 1, 0.5))
    ratings = [rating for _, rating in goals]
    assert ratings == sorted(ratings, reverse=True)
    for place, (goal, _) in enumerate(goals):
        assert not any(within_tolerance(goal, other) for other, _ in goals[:place])


@given(st.integers(0, 99))
def test_every_candidate_is_among_the_goals_or_nearly_the_same_as_one(wide, seed):
    goals = [goal for goal, _ in rated(wide, seeded(seed))]
    candidates = candidate_pushes(wide, NAME)
    for number in candidates.possible.ravel().nonzero()[0].tolist():
        assert any(within_tolerance(candidates.goal(number), goal) for goal in goals)


def test_what_a_push_in_vain_has_passed_opens_nothing_and_is_worth_what_may_follow(wide):
    candidates = candidate_pushes(wide, NAME)
    travels = len(candidates.travels)
    far = travels - 1  # from the first contact point, the longest
    opens = lambda numbers: np.where(numbers <= far, 0.8 + 0.01 * numbers, 0.0)  # noqa: E731
    later = lambda numbers: np.where(numbers <= far, 0.1, 0.0)  # noqa: E731
    found = dict(rated(wide, opens, later))
    number_of = {candidates.goal(number): number for number in range(candidates.possible.size)}
    by_number = {number_of[goal]: rating for goal, rating in found.items()}
    assert by_number[far] == pytest.approx(0.89 + 0.11 * 0.1)
    shorter = [rating for number, rating in by_number.items() if number < far]
    others = [rating for number, rating in by_number.items() if number > far]
    assert shorter
    assert shorter == pytest.approx([0.1] * len(shorter))
    assert set(others) == {0.0}


def test_going_through_goals_twice_gives_the_same(wide):
    strategy = LearnedGoals(by_number(longest_first), 32)
    assert list(strategy.best(wide, NAME)) == list(strategy.best(wide, NAME))


# ---- answers


@pytest.fixture
def world(rooms):
    """A world of its own, to push in."""
    return World(rooms.room(rooms.box(0.0, 0.0), rooms.box(-0.9, 1.2, number=2), side=6.0))


OTHER = "obstacle_2_movable"


def ask_about_objects(world, scorer):
    strategy = LearnedObjects(scorer, 8)
    return lambda: strategy.rank(world, [NAME, OTHER], rng())


def ask_about_goals(world, scorer):
    strategy = LearnedGoals(scorer, 8)
    return lambda: strategy.propose(world, NAME, 3, rng())


@pytest.fixture(params=["objects", "goals"])
def asking(request):
    """How to make what asks about a world, and a model for it."""
    return {
        "objects": (ask_about_objects, lambda: says(0.4, 0.6)),
        "goals": (ask_about_goals, lambda: by_number(all_alike)),
    }[request.param]


def test_a_state_is_asked_about_once_and_again_after_a_push(world, asking):
    make, model = asking
    scorer = model()
    ask = make(world, scorer)
    start = world.save()
    first = ask()
    world.restore(start)
    assert ask() == first
    assert len(scorer.asked) == scorer.stats.calls == 1
    world.push(Push(NAME, world.poses()[NAME]._replace(x=0.5)), stop_at_open_goal=False)
    ask()
    assert len(scorer.asked) == scorer.stats.calls == 2
    world.restore(start)
    assert ask() == first
    assert len(scorer.asked) == 2


def test_an_answer_is_about_the_place_of_the_robot_too(world, asking):
    make, model = asking
    scorer = model()
    ask = make(world, scorer)
    ask()
    world.simulation.place_robot(2.0, 2.0)
    world.invalidate()
    ask()
    assert len(scorer.asked) == 2


def test_goals_of_another_object_are_another_question(world):
    scorer = by_number(all_alike)
    strategy = LearnedGoals(scorer, 8)
    for name in (NAME, OTHER, NAME, OTHER):
        strategy.propose(world, name, 3, rng())
        strategy.best(world, name)
    assert len(scorer.asked) == 2


def test_the_oldest_answers_are_forgotten(world, asking, monkeypatch):
    monkeypatch.setattr(learned, "MAX_CACHED_PREDICTIONS", 3)
    make, model = asking
    scorer = model()
    ask = make(world, scorer)

    def ask_at(x):
        before = len(scorer.asked)
        world.simulation.place_robot(x, 2.0)
        world.invalidate()
        ask()
        return len(scorer.asked) > before

    assert [ask_at(x) for x in (0.0, 0.5, 1.0)] == [True] * 3
    assert [ask_at(x) for x in (0.0, 0.5, 1.0)] == [False] * 3
    assert ask_at(1.5)
    assert [ask_at(x) for x in (1.5, 1.0, 0.5)] == [False] * 3
    assert ask_at(0.0)


def test_another_scene_with_everything_in_the_same_place_is_asked_about(rooms):
    walls = [(), (rooms.wall(5, 1.5, -1.5, (0.05, 0.3)),)]
    scorer = by_number(all_alike)
    strategy = LearnedGoals(scorer, 8)
    poses = []
    for number, more in enumerate(walls):
        scene = rooms.room(rooms.box(0.0, 0.0), walls=more)
        world = World(parse_scene(scene_xml(scene).encode(), f"scene {number}"))
        poses.append(world.poses())
        strategy.propose(world, NAME, 3, rng())
    assert poses[0] == poses[1]
    assert len(scorer.asked) == 2


def test_asking_changes_nothing(world, asking):
    make, model = asking
    before = world.save().key
    make(world, model())()
    assert world.save().key == before


# ---- with a model


@pytest.fixture(scope="module")
def scorer_of(tmp_path_factory):
    """Load a model with random weights; another seed is another model."""
    from namo.learning.scoring import Scorer

    def scorer(kind, seed=0):
        path = tmp_path_factory.mktemp("models") / f"{kind}_{seed}"
        return Scorer(random_bundle(path, kind, seed), kind, "cpu")

    return scorer


def test_a_model_orders_objects_and_is_asked_once_a_state(three, scorer_of):
    scorer = scorer_of("object")
    strategy = LearnedObjects(scorer, 32)
    orders = {tuple(strategy.rank(three, NAMES, rng(seed))) for seed in range(20)}
    assert all(sorted(order) == sorted(NAMES) for order in orders)
    values = strategy.rate(three, NAMES)
    assert all(0.0 <= value <= 1.0 for value in values)
    assert len(set(values)) == 3
    assert scorer.stats.calls == 1
    assert scorer.stats.batches == {3: 1}


def test_a_model_proposes_goals_the_same_whenever_it_is_loaded(wide, scorer_of):
    first, again, other = (
        LearnedGoals(scorer_of("goal", seed), 32).propose(wide, NAME, 10, rng())
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


def test_the_best_goal_of_a_model_is_what_it_says_most_of(wide, scorer_of):
    from namo.learning.queries import goal_query
    from namo.learning.rasters import StateRaster

    scorer = scorer_of("goal")
    strategy = LearnedGoals(scorer, 500)
    candidates = candidate_pushes(wide, NAME)
    question = goal_query(StateRaster(wide.reachability()), NAME, candidates)
    (promise,) = scorer.predict([question])
    best = int(promise.values.argmax())
    goal, rating = next(strategy.best(wide, NAME))
    assert goal == candidates.goal(int(question.numbers[best]))
    assert rating == pytest.approx(promise.values[best], abs=1e-6)
    assert all(0.0 <= rating <= 1.0 for _, rating in strategy.best(wide, NAME))
