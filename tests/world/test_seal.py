import math
from dataclasses import replace

import pytest

from namo.scenes.packed import read_packed
from namo.scenes.reading import parse_scene, read_scene
from namo.world.held import HELD_FACTOR, held_movables
from namo.world.push import StraightPush
from namo.world.world import World

G = 9.81
FLOOR = 0.5
"""Sliding friction of the floor."""


def seal(scene):
    return World(scene).seal()


def test_walls_without_a_door_are_a_seal(rooms):
    found = seal(rooms.walled(rooms.box(-1.0, 0.5)))
    assert (found.held, found.taken) == ((), ("obstacle_1_movable",))
    assert seal(rooms.walled()).taken == ()


def test_a_plug_is_a_seal_if_it_is_far_too_heavy(rooms):
    other = rooms.box(-1.0, 0.9, number=2)
    for mass, names in ((0.1, None), (50.0, ("obstacle_1_movable",))):
        found = seal(rooms.room(rooms.box(0.0, 0.0, mass=mass), other, walls=rooms.door()))
        assert (found and found.held) == names


def test_a_heavy_movable_beside_the_door_is_no_seal(rooms):
    boxes = rooms.box(0.0, 0.0), rooms.box(1.0, -1.0, number=2, mass=50.0)
    assert seal(rooms.room(*boxes, walls=rooms.door())) is None


def test_of_an_open_goal_and_of_a_robot_that_is_wedged_in_nothing_is_claimed(rooms):
    assert seal(rooms.room(rooms.box(0.0, 0.0))) is None
    assert seal(rooms.booth(rooms.box(1.0, 0.0))) is None


@pytest.mark.parametrize("clearance", [0.0, 0.05])
def test_a_gap_that_the_robot_fits_through_is_never_a_seal(rooms, clearance):
    # With a clearance planners do not drive through it; while it pushes, the robot may pass.
    for width in (0.301, 0.32, 0.36):
        length = 2.0 - 0.05 - width / 2
        wall = rooms.wall(5, 0.0, -0.05 - width / 2, (0.05, length + 0.05))
        scene = replace(rooms.room(rooms.box(-1.0, 0.0), walls=(wall,)), clearance=clearance)
        assert seal(scene) is None


@pytest.mark.parametrize("clearance", [0.0, 0.1, 0.25, 1.0])
def test_with_any_clearance_walls_are_a_seal_or_nothing_is_claimed(rooms, clearance):
    scene = replace(rooms.walled(rooms.box(-1.0, 0.5)), clearance=clearance)
    found = seal(scene)
    assert (found is None) == (clearance >= 0.24), "the robot may back off as far as through walls"


def test_held_are_those_that_need_many_times_the_force_of_the_robot(rooms):
    least = HELD_FACTOR / (FLOOR * G)  # of 1 N
    for mass, is_held in ((least * 0.99, False), (least * 1.01, True)):
        world = World(rooms.room(rooms.box(0.0, 0.0, mass=mass)))
        assert bool(held_movables(world.simulation)) is is_held
    thin = rooms.box(0.0, 0.0, half=(0.04, 0.3), mass=least * 1.01)
    assert held_movables(World(rooms.room(thin)).simulation) == (), "it may tip over"


def test_without_friction_and_with_a_strong_robot_nothing_is_held(rooms):
    scene = rooms.room(rooms.box(0.0, 0.0, mass=50.0))
    assert held_movables(World(scene).simulation)
    smooth = replace(scene, floor_friction=(0.001, 0.0, 0.0))
    strong = replace(scene, robot=replace(scene.robot, max_force=10.0))
    for other in (smooth, strong):
        assert held_movables(World(other).simulation) == ()


@pytest.mark.slow
def test_what_is_held_stays_where_it_is_when_others_are_driven_into_it(rooms):
    mass = 1.05 * HELD_FACTOR / (FLOOR * G)
    target = rooms.box(1.0, 0.0, number=2, mass=mass)
    for light in (rooms.box(-0.5, 0.1), rooms.box(0.2, 0.35, 0.3)):
        world = World(rooms.room(light, target))
        assert held_movables(world.simulation) == (target.name,)
        start, before = world.save(), world.poses()[target.name]
        for name in (light.name, target.name):
            for contact in range(20):
                world.restore(start)
                world.push(StraightPush(name, contact, 2.4))
                after = world.poses()[target.name]
                corner = math.hypot(0.3, 0.3)
                assert after.distance(before) + after.turn(before) * corner < 1e-3


def test_every_scene_of_the_class_impossible_is_shown_to_be_so(demo_scenes):
    rows = read_packed(demo_scenes.parent / "benchmark" / "scenes.parquet")
    impossible = [row for row in rows if row["difficulty"] == "impossible"]
    assert len(impossible) == 60
    for row in impossible:
        scene = replace(parse_scene(row["xml"].encode(), row["file"]), clearance=0.01)
        found = seal(scene)
        assert found is not None, row["file"]
        assert bool(found.held) == (row["set"] == "weighed_down")


def test_shared_rooms_with_a_solution_are_not_impossible(shared_scenes):
    files = sorted((shared_scenes / "rooms").glob("*.xml"))
    sealed = [file.stem for file in files if seal(read_scene(file)) is not None]
    assert sealed == ["r4_sealed"]
