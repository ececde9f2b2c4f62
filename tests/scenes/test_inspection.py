from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.checking import check_scene
from namo.scenes.footprint import Rectangle, footprint_of
from namo.scenes.inspection import inspect_scene
from namo.scenes.reading import read_scene
from namo.scenes.remarks import RemarkKind
from namo.scenes.scene import Goal, Movable, Robot, Scene, Wall
from namo.world.reachability import Reachability
from namo.world.static_map import StaticMap


def kinds(scene):
    check_scene(scene)
    return [remark.kind for remark in inspect_scene(scene)]


def texts(scene, kind):
    check_scene(scene)
    return [remark.text for remark in inspect_scene(scene) if remark.kind is kind]


def test_a_plain_scene_has_no_remarks(rooms):
    assert kinds(rooms.plugged()) == []


def test_a_goal_reachable_at_the_start_is_information(rooms):
    (remark,) = inspect_scene(rooms.room(rooms.box(0.0, 0.0)))
    assert (remark.kind, remark.is_note) == (RemarkKind.GOAL_FREE, True)
    assert remark.text == "goal reachable at the start"


def test_a_movable_in_a_wall_is_remarked(rooms):
    scene = rooms.plugged(rooms.box(-1.67, 1.0, number=2))
    (text,) = texts(scene, RemarkKind.OVERLAP)
    assert text == "'obstacle_2_movable' stands 0.020 m in wall 'wall_1', 3.3% of it"


@pytest.mark.parametrize(("gap", "said"), [(-0.004, True), (-0.0005, False), (0.01, False)])
def test_overlapping_movables_are_remarked_and_touching_ones_are_not(rooms, gap, said):
    boxes = rooms.box(-1.0, 1.0, number=2), rooms.box(-0.4 + gap, 1.0, number=3)
    found = texts(rooms.plugged(*boxes), RemarkKind.OVERLAP)
    wanted = ["'obstacle_2_movable' and 'obstacle_3_movable' overlap by 0.004 m"]
    assert found == (wanted if said else [])


def test_a_robot_that_overlaps_something_is_remarked(rooms):
    scene = rooms.plugged(rooms.box(-1.4, -0.755, number=2))
    assert texts(scene, RemarkKind.OVERLAP) == [
        "the robot overlaps 'obstacle_2_movable' by 0.005 m"
    ]


def test_a_goal_in_a_wall_is_remarked(rooms):
    scene = rooms.room(walls=[rooms.wall(5, 0.0, 0.0, (0.5, 0.5))], goal=(0.0, 0.1))
    first, second = texts(scene, RemarkKind.GOAL_AT_WALL)
    assert first == "the goal is in wall 'wall_5'"
    assert "gets no nearer than 0.5" in second


def test_a_goal_too_close_to_walls_is_remarked(rooms):
    # 0.02 m from the corner's faces: the robot's centre stays 0.13 m off along both axes.
    (text,) = texts(rooms.room(goal=(1.93, 1.93)), RemarkKind.GOAL_AT_WALL)
    assert text.startswith("the goal is 0.02 m from wall 'wall_2' and the robot, 0.15 m in radius")
    assert RemarkKind.GOAL_AT_WALL not in kinds(rooms.room(goal=(1.9, 0.0)))


def test_a_goal_that_walls_cut_off_is_remarked(rooms):
    found = kinds(rooms.sealed(rooms.box(-1.0, 1.0)))
    assert found == [RemarkKind.GOAL_CUT_OFF, RemarkKind.FLOOR_CUT_OFF]
    (text,) = texts(rooms.sealed(), RemarkKind.GOAL_CUT_OFF)
    assert text == "no way to the goal even with all movables gone"


