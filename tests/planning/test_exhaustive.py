import numpy as np
import pytest

from namo.planning.exhaustive import Exhaustive, ExhaustivePoses
from namo.planning.planner import Budget, Termination
from namo.planning.tree_idfs import TreeIDFS
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NoHeuristic
from namo.world.candidates import candidate_pushes
from namo.world.push import Push
from namo.world.world import World

NAME = "obstacle_1_movable"


def run(scene, cls=ExhaustivePoses, **budget):
    planner = cls(NoHeuristic(), RandomGoals(), max_goals_per_object=1)
    budget = Budget(**({"seconds": 600.0} | budget))
    return planner.search(World(scene), budget, Streams.for_episode(0, 0, 0))


def by_hand(scene):
    """Every candidate push of the start, simulated alone: whether the goal is open after it."""
    world, opens = World(scene), {}
    start = world.save()
    for name in world.reachability().reachable_objects:
        candidates = candidate_pushes(world, name)
        for number in np.flatnonzero(candidates.possible).tolist():
            push = Push(name, candidates.goal(number))
            world.push(push)
            opens[push] = world.reachability().goal_reachable
            world.restore(start)
    return opens


@pytest.mark.parametrize("solvable", [True, False])
def test_straight_pushes_from_a_contact_end_as_each_alone(rooms, checks, solvable):
    scene = rooms.plugged() if solvable else rooms.sealed(rooms.box(-1.64, 0.5))
    result, world = run(scene, Exhaustive, depth=1), World(scene)
    start, opening, tried = world.save(), set(), set()
    for record in result.pushes:
        outcome = world.push(record.push)
        assert (outcome, world.reachability().goal_reachable) == (record.outcome, record.goal_open)
        world.restore(start)
        tried.add((record.push.object_name, record.push.contact))
        if record.goal_open:
            opening.add(record.push)
    assert tried == {
        (name, contact)
        for name in world.reachability().reachable_objects
        for contact, travels in enumerate(candidate_pushes(world, name).possible)
        if travels.any()
    }
    assert result.simulations == len(tried)
    assert bool(opening) is result.solved is solvable
    checks.consistent(result)
    if not solvable:
        assert (result.proof.depth, result.proof.candidates) == (1, len(result.pushes))


@pytest.mark.parametrize("solvable", [True, False])
def test_the_pushes_of_a_state_are_those_of_a_loop_over_the_world(rooms, checks, solvable):
    scene = rooms.plugged() if solvable else rooms.sealed(rooms.box(-1.64, 0.5))
    result, expected = run(scene, depth=1), by_hand(scene)
    assert {record.push: record.goal_open for record in result.pushes} == expected
    assert any(expected.values()) is result.solved is solvable
    checks.consistent(result)
    if solvable:
        checks.replayed(result, scene)
        assert (result.proof.depth, result.proof.candidates) == (0, 0)
        assert result.is_shortest
    else:
        assert result.termination is Termination.DEPTH
        assert (result.proof.depth, result.proof.candidates) == (1, len(expected))
        assert not result.is_shortest


def test_a_proof_holds_for_the_lengths_that_were_completed(fakes):
    def proof(pushes):
        planner = TreeIDFS(NoHeuristic(), fakes.ScriptedGoals(3), 3)
        budget = Budget(depth=3, pushes=pushes)
        result = planner.search(fakes.NamedWorld(), budget, Streams.for_episode(0, 0, 0))
        assert result.termination is Termination.PUSHES
        return result.proof.depth, result.proof.candidates

    assert [proof(pushes) for pushes in (2, 3, 11, 12, 38)] == [
        *((0, 0), (1, 3), (1, 3), (2, 12), (2, 12))
    ]


@pytest.mark.slow
def test_a_plan_found_is_returned_although_the_budget_ends_before_its_state_is_finished(rooms):
    pushes = run(rooms.plugged(), depth=1).pushes
    first = next(number for number, record in enumerate(pushes, 1) if record.goal_open)
    assert first < len(pushes)
    result = run(rooms.plugged(), depth=1, pushes=first)
    assert result.plan == (pushes[first - 1].push,)
    assert len(result.pushes) == first


def test_a_closed_search_space_proves_any_length(fakes):
    world = fakes.NamedWorld(reachable=lambda path: "a" if len(path) < 2 else "")
    planner = TreeIDFS(NoHeuristic(), fakes.ScriptedGoals(), 2)
    result = planner.search(world, Budget(depth=9), Streams.for_episode(0, 0, 0))
    assert result.termination is Termination.EXHAUSTED
    assert (result.proof.depth, result.proof.candidates) == (9, 2 + 4)
