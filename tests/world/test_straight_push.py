"""Straight pushes: one simulation per contact, every travel as if it had been asked for alone."""

import math
from dataclasses import replace

import pytest

from namo.errors import UnknownMovableError
from namo.world.push import PushStatus, StraightPush
from namo.world.push_skill import ROOM_M
from namo.world.recording import Recorder
from namo.world.world import World

BOX = "obstacle_1_movable"


def contacts(world, name=BOX):
    return world.reachability().reachable_contacts(name).nonzero()[0].tolist()


@pytest.fixture
def world(rooms):
    return World(rooms.plugged(rooms.box(-1.2, 0.9, number=2)))


def test_every_travel_of_one_simulation_equals_the_push_asked_for_alone(world):
    start, alone = world.save(), World(world.scene)
    compared = 0
    for name in world.reachability().reachable_objects:
        world.restore(start)
        for contact in contacts(world, name)[::2]:
            for push, outcome, after in world.straight_from(start, name, contact):
                alone.reset()
                assert alone.push(push) == outcome
                assert alone.save().key == after.state.key
                compared += outcome.moved
            world.restore(start)
    assert compared > 20


def test_the_travels_end_at_the_first_that_opens_the_goal(world):
    start = world.save()
    opened = 0
    for contact in contacts(world):
        *shorter, last = world.straight_from(start, BOX, contact)
        assert not any(result.after.goal_open for result in shorter)
        opened += last.after.goal_open
        travels = [result.push.travel for result in (*shorter, last)]
        assert travels == world.primitives(BOX)[0].travels.tolist()[: len(travels)]
        world.restore(start)
    assert opened > 0


def test_under_a_clearance_the_travel_that_opens_the_goal_makes_room(rooms):
    thin = rooms.box(0.0, 0.0, half=(0.1, 0.4))
    scene = replace(rooms.room(thin, walls=rooms.door()), clearance=0.01)
    world, alone = World(scene), World(scene)
    start, roomy = world.save(), 0
    for contact in contacts(world):
        *shorter, last = world.straight_from(start, BOX, contact)
        assert not any(result.after.goal_open for result in shorter)
        if last.after.goal_open:
            alone.reset()
            assert alone.push(last.push) == last.outcome
            assert alone.save().key == last.after.state.key
            travels = world.primitives(BOX)[0].travels.tolist()
            if alone.has_room(ROOM_M):
                roomy += last.push.travel > travels[len(shorter)]
            else:
                assert last.push.travel == travels[len(shorter)], "the first that opens the goal"
        world.restore(start)
    assert roomy > 0


def test_steps_of_a_longer_travel_include_those_of_the_shorter(world):
    results = world.straight_from(world.save(), BOX, contacts(world)[0])
    steps = [result.outcome.physics_steps for result in results]
    assert steps == sorted(steps)
    assert steps[0] > 0


def test_a_box_at_a_wall_gets_stuck_and_longer_travels_are_left_out(rooms):
    world = World(rooms.room(rooms.box(-1.2, 0.0)))
    wall_side = [
        contact
        for contact in contacts(world)
        if world.static.contacts[BOX].directions[contact][0] < -0.9
    ]
    results = world.straight_from(world.save(), BOX, wall_side[0])
    assert [result.outcome.status for result in results[:-1]] == [PushStatus.REACHED] * (
        len(results) - 1
    )
    assert results[-1].outcome.status is PushStatus.STUCK
    assert len(results) < len(world.primitives(BOX)[0].travels)


def test_a_contact_out_of_reach_moves_nothing(world):
    before = world.save().key
    (unreachable, *_) = set(range(20)) - set(contacts(world))
    outcome = world.push(StraightPush(BOX, unreachable, 0.3))
    assert (outcome.status, outcome.moved) == (PushStatus.UNREACHABLE, False)
    assert world.save().key == before


def test_a_passed_deadline_leaves_the_world_as_it_was(world):
    before = world.save().key
    outcome = world.push(StraightPush(BOX, contacts(world)[0], 0.3), deadline=-math.inf)
    assert (outcome.status, outcome.moved) == (PushStatus.INTERRUPTED, False)
    assert world.save().key == before


@pytest.mark.parametrize(
    ("push", "error"),
    [
        (StraightPush("nothing", 0, 0.1), UnknownMovableError),
        (StraightPush(BOX, 20, 0.1), ValueError),
        (StraightPush(BOX, -1, 0.1), ValueError),
        (StraightPush(BOX, 0, 0.0), ValueError),
        (StraightPush(BOX, 0, math.nan), ValueError),
    ],
)
def test_impossible_requests_are_refused(world, push, error):
    with pytest.raises(error):
        world.push(push)


def test_an_observer_sees_the_drive_and_the_push(world):
    world.observer = recorder = Recorder(world)
    outcome = world.push(StraightPush(BOX, contacts(world)[0], 0.2))
    recorder.finish()
    world.observer = None
    assert outcome.moved
    assert len(recorder.frames) > 3
    assert recorder.frames[-1][:2] == [*world.simulation.robot()]