def test_floor_that_walls_cut_off_is_measured(rooms):
    closet = [rooms.wall(5, 1.0, -1.0, (0.05, 1.0)), rooms.wall(6, 1.5, 0.0, (0.55, 0.05))]
    (text,) = texts(rooms.room(walls=closet), RemarkKind.FLOOR_CUT_OFF)
    # The closet is 0.9 by 1.9 m inside, for the centre of the robot 0.6 by 1.6 m.
    assert 0.85 < float(text.split()[5]) < 1.0
    cupboard = [rooms.wall(5, 1.4, -1.6, (0.05, 0.4)), rooms.wall(6, 1.7, -1.2, (0.35, 0.05))]
    assert RemarkKind.FLOOR_CUT_OFF not in kinds(rooms.room(walls=cupboard))


def test_floor_outside_the_walls_does_not_count(rooms):
    corners = np.linspace(0, 2 * np.pi, 7)
    ring = 2.0 * np.stack([np.cos(corners), np.sin(corners)], axis=1)
    walls = []
    for number, (start, end) in enumerate(pairwise(ring)):
        footprint, pose = footprint_of([start, end, 0.95 * end, 0.95 * start])
        walls.append(Wall(f"wall_{number}", pose, footprint, 0.3, 0.3))
    hexagon = Scene(tuple(walls), (), Robot(-1.0, 0.0), Goal(1.0, 0.0))
    assert hexagon.room is None
    assert kinds(hexagon) == [RemarkKind.GOAL_FREE]


def test_walls_that_do_not_enclose_the_robot_are_information(rooms):
    scene = Scene((rooms.wall(1, 0.0, 0.0, (1.0, 0.1)),), (), Robot(0.0, -1.0), Goal(0.0, 1.0))
    assert kinds(scene) == [RemarkKind.GOAL_FREE, RemarkKind.OPEN_PLAN]
    assert kinds(replace(scene, walls=())) == [RemarkKind.GOAL_FREE, RemarkKind.OPEN_PLAN]


def test_a_robot_without_room_to_move_is_remarked(rooms):
    assert kinds(rooms.booth()) == [RemarkKind.ROBOT_STUCK]
    fence = [
        rooms.box(-1.4 + x, -1.2 + y, number=number, half=half)
        for number, (x, y, half) in enumerate(
            [(-0.2, 0, (0.04, 0.1)), (0.2, 0, (0.04, 0.1)), (0, 0.2, (0.1, 0.04)),
             (0, -0.2, (0.1, 0.04))]
        )
    ]  # fmt: skip
    assert texts(rooms.room(*fence), RemarkKind.ROBOT_STUCK) == [
        "the robot has no room to move at the start"
    ]


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (1.0, []),
        (100.0, ["looks like centimetres: the robot's radius is 15 m, the scene's width is 4"]),
        (1000.0, ["looks like millimetres: the robot's radius is 150 m, the scene's width is"]),
    ],
)
def test_other_units_are_suspected(rooms, factor, said):
    plain = rooms.plugged()

    def scaled(solid):
        x, y, theta = solid.pose
        footprint = Rectangle(solid.footprint.half_x * factor, solid.footprint.half_y * factor)
        return replace(solid, pose=Pose2D(x * factor, y * factor, theta), footprint=footprint)

    scene = replace(
        plain,
        walls=tuple(map(scaled, plain.walls)),
        movables=tuple(map(scaled, plain.movables)),
        robot=Robot(plain.robot.x * factor, plain.robot.y * factor, 0.15 * factor),
        goal=Goal(plain.goal.x * factor, plain.goal.y * factor),
    )
    if factor == 1.0:
        assert kinds(scene) == said
        return
    # The scene is too large for the collector, and the error says why.
    with pytest.raises(SceneError, match="at most 100000000 are allowed") as caught:
        inspect_scene(scene)
    assert said[0] in str(caught.value)


def test_a_large_robot_suggests_another_unit_and_nothing_else_is_measured(rooms):
    scene = replace(rooms.room(side=20.0, robot=(-5.0, -5.0)), robot=Robot(-5.0, -5.0, 3.0))
    (remark,) = inspect_scene(scene)
    assert remark.text == (
        "looks like centimetres: the robot's radius is 3 m; scale it by 0.01 if it is"
    )


