"""The search over straight pushes and pushes to poses."""

from collections import Counter

import numpy as np
import pytest

from namo.geometry import Pose2D
from namo.planning.hybrid import Hybrid
from namo.planning.planner import Budget, Termination
from namo.seeding import Streams
from namo.strategies.clear_path import ClearPathGoals
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NearestFirst, NoHeuristic
from namo.strategies.strategy import RatedCandidates
from namo.world.candidates import candidate_pushes
from namo.world.push import Push, StraightPush
from namo.world.world import World

BOX = "obstacle_1_movable"


class Rated:
    """Rates candidates by a function of object, contact and travel: (opens, p_later)."""

    random_share = 0.0

    def __init__(self, rate, further=()):
        self._rate, self._further = rate, further

    def propose(self, world, name, count, rng):
        return RandomGoals().propose(world, name, count, rng)

    def best(self, world, name):
        raise AssertionError("candidates that can be rated are taken as candidates")

    def rated(self, world, name):
        candidates = candidate_pushes(world, name)
        numbers = candidates.possible.ravel().nonzero()[0]
        places = [divmod(number, len(candidates.travels)) for number in numbers.tolist()]
        rates = np.array([self._rate(name, *place) for place in places]).reshape(-1, 2)
        limit = max((rating for _, rating in self.further(world, name)), default=0.0)
        return RatedCandidates(candidates, numbers, rates[:, 0], rates[:, 1], limit)

    def further(self, world, name):
        return self._further if world.poses() == World(world.scene).poses() else ()


def run(scene, goals, **limits):
    budget = Budget(**{"seconds": 600.0} | limits)
    planner = Hybrid(NoHeuristic(), goals, 5)
    return planner.search(World(scene), budget, Streams.for_episode(0, 0, 0))


def contacts_of(result):
    pushes = [push.push for push in result.pushes if push.state == 0]
    return list(dict.fromkeys(push.contact for push in pushes if isinstance(push, StraightPush)))


def test_contacts_are_simulated_in_order_of_their_best_candidate(rooms):
    result = run(rooms.sealed(rooms.box(-1.0, 0.0)), Rated(lambda _, c, t: (c / 100, 0.0)), depth=1)
    contacts = contacts_of(result)
    assert len(contacts) > 5
    assert contacts == sorted(contacts, reverse=True)


class Sure(Rated):
    """Rates likewise, and says what follows a push only when it is asked."""

    def __init__(self, rate):
        super().__init__(rate)
        self.asked = 0

    def rated(self, world, name):
        rated = super().rated(world, name)
        known = rated.p_later

        def later():
            self.asked += 1
            return known

        return RatedCandidates(rated.candidates, rated.numbers, rated.opens, later, later_limit=0.5)


def test_what_follows_a_push_is_rated_once_one_that_surely_opens_the_goal_did_not(rooms):
    goals = Sure(lambda _, contact, travel: (1.0 - 0.001 * contact, 0.5))
    result = run(rooms.sealed(rooms.box(-1.0, 0.0)), goals, pushes=5)
    assert goals.asked == 1
    assert contacts_of(result) == sorted(contacts_of(result))


def test_what_follows_a_push_is_not_rated_where_one_surely_opens_the_goal_and_does(rooms):
    (opening,) = contacts_of(run(rooms.plugged(), ClearPathGoals(), pushes=1))
    goals = Sure(lambda _, contact, travel: (0.95 * (contact == opening), 0.5))
    assert run(rooms.plugged(), goals, pushes=1).solved
    assert goals.asked == 0


@pytest.mark.parametrize(("promised", "late_fraction"), [(0.0, 0.2), (0.9, 0.8)])
def test_random_pushes_take_over_where_what_was_promised_failed(rooms, promised, late_fraction):
    """And not where the ratings promised nothing, and so were not wrong."""
    goals = Rated(lambda _, contact, travel: (promised, 0.5))
    goals.random_share = 0.2
    result = run(
        rooms.sealed(rooms.box(-1.0, 0.0), rooms.box(-1.0, 1.0, number=2)), goals, pushes=40
    )
    straight = {push.simulation for push in result.pushes if isinstance(push.push, StraightPush)}
    random = Hybrid(NoHeuristic(), goals, 5).random_pushes(40, late_fraction)
    assert result.simulations == 40
    assert len(straight) == 40 - random


