import math
from dataclasses import replace

import pytest

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.checking import check_scene
from namo.scenes.footprint import Rectangle
from namo.scenes.reading import parse_scene
from namo.scenes.scene import Wall


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('<site name="goal"', '<site name="origin"', "goal sites: none; a scene has exactly one"),
        ('<site name="goal"', '<site name="goal_2"/><site name="goal"', "'goal_2', 'goal'"),
        ('euler="0 0', 'euler="5 0', "body 'obstacle_1_movable' is tilted"),
        (
            'name="wall_1" type="box"',
            'name="wall_1" euler="0 9 0" type="box"',
            "'wall_1' is tilted",
        ),
        ('pos="-1.0 -1.0 0.15"', 'pos="-1.0 -1.0 0.9"', "slides at z = 0.9 m and misses"),
        ('type="plane"', 'type="plane" pos="0 0 0.1"', "floor must be level and at z = 0"),
    ],
)
def test_parts_that_break_the_convention_are_refused(refused, old, new, said):
    assert said in refused(old, new)


EXTRA = "<site name="


@pytest.mark.parametrize(
    ("geom", "half", "pose"),
    [
        # As MuJoCo documents fromto: the z axis of the box along the segment.
        ('size=".3 .3" fromto="-1 1 .3 0 1 .3"', (0.3, 0.5, 0.3), (-0.5, 1.0, math.pi / 2)),
        ('size=".1 .1" fromto="-1 1 0 -1 1 .6"', (0.1, 0.1, 0.3), (-1.0, 1.0, 0.0)),
        ('size=".5 .3 .1" pos="-1 1 .3" euler="90 0 0"', (0.5, 0.1, 0.3), (-1.0, 1.0, 0.0)),
        ('size=".3 .5 .1" pos="-1 1 .3" euler="0 90 0"', (0.5, 0.1, 0.3), (-1.0, 1.0, math.pi / 2)),
        ('size=".5 .1 .3" pos="-1 1 .3" euler="180 0 0"', (0.5, 0.1, 0.3), (-1.0, 1.0, 0.0)),
        (
            'size=".5 .1 .3" pos="-1 1 .3" xyaxes="0 1 0 1 0 0"',
            (0.5, 0.1, 0.3),
            (-1, 1, math.pi / 2),
        ),
    ],
)
def test_an_upright_box_may_have_its_axes_permuted(plain_xml, geom, half, pose):
    box = f'<geom name="wall_9" type="box" {geom}/>'
    scene = parse_scene(plain_xml.replace(EXTRA, box + EXTRA, 1).encode(), "room.xml")
    (found,) = (wall for wall in scene.walls if wall.name == "wall_9")
    wanted = Wall("wall_9", Pose2D(*pose), Rectangle(*half[:2]), half[2], 0.3)
    assert found.half_z == pytest.approx(wanted.half_z)
    for corner in wanted.corners():
        assert min(math.dist(corner, other) for other in found.corners()) < 1e-9
    for corner in found.corners():
        assert min(math.dist(corner, other) for other in wanted.corners()) < 1e-9


def test_a_box_fitted_to_a_mesh_is_read(plain_xml):
    mesh = (
        '<compiler fitaabb="true"/><asset><mesh name="m" '
        'vertex="0 0 0 1 0 0 1 .2 0 0 .2 0 0 0 .6 1 0 .6 1 .2 .6 0 .2 .6 .5 .1 .6"/></asset>'
    )
    wall = '<geom name="wall_9" type="box" mesh="m" pos="-1.5 1 0"/>'
    text = plain_xml.replace("<worldbody>", mesh + "<worldbody>").replace(EXTRA, wall + EXTRA, 1)
    scene = parse_scene(text.encode(), "room.xml")
    (found,) = (wall for wall in scene.walls if wall.name == "wall_9")
    assert sorted((found.footprint.half_x, found.footprint.half_y)) == pytest.approx([0.1, 0.5])
    low, high = found.corners().min(axis=0), found.corners().max(axis=0)
    assert [*low, *high] == pytest.approx([-1.5, 1.0, -0.5, 1.2], abs=1e-6)
    assert (found.z, found.half_z) == pytest.approx((0.3, 0.3), abs=1e-6)


@pytest.mark.parametrize("euler", ["44 0 0", "0 45 0", "89 0 0", "10 10 10", "0 90 45"])
def test_a_box_on_an_edge_is_tilted(refused, euler):
    box = f'<geom name="wall_9" type="box" size=".1 .1 .1" pos="-1 1 .3" euler="{euler}"/>'
    assert "geom 'wall_9' is tilted" in refused(EXTRA, box + EXTRA, 1)


BALL = 'type="sphere" pos="-1.0 -1.0 0.15" size="0.15"'


@pytest.mark.parametrize(
    ("z", "half", "euler"),
    [(0.5, 0.5, ""), (1.0, 1.0, ""), (0.35, 0.3, ""), (0.5, 0.5, 'euler="180 0 0"')],
)
def test_a_tall_cylinder_is_a_robot(plain_scene, accepted, z, half, euler):
    tall = f'type="cylinder" pos="-1.0 -1.0 {z}" size="0.15 {half}" {euler}'
    assert accepted(BALL, tall).robot == plain_scene.robot


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ('type="cylinder" pos="-1 -1 1.2" size="0.15 0.5"', "spans z = 0.7 to 1.7 m and misses"),
        ('type="cylinder" pos="-1 -1 0.7" size="0.15 0.1"', "and misses 'wall_1'"),
        ('type="cylinder" pos="-1 -1 0.5" size="0.15 0.5" euler="0 20 0"', "is a tilted cylinder"),
        ('type="sphere" pos="-1 -1 0.7" size="0.15"', "slides at z = 0.7 m and misses 'wall_1'"),
    ],
)
def test_a_robot_above_the_walls_is_refused(refused, shape, said):
    assert said in refused(BALL, shape)


@pytest.mark.parametrize(("bottom", "stops"), [(0.1, True), (0.2, True), (0.21, False)])
def test_a_beam_that_the_robot_runs_into_is_a_wall(plain_xml, bottom, stops):
    beam = f'<geom name="wall_9" type="box" size=".1 .1 .2" pos="-1 1 {bottom + 0.2}"/>'
    text = plain_xml.replace(EXTRA, beam + EXTRA, 1).encode()
    if stops:
        assert len(parse_scene(text, "room.xml").walls) == 5
    else:
        with pytest.raises(SceneError, match=r"misses 'wall_9', z = 0\.21 to 0\.61 m"):
            parse_scene(text, "room.xml")


def test_a_beam_above_a_low_movable_is_no_wall(plain_scene):
    low = replace(plain_scene.movables[0], half_z=0.08, z=0.08)
    beam = Wall("wall_9", Pose2D(-1.0, 1.0, 0.0), Rectangle(0.1, 0.1), 0.2, 0.35)
    walls = (*plain_scene.walls, beam)
    check_scene(replace(plain_scene, walls=walls))
    with pytest.raises(SceneError, match="wall 'wall_9' spans"):
        check_scene(replace(plain_scene, walls=walls, movables=(low,)))