def test_a_movable_too_wide_for_every_door_is_remarked(rooms):
    wide = rooms.box(-1.0, 0.8, number=2, half=(0.55, 0.5))
    (text,) = texts(rooms.plugged(wide), RemarkKind.TOO_WIDE)
    head, _, width = text.removesuffix(" m").rpartition(" ")
    assert head == (
        "'obstacle_2_movable' is 1.00 m wide and fits through no door of its room, the widest about"
    )
    assert float(width) == pytest.approx(0.9, abs=0.03)


def test_a_long_movable_that_fits_lengthwise_is_not_remarked(rooms):
    assert kinds(rooms.plugged(rooms.box(-1.0, 0.8, number=2, half=(0.55, 0.4)))) == []


def test_a_wide_movable_in_a_room_without_doors_is_not_remarked(rooms):
    wide = rooms.box(-1.0, 0.8, number=2, half=(0.55, 0.5))
    assert RemarkKind.TOO_WIDE not in kinds(rooms.room(wide))
    assert RemarkKind.TOO_WIDE not in kinds(rooms.sealed(wide))


def test_a_movable_too_heavy_for_the_robot_is_remarked(rooms):
    scene = rooms.plugged(rooms.box(-1.0, 1.0, number=2, mass=0.3))
    (text,) = texts(scene, RemarkKind.TOO_HEAVY)
    assert text == "'obstacle_2_movable' needs 1.47 N to slide, the robot pushes with 1 N"
    on_the_moon = replace(scene, options={**scene.options, "gravity": "0 0 -1.62"})
    assert kinds(on_the_moon) == []


def test_the_larger_friction_of_movable_and_floor_decides(rooms):
    rough = replace(rooms.box(-1.0, 1.0, number=2), friction=(1.2, 0.005, 0.001))
    (text,) = texts(rooms.plugged(rough), RemarkKind.TOO_HEAVY)
    assert "needs 1.18 N" in text


def test_reachability_at_the_start_agrees_with_the_collector(demo_scenes):
    for path in sorted(demo_scenes.glob("*.xml"))[:24]:
        scene = read_scene(path)
        poses = {movable.name: movable.pose for movable in scene.movables}
        poses["robot"] = Pose2D(scene.robot.x, scene.robot.y, 0.0)
        free = Reachability(StaticMap(scene), poses).goal_reachable
        found = {remark.kind for remark in inspect_scene(scene)}
        assert free == (RemarkKind.GOAL_FREE in found)
        assert RemarkKind.GOAL_CUT_OFF not in found


def test_polygons_are_inspected_like_boxes(rooms):
    footprint, pose = footprint_of(
        [(-1.9, 1.0), (-0.3, 1.0), (-0.3, 1.2), (-1.7, 1.2), (-1.7, 1.9), (-1.9, 1.9)]
    )
    ell = Movable("ell_movable", pose.compose(Pose2D(-0.054, 0.0, 0.0)), footprint, 0.3, 0.3)
    (text,) = texts(rooms.plugged(ell), RemarkKind.OVERLAP)
    assert text.startswith("'ell_movable' stands 0.004 m in wall 'wall_1'")


def test_a_large_floor_plan_with_many_boxes_is_inspected(rooms):
    walls = [
        rooms.wall(5 + number, x, y, (0.05, 0.9))
        for number, (x, y) in enumerate(
            (x, y) for x in np.linspace(-9, 9, 10) for y in np.linspace(-9.9, 9.9, 9)
        )
    ]
    boxes = [
        rooms.box(x, y, number=number, half=(0.2 + 0.005 * number, 0.3))
        for number, (x, y) in enumerate(
            (x, y) for x in np.linspace(-8, 8, 9) for y in np.linspace(-10, 10, 5)
        )
    ]
    scene = rooms.room(*boxes, side=22.0, walls=walls, robot=(-10.2, -9.5), goal=(10.0, 9.0))
    assert RemarkKind.GOAL_FREE in {remark.kind for remark in inspect_scene(scene)}
