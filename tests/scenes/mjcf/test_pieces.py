"""A movable of several geoms is the union of its pieces, in the scene as in MuJoCo."""

import re

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from namo.errors import SceneError
from namo.scenes.reading import parse_scene
from namo.scenes.scene import Goal, Robot, Scene
from namo.scenes.writing import scene_xml
from namo.world.push import Push
from namo.world.simulation import Simulation
from namo.world.world import World
from tests.mujoco_solids import colliding_corners
from tests.scenes.mjcf.touching import places_touched
from tests.scenes.rectangles import attached_rectangles

NAME = "obstacle_movable"
EMPTY = scene_xml(Scene((), (), Robot(-2.0, -2.0), Goal(3.0, 3.0)))
VISUAL = 'contype="0" conaffinity="0" mass="0"'


def text_with(geoms, place="", extra=""):
    body = f'<body name="{NAME}" {place}><freejoint/>{geoms}</body>'
    return EMPTY.replace("<worldbody>", f"{extra}<worldbody>").replace("<site", f"{body}<site", 1)


def box(x, y, half_x, half_y, more=""):
    return f'<geom type="box" size="{half_x} {half_y} .3" pos="{x} {y} .3" {more}/>'


def read(text):
    scene = parse_scene(text.encode(), "room.xml")
    return scene, scene.movables[0]


def region_in_mujoco(text):
    """Where the geoms of the movable stand, by a model of its own."""
    outlines = (corners for name, corners in colliding_corners(text) if name == NAME)
    return shapely.union_all([shapely.MultiPoint(each[:, :2]).convex_hull for each in outlines])


def require_the_region_of_mujoco(text):
    scene, movable = read(text)
    found, wanted = shapely.Polygon(movable.corners()), region_in_mujoco(text)
    assert found.symmetric_difference(wanted).area < 1e-6
    Simulation(scene)  # compares where it starts
    again = parse_scene(scene_xml(scene).encode(), "again").movables[0]
    assert again.footprint == movable.footprint
    return movable


MESH = '<asset><mesh name="corner" vertex="0 0 0 .3 0 0 0 .3 0 0 0 .6 .3 0 .6 0 .3 .6"/></asset>'
SHAPES = {
    "L": (box(0, 0, 0.4, 0.1) + box(-0.3, 0.3, 0.1, 0.2), 6),
    "T": (box(0, 0, 0.4, 0.1) + box(0, -0.3, 0.1, 0.2), 8),
    "plus": (box(0, 0, 0.4, 0.1) + box(0, 0, 0.1, 0.4), 12),
    "U": (box(0, 0, 0.4, 0.1) + box(-0.3, 0.3, 0.1, 0.2) + box(0.3, 0.3, 0.1, 0.2), 8),
    "a box in two": (box(-0.1, 0, 0.1, 0.2) + box(0.2, 0, 0.2, 0.2), 4),
    "with a shell": (box(0, 0, 0.9, 0.9, VISUAL) + box(0, 0, 0.4, 0.1) + box(0, 0.2, 0.1, 0.1), 8),
    "geoms turned": (
        box(0, 0, 0.4, 0.1, 'euler="0 0 30"') + box(-0.05, 0.0866, 0.1, 0.4, 'euler="0 0 30"'),
        12,
    ),
    "geoms on their sides": (
        '<geom type="box" size=".4 .3 .1" pos="0 0 .3" euler="90 0 0"/>'
        '<geom type="box" size=".3 .4 .1" pos="0 0 .3" euler="0 90 0"/>',
        12,
    ),
    "fromto": (
        '<geom type="box" size=".3 .3" fromto="-.4 0 .3 .4 0 .3"/>'
        '<geom type="box" size=".1 .1" fromto="0 .35 0 0 .35 .6"/>',
        8,
    ),
    "a geom in a body": (
        box(0, 0, 0.4, 0.1) + f'<body pos="0 .3 0" euler="0 0 90">{box(0, 0, 0.2, 0.1)}</body>',
        8,
    ),
    "a box and a mesh": (box(-0.2, 0.15, 0.2, 0.15) + '<geom type="mesh" mesh="corner"/>', 4),
}


@pytest.mark.parametrize("place", ["", 'pos=".5 .2 0" euler="0 0 130"'])
@pytest.mark.parametrize("shape", SHAPES)
def test_natural_shapes_are_read_as_mujoco_has_them(shape, place):
    geoms, corners = SHAPES[shape]
    movable = require_the_region_of_mujoco(text_with(geoms, place, MESH))
    assert len(movable.footprint.vertices) == corners


