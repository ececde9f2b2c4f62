"""Labels of all straight pushes of the states that a search rates."""

import numpy as np
import pytest

from namo.errors import UsageError
from namo.planning.hybrid import Hybrid
from namo.planning.labelling import ENDS_PER_MOVABLE, PUSHES_BELOW, Labelling
from namo.planning.planner import Budget, Termination
from namo.seeding import Streams
from namo.strategies.clear_path import ClearPathGoals
from namo.strategies.path_blocking import PathBlocking
from namo.world.candidates import candidate_pushes
from namo.world.push import StraightPush
from namo.world.world import World

BOX = "obstacle_1_movable"


def run(scene, kind=Labelling, **limits):
    budget = Budget(**{"seconds": 600.0} | limits)
    planner = kind(PathBlocking(), ClearPathGoals(), 5)
    return planner.search(World(scene), budget, Streams.for_episode(0, 0, 0))


def contacts_tried(result, state):
    """Contacts of which straight pushes from a state were simulated, by movable."""
    tried = {}
    for one in result.pushes:
        if one.state == state and isinstance(one.push, StraightPush):
            tried.setdefault(one.push.object_name, set()).add(one.push.contact)
    return tried


def contacts_possible(world):
    possible = {}
    for name in world.reachability().reachable_objects:
        contacts = np.flatnonzero(candidate_pushes(world, name).possible.any(axis=1))
        possible[name] = set(contacts.tolist())
    return possible


def test_without_a_push_budget_it_raises(rooms):
    with pytest.raises(UsageError, match="--algorithm labelling needs --max-pushes"):
        run(rooms.plugged())


def test_every_straight_push_of_the_start_is_tried_although_the_first_opens_the_goal(rooms):
    scene = rooms.plugged(rooms.box(-1.0, 0.9, number=2))
    assert len(run(scene, Hybrid, pushes=300).pushes) < 20
    result = run(scene, depth=1, pushes=300)
    assert result.solved
    assert len(result.plan) == 1
    assert contacts_tried(result, 0) == contacts_possible(World(scene))


@pytest.mark.slow
def test_states_that_the_search_rates_are_labelled_in_turn(rooms):
    scene = rooms.plugged(rooms.box(-0.8, 0.0, number=2))
    result = run(scene, depth=3, pushes=150)
    world = World(scene)
    complete = 0
    for number in {one.state for one in result.pushes}:
        world.restore(result.situations[number].state)
        complete += contacts_tried(result, number) == contacts_possible(world)
    assert complete >= 3
    assert result.termination is Termination.SOLVED
    assert len({one.simulation for one in result.pushes}) == 150


def test_some_states_after_each_movable_are_searched_from(rooms):
    scene = rooms.sealed(rooms.box(-1.0, 0.5), rooms.box(-1.0, -0.5, number=2))
    result = run(scene, depth=2, pushes=40)
    below = {}
    for one in result.pushes:
        if one.depth == 2:
            below.setdefault(one.state, set()).add(one.simulation)
    assert below
    led_to = {one.next_state: one.push.object_name for one in result.pushes if one.state == 0}
    names = [led_to[state] for state in below]
    assert {names.count(name) <= ENDS_PER_MOVABLE + PUSHES_BELOW for name in set(names)} == {True}
    assert all(len(simulations) <= PUSHES_BELOW for simulations in below.values())