def test_all_travels_of_a_contact_are_one_push_of_the_budget(rooms):
    result = run(rooms.sealed(rooms.box(-1.0, 0.0)), Rated(lambda _, c, t: (0.5, 0.0)), pushes=3)
    assert result.termination is Termination.PUSHES
    assert result.simulations == 3
    assert max(Counter(push.simulation for push in result.pushes).values()) > 3


def test_poses_that_a_straight_push_led_to_are_not_pushed_to(rooms):
    result = run(rooms.sealed(rooms.box(-1.0, 0.0)), Rated(lambda _, c, t: (0.5, 0.0)), depth=1)
    assert result.termination is Termination.DEPTH
    straight = [push for push in result.pushes if isinstance(push.push, StraightPush)]
    to_pose = [push for push in result.pushes if isinstance(push.push, Push)]
    assert len(to_pose) < len(straight) / 5
    ends = [push.outcome.pose for push in straight if push.state == 0 and push.outcome.moved]
    for push in to_pose:
        assert all(
            end.distance(push.push.goal) > 0.1 or end.turn(push.push.goal) > 0.2 for end in ends
        )


def test_further_goals_take_their_turn_among_the_candidates(rooms):
    """Two of three are beside each other: where the first push ends, the second is not needed."""
    far, beside, low = (Pose2D(x, y, 0.0) for x, y in ((-1.0, 1.0), (-1.02, 1.02), (-0.6, 0.6)))
    goals = Rated(lambda _, c, t: (0.5, 0.0), ((far, 0.8), (beside, 0.7), (low, 0.49)))
    result = run(rooms.sealed(rooms.box(-1.0, 0.0)), goals, depth=1)
    pushes = list({push.simulation: push.push for push in result.pushes}.values())
    straight = [isinstance(push, StraightPush) for push in pushes]
    assert pushes[0] == Push(BOX, far)
    assert Push(BOX, beside) not in pushes
    assert pushes.index(Push(BOX, low)) == 1 + sum(straight)
    assert all(straight[1 : 1 + sum(straight)])


def test_the_state_with_the_highest_promise_is_expanded_next(rooms):
    """Only contact 12 leads on; the second simulation is in a state that it led to."""
    rate = {True: (0.0, 0.9), False: (0.0, 0.1)}
    scene = rooms.sealed(rooms.box(-1.0, 0.0))
    usable = World(scene).reachability().reachable_contacts(BOX).nonzero()[0].tolist()
    chosen = usable[len(usable) // 2]
    result = run(scene, Rated(lambda _, c, t: rate[c == chosen]), pushes=2)
    first, second = (
        [push for push in result.pushes if push.simulation == number] for number in (0, 1)
    )
    assert {push.push.contact for push in first} == {chosen}
    assert second[0].state in {push.next_state for push in first} - {0}


def test_the_shortest_travel_that_opens_the_goal_is_the_plan(rooms, checks):
    scene = rooms.plugged()
    result = run(scene, Rated(lambda _, c, t: (0.5, 0.0)))
    assert result.solved
    checks.replayed(result, scene)
    last = [push for push in result.pushes if push.simulation == result.simulations - 1]
    assert [push.goal_open for push in last] == [False] * (len(last) - 1) + [True]
    assert result.plan[-1] == last[-1].push


@pytest.mark.parametrize("objects", [NearestFirst(), NoHeuristic()])
def test_without_ratings_straight_pushes_come_in_random_order(rooms, objects):
    scene = rooms.sealed(rooms.box(-1.0, 0.0))
    planner = Hybrid(objects, RandomGoals(), 5)
    results = [
        planner.search(World(scene), Budget(pushes=8), Streams.for_episode(seed, 0, 0))
        for seed in (0, 0, 1)
    ]
    orders = [[push.push for push in result.pushes] for result in results]
    assert orders[0] == orders[1] != orders[2]
    assert {type(push) for push in orders[0]} == {Push, StraightPush}
