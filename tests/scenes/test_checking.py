import logging
import math
from dataclasses import replace

import pytest

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.checking import check_scene
from namo.scenes.footprint import Rectangle
from namo.scenes.scene import Goal, Movable, Robot, Wall


def box(x, y, theta=0.0, name="other_movable", half=(0.3, 0.3, 0.3), z=0.3, **more):
    return Movable(name, Pose2D(x, y, theta), Rectangle(*half[:2]), half[2], z, **more)


def with_box(scene, movable):
    return replace(scene, movables=(*scene.movables, movable))


def test_a_plain_scene_is_valid(plain_scene):
    check_scene(plain_scene)


def test_a_scene_without_walls_or_movables_is_valid(plain_scene):
    check_scene(replace(plain_scene, walls=(), movables=()))


@pytest.mark.parametrize(
    ("movable", "said"),
    [
        (box(-1.0, 1.0, name="obstacle_1_movable"), "name 'obstacle_1_movable' is empty, used"),
        (box(-1.0, 1.0, name="wall_1"), "name 'wall_1' is empty, used twice or reserved"),
        (box(-1.0, 1.0, name="robot"), "name 'robot'"),
        (box(-1.0, 1.0, name=""), "name '' is empty"),
        (box(math.nan, 1.0), "'other_movable' pose is nan 1 0 0.3; it must be finite"),
        (box(-1.0, 1.0, half=(0.3, 0.0, 0.3)), "half extents (m) is 0.3 0 0.3; it must be posi"),
        (box(-1.0, 1.0, mass=-0.5), "'other_movable' mass (kg) is -0.5"),
        (box(-1.0, 1.0, friction=(-1.0, 0.0, 0.0)), "friction is -1 0 0; it must not be negative"),
        (box(-1.0, 1.0, z=0.33), "bottom at z = 0.03 m; it must stand on the floor"),
        (box(-1.0, 1.0, z=0.27), "bottom at z = -0.03 m"),
        (box(0.5, 0.6), "'obstacle_1_movable' overlaps 'other_movable' by"),
        (box(-2.0, 0.0), "'other_movable' overlaps 'wall_1' by 0.100 m"),
        (box(-1.0, -0.58), "the robot overlaps 'other_movable' by 0.030 m; at most 0.01 m"),
    ],
)
def test_an_invalid_movable_is_refused(plain_scene, movable, said):
    with pytest.raises(SceneError) as caught:
        check_scene(with_box(plain_scene, movable))
    assert said in str(caught.value)


def test_an_overlap_of_a_few_millimetres_is_valid(plain_scene):
    check_scene(with_box(plain_scene, box(-1.655, 1.0)))


def test_a_small_overlap_with_a_wall_is_a_warning(plain_scene, caplog):
    with caplog.at_level(logging.WARNING):
        check_scene(with_box(plain_scene, box(-1.67, 1.0)))
    assert "'other_movable' overlaps wall 'wall_1' by 3 % of its footprint" in caplog.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"robot": Robot(-1.9, 0.0)}, "the robot overlaps 'wall_1'"),
        ({"robot": Robot(3.0, 0.0)}, "the robot at (3, 0) is outside the room, which spans x"),
        ({"robot": Robot(-1.0, -1.0, radius=0.0)}, "robot radius (m), mass (kg), force (N) is 0"),
        ({"robot": Robot(math.inf, 0.0)}, "robot position is inf 0"),
        ({"goal": Goal(0.0, -2.5)}, "the goal at (0, -2.5) is outside the room"),
        ({"goal": Goal(0.0, 0.0, radius=-0.1)}, "goal radius (m) is -0.1"),
        ({"floor_friction": (math.nan, 0.0, 0.0)}, "floor friction is nan 0 0"),
    ],
)
def test_an_invalid_robot_or_goal_is_refused(plain_scene, change, said):
    with pytest.raises(SceneError) as caught:
        check_scene(replace(plain_scene, **change, path="a/room.xml"))
    assert str(caught.value).startswith("a/room.xml: ")
    assert said in str(caught.value)


def test_a_wall_must_rise_from_the_floor(plain_scene):
    hanging = Wall("wall_5", Pose2D(0.0, -1.0, 0.0), Rectangle(0.1, 0.1), 0.3, 0.55)
    with pytest.raises(SceneError, match=r"wall 'wall_5' spans z = 0\.25 to 0\.85 m"):
        check_scene(replace(plain_scene, walls=(*plain_scene.walls, hanging)))


def test_without_a_room_robot_and_goal_may_be_anywhere(plain_scene):
    check_scene(replace(plain_scene, walls=plain_scene.walls[:3], robot=Robot(-3.0, 0.0)))


def test_one_thick_wall_is_not_a_room(plain_scene):
    pillar = Wall("wall_5", Pose2D(-0.3, 1.0, 0.0), Rectangle(0.2, 0.2), 0.3, 0.3)
    check_scene(replace(plain_scene, walls=(pillar,)))


def test_an_unreachable_goal_is_valid(plain_scene):
    divider = Wall("wall_5", Pose2D(-0.3, 0.0, 0.0), Rectangle(0.05, 2.0), 0.3, 0.3)
    check_scene(replace(plain_scene, walls=(*plain_scene.walls, divider)))
