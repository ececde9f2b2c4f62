"""What might open the goal in a few pushes includes all that does."""

import math
from dataclasses import replace

import numpy as np
import pytest

from namo.errors import SceneError
from namo.world.few_pushes import STILL_M, FewPushes
from namo.world.world import World

PLUG, BESIDE = "obstacle_1_movable", "obstacle_2_movable"


def might_open(scene, name, pushes=1):
    world = World(scene)
    return FewPushes(world).ahead_of(world.reachability()).might_open(name, pushes).any()


def beside_a_door(rooms, x, y, *walls):
    """A plugged door, and a box at x, y."""
    shut = rooms.wall(5, 0.0, -2.725, (0.05, 2.275)), rooms.wall(6, 0.0, 2.725, (0.05, 2.275))
    boxes = rooms.box(0.0, 0.0), rooms.box(x, y, number=2)
    walls = [*shut, *walls]
    return rooms.room(*boxes, walls=walls, side=10.0, robot=(-3.0, -2.0), goal=(3.0, 1.0))


def test_what_leaves_the_door_plugged_opens_nothing(rooms):
    scene = beside_a_door(rooms, -4.0, 0.0)
    assert not might_open(scene, BESIDE)
    assert might_open(scene, PLUG)


def test_a_movable_near_the_plug_might_push_it_on_unless_a_wall_is_between(rooms):
    assert might_open(beside_a_door(rooms, -0.9, 0.0), BESIDE)
    screen = rooms.wall(7, -0.45, 0.0, (0.05, 2.5))
    assert not might_open(beside_a_door(rooms, -0.9, 0.0, screen), BESIDE)


def test_a_movable_that_is_moved_near_the_plug_might_push_it_on_with_the_next_push(rooms):
    scene = beside_a_door(rooms, -2.2, 0.0)
    assert not might_open(scene, BESIDE)
    assert might_open(scene, BESIDE, 2)


def test_a_row_of_doors_takes_a_push_for_each(rooms):
    places = [-3.0, 0.0, 3.0]
    walls = [
        rooms.wall(10 * number, x, y, (0.05, 2.275))
        for number, (x, y) in enumerate(((x, y) for x in places for y in (-2.725, 2.725)), start=1)
    ]
    boxes = [rooms.box(x, 0.0, number=number) for number, x in enumerate(places, start=1)]
    scene = rooms.room(*boxes, walls=walls, side=10.0, robot=(-4.2, 1.0), goal=(4.2, 1.0))
    assert not might_open(scene, PLUG, 2)
    assert might_open(scene, PLUG, 3)


def test_nothing_is_in_reach_of_a_robot_that_is_wedged_in(rooms):
    assert not might_open(rooms.booth(rooms.box(0.0, 0.0)), PLUG, 3)


def test_nothing_is_claimed_of_what_physics_throws_out_or_a_strong_robot_flings(rooms):
    scene = beside_a_door(rooms, -4.0, 0.0)
    strong = replace(scene.robot, max_force=100.0)
    assert might_open(replace(scene, robot=strong), BESIDE)
    in_a_wall = beside_a_door(rooms, -4.0, 0.0, rooms.wall(7, -4.32, 0.0, (0.05, 0.2)))
    assert might_open(in_a_wall, BESIDE)
    at_a_wall = beside_a_door(rooms, -4.0, 0.0, rooms.wall(7, -4.36, 0.0, (0.05, 0.2)))
    assert not might_open(at_a_wall, BESIDE)


def might_cut(ahead):
    return max(ahead.farthest_moves(PLUG).values()) < math.inf


def drawn(rooms, rng):
    """A room with a plugged door, and two more boxes that overlap nothing."""
    while True:
        places = rng.uniform(-1.6, 1.6, (2, 2)).tolist()
        turns = rng.uniform(-0.5, 0.5, 3).tolist()
        boxes = [rooms.box(0.0, 0.0, turns[0])]
        boxes += [rooms.box(*places[i], turns[i + 1], number=i + 2) for i in range(2)]
        try:
            world = World(rooms.room(*boxes, walls=rooms.door()))
        except SceneError:
            continue
        few = FewPushes(world)
        is_sure = might_cut(few.ahead_of(world.reachability()))
        if is_sure and world.reachability().reachable_objects:
            return world, few


@pytest.mark.slow
def test_pushes_that_open_the_goal_in_random_scenes_might_and_move_no_more_than_is_said(rooms):
    rng, opened = np.random.default_rng(0), {1: 0, 2: 0, 3: 0}
    for _ in range(60):
        (world, few), way = drawn(rooms, rng), []
        while len(way) < 3 and not world.reachability().goal_reachable:
            state, before = world.save(), world.poses()
            ahead = few.ahead_of(world.reachability())
            names = world.reachability().reachable_objects
            if not names:
                break
            name = names[rng.integers(len(names))]
            contacts = np.flatnonzero(world.reachability().reachable_contacts(name))
            contact = int(rng.choice(contacts))
            results = world.straight_from(state, name, contact)
            way.append((ahead, name, contact))
            *_, last = results
            if last.after.goal_open:
                for left, (from_there, pushed, at) in enumerate(reversed(way), start=1):
                    assert from_there.might_open(pushed, left)[at]
                    opened[left] += 1
            world.restore(results[rng.integers(len(results))].after.state)
            for one, farthest in ahead.farthest_moves(name).items():
                moved = before[one].distance(world.poses()[one])
                assert moved <= max(farthest, STILL_M)
    assert min(opened.values()) > 5
