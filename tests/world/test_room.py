"""Clearance: the room that must be left around the robot, and pushes that make more of it."""

from dataclasses import replace

import numpy as np
import pytest

from namo.geometry import Pose2D
from namo.scenes.footprint import FootprintSet
from namo.scenes.grid import RESOLUTION_M, SKIN_M
from namo.scenes.regions import BACK_OFF_M
from namo.world import push_skill
from namo.world.contacts import CONTACT_GAP_M
from namo.world.push import Push, PushStatus
from namo.world.reachability import REACHED
from namo.world.recording import Recorder
from namo.world.world import World
from tests.world.reachable import reachability_of
from tests.world.test_reachability import random_scene

NAME = "obstacle_1_movable"
OPENING = Push(NAME, Pose2D(1.0, 0.0, 0.0))
CLEARANCES = (0.0, 0.01, 0.05)
ROOM_M, TRAVEL_M = push_skill.ROOM_M, push_skill.ROOM_TRAVEL_M


def with_clearance(scene, clearance):
    return replace(scene, clearance=clearance)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("clearance", CLEARANCES)
def test_a_robot_with_clearance_drives_where_a_wider_one_would(rooms, seed, clearance):
    scene = random_scene(rooms, seed)
    wider = replace(scene, robot=replace(scene.robot, radius=scene.robot.radius + clearance))
    one, other = reachability_of(with_clearance(scene, clearance)), reachability_of(wider)
    assert (one.mask == REACHED).any()
    assert (one.mask == other.mask).all()
    assert one.goal_reachable is other.goal_reachable
    assert (one.reached_area, one.goal_gap) == (other.reached_area, other.goal_gap)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("clearance", CLEARANCES)
def test_at_a_contact_the_robot_touches_its_box_and_has_room_to_all_else(rooms, seed, clearance):
    scene = random_scene(rooms, seed)
    reachability = reachability_of(with_clearance(scene, clearance))
    solids = (*scene.walls, *scene.movables)
    found = 0
    for movable in scene.movables:
        reachable = reachability.reachable_contacts(movable.name)
        contacts = reachability.static.contacts[movable.name]
        assert reachability.reached(movable.pose.to_world(contacts.standoffs[reachable])).all()
        footprints = FootprintSet((solid.pose, solid.footprint) for solid in solids)
        gaps = footprints.distances(movable.pose.to_world(contacts.positions[reachable]))
        gaps -= scene.robot.radius
        own = solids.index(movable)
        assert gaps[:, own] == pytest.approx(CONTACT_GAP_M, abs=1e-9)
        assert (np.delete(gaps, own, axis=1) >= clearance + SKIN_M - 1e-9).all()
        found += reachable.sum()
    assert found > 10


def test_a_robot_closer_to_a_wall_than_the_clearance_backs_off(rooms):
    scene = rooms.room(rooms.box(0.0, 0.0), robot=(-1.79, 0.5))  # 1 cm from the wall
    near, far = (reachability_of(with_clearance(scene, each)) for each in (0.05, 0.0))
    assert near.goal_reachable
    assert near.reachable_objects == far.reachable_objects
    spot = np.array(near.free_spot())
    assert 0.04 <= spot[0] + 1.79 <= 0.05 + 2 * RESOLUTION_M
    assert np.hypot(*(spot - near.poses["robot"][:2])) <= BACK_OFF_M + 0.05


def test_a_robot_that_does_not_fit_with_its_clearance_reaches_nothing(rooms):
    sides = [rooms.wall(5 + n, -1.0, y, (0.5, 0.05)) for n, y in enumerate((-0.22, 0.22))]
    scene = rooms.room(walls=sides, robot=(-1.0, 0.0))  # in a lane of 34 cm, 2 cm on each side
    assert reachability_of(scene).goal_reachable
    assert reachability_of(with_clearance(scene, 0.03)).free_spot() is None


def test_without_clearance_nothing_asks_for_more_room(rooms, monkeypatch):
    monkeypatch.setattr(World, "has_room", None)
    assert World(rooms.plugged()).push(OPENING).status is PushStatus.GOAL_OPEN


@pytest.fixture
def opened(rooms, monkeypatch):
    """A push that opens the goal under a clearance of 1 cm: outcome, world after it, recorder."""

    def push(room_m, travel_m=TRAVEL_M):
        monkeypatch.setattr(push_skill, "ROOM_M", room_m)
        monkeypatch.setattr(push_skill, "ROOM_TRAVEL_M", travel_m)
        world = World(with_clearance(rooms.plugged(), 0.01))
        world.observer = recorder = Recorder(world)
        outcome = world.push(OPENING)
        recorder.finish()
        assert outcome.status is PushStatus.GOAL_OPEN
        assert world.reachability().goal_reachable
        return outcome, world, recorder

    return push


def test_a_push_that_opened_the_goal_goes_on_until_a_wider_robot_fits(opened):
    at_once, hardly, _ = opened(0.0)
    later, roomy, _ = opened(ROOM_M)
    assert not hardly.has_room(ROOM_M)
    assert roomy.has_room(ROOM_M)
    assert 0 < later.pose.x - at_once.pose.x < TRAVEL_M + 0.02


@pytest.mark.parametrize(("room_m", "travel_m"), [(0.5, 0.1), (0.5, 9.0), (0.05, 0.001)])
def test_a_push_that_makes_no_room_ends_where_the_goal_opened(opened, room_m, travel_m):
    at_once, expected, frames = opened(0.0)
    outcome, world, found = opened(room_m, travel_m)
    assert world.save().key == expected.save().key
    assert (outcome.pose, outcome.contacts) == (at_once.pose, at_once.contacts)
    assert outcome.physics_steps > at_once.physics_steps, "what was undone was simulated"
    assert found.frames == frames.frames
    assert np.array_equal(found.joints, frames.joints)


def test_a_push_that_makes_room_gives_the_same_bits_again(rooms, opened):
    _, world, _ = opened(ROOM_M)
    other = World(with_clearance(rooms.plugged(), 0.01)).sibling()
    start = other.save()
    other.push(Push(NAME, Pose2D(0.0, -1.0, 0.0)))
    other.restore(start)
    other.push(OPENING)
    assert other.save().key == world.save().key