@settings(max_examples=40, deadline=None)
@given(attached_rectangles(), st.floats(-1, 1), st.floats(-180, 180), st.booleans())
def test_unions_of_boxes_start_where_mujoco_has_them(rectangles, x, degrees, in_a_body):
    union = shapely.union_all([shapely.box(*one) for one in rectangles])
    assume(union.geom_type == "Polygon" and not union.interiors)
    geoms = "".join(
        box((x0 + x1) * 0.05, (y0 + y1) * 0.05, (x1 - x0) * 0.05, (y1 - y0) * 0.05)
        for x0, y0, x1, y1 in rectangles
    )
    if in_a_body:
        geoms = f'<body pos=".1 .2 0" euler="0 0 20">{geoms}</body>'
    movable = require_the_region_of_mujoco(text_with(geoms, f'pos="{x} 0 0" euler="0 0 {degrees}"'))
    assert movable.footprint.area == pytest.approx(0.01 * union.area, rel=1e-9)


def test_the_robot_runs_into_every_piece():
    scene, movable = read(text_with(*SHAPES["T"][:1], place='euler="0 0 20"'))
    xs, ys = np.arange(-0.6, 0.6, 0.05), np.arange(-0.7, 0.4, 0.05)
    assert places_touched(scene, movable, Simulation(scene), xs, ys) > 50


@pytest.mark.slow
def test_a_shape_of_boxes_is_pushed_like_the_same_of_meshes():
    """As the file of boxes says it, and as the same scene is written, in prisms."""
    boxes, movable = read(text_with(SHAPES["T"][0].replace("/>", 'mass=".1"/>')))
    prisms = parse_scene(scene_xml(boxes).encode(), "prisms")
    goal = movable.pose._replace(x=movable.pose.x + 0.5)
    ends = []
    for scene in (boxes, prisms):
        world = World(scene)
        outcome = world.push(Push(NAME, goal), stop_at_open_goal=False)
        ends.append((outcome.status, *outcome.pose))
    assert ends[0][0] is ends[1][0]
    assert ends[0][1:] == pytest.approx(ends[1][1:], abs=0.05)


@pytest.mark.parametrize(
    ("geoms", "said"),
    [
        (
            box(0, 0, 0.1, 0.1, 'name="seat"') + box(0.2, 0.2, 0.1, 0.1),
            "geom 'seat' and geom 2 touch in a corner only, at (0.1, 0.1)",
        ),
        (box(0, 0, 0.1, 0.1) + box(0.3, 0, 0.1, 0.1), "geom 1 and geom 2 are 0.1 m apart"),
        (
            box(0, 0, 0.1, 0.1) + box(0, 0, 0.2, 0.05).replace(' .3"', ' .2"'),
            "geom 1 and geom 2 differ in height, z = 0 to 0.6 m and 0 to 0.4 m",
        ),
        (box(0, 0, 0.1, 0.1) + box(0, 0, 0.2, 0.05, 'euler="5 0 0"'), "geom 2 is tilted"),
        (
            box(0, 0, 0.1, 0.1) + box(0, 0, 0.2, 0.05, 'friction=".3"'),
            "geoms of different friction",
        ),
        (box(0, 0, 0.1, 0.1) + '<geom type="capsule" size=".1 .2"/>', "solid geoms: box, capsule"),
        ("", "has solid geoms: none"),
    ],
)
def test_pieces_that_are_no_upright_prism_are_refused(geoms, said):
    inertial = '<inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/>'
    with pytest.raises(SceneError, match=f"^room.xml: body '{NAME}'.*{re.escape(said)}"):
        read(text_with(inertial + geoms))


def test_boxes_and_meshes_of_one_fixed_body_are_walls_each_of_their_kind():
    wall = f'<body name="wall_a">{box(1, 1, 0.2, 0.2)}<geom type="mesh" mesh="corner"/></body>'
    text = EMPTY.replace("<worldbody>", f"{MESH}<worldbody>{wall}")
    walls = parse_scene(text.encode(), "room.xml").walls
    assert [(one.name, len(one.footprint.outline)) for one in walls] == [
        *(("wall_a_geom_1", 4), ("wall_a", 3)),
    ]
