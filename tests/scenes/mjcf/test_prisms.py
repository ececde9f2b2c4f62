import math
import re
from dataclasses import replace

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.footprint import Polygon, centred
from namo.scenes.reading import parse_scene
from namo.scenes.scene import Goal, Movable, Robot, Scene, Wall
from namo.scenes.writing import scene_xml
from namo.world.simulation import Simulation
from tests.scenes.mjcf.touching import places_touched

L_SHAPE = ((0.0, 0.0), (0.6, 0.0), (0.6, 0.3), (0.3, 0.3), (0.3, 0.6), (0.0, 0.6))
CORNER = ((0.0, 0.0), (1.5, 0.0), (1.5, 0.1), (0.1, 0.1), (0.1, 1.5), (0.0, 1.5))


def scene_with(*vertices, theta=0.4, mass=0.2):
    """An L-shaped wall, and a movable of each outline, a metre and a half apart."""
    corner, at = centred(Polygon(CORNER))
    movables = tuple(
        Movable(
            f"piece_{number}_movable",
            Pose2D(1.5 * number, 0.0, theta),
            centred(Polygon(outline))[0],
            0.3,
            0.3,
            mass=mass,
        )
        for number, outline in enumerate(vertices)
    )
    wall = Wall("wall_corner", at._replace(x=at.x - 3.0, y=at.y - 3.0), corner, 0.3, 0.3)
    return Scene((wall,), movables, Robot(-2.0, -2.0), Goal(3.0, 3.0))


@st.composite
def outlines(draw):
    count = draw(st.integers(3, 9))
    radii = draw(st.lists(st.floats(0.15, 0.5), min_size=count, max_size=count))
    angles = 2 * math.pi * np.arange(count) / count
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.array(radii)[:, None]
    return tuple((x, y) for x, y in corners.tolist())


@settings(max_examples=50, deadline=None)
@given(
    st.lists(outlines(), min_size=1, max_size=3),
    st.floats(-math.pi, math.pi, exclude_min=True),
    st.floats(0.01, 9.0),
)
def test_a_written_polygon_is_read_back_exactly(shapes, theta, mass):
    scene = scene_with(*shapes, theta=theta, mass=mass)
    back = parse_scene(scene_xml(scene).encode(), "scene")
    assert back.walls == scene.walls
    for written, read in zip(scene.movables, back.movables, strict=True):
        assert read.pose.turn(written.pose) <= 1e-12 or abs(theta) <= 2.1e-6
        assert replace(read, pose=written.pose) == written
    again = parse_scene(scene_xml(back).encode(), "scene")
    assert again.walls == back.walls
    assert [m.footprint for m in again.movables] == [m.footprint for m in back.movables]


def test_mass_and_moments_are_those_of_the_prism():
    scene = scene_with(L_SHAPE, ((0, 0), (0.6, 0), (0.6, 0.6), (0, 0.6)), theta=0.0)
    model = Simulation(scene).model
    lshape, square = (model.body(f"piece_{number}_movable").id for number in (0, 1))
    assert model.body_mass[square] == 0.2
    solid = 0.2 / 12 * np.array([0.6**2 + 0.6**2] * 3)
    np.testing.assert_allclose(model.body_inertia[square], solid, rtol=1e-9)
    # Two rectangles by the parallel axis theorem.
    parts = ((0.3, 0.15, 0.6, 0.3), (0.15, 0.45, 0.3, 0.3))
    centre_x, centre_y = centred(Polygon(L_SHAPE))[1][:2]
    areas = np.array([w * h for _, _, w, h in parts])
    masses = 0.2 * areas / areas.sum()
    vertical = sum(
        m * ((w**2 + h**2) / 12 + (x - centre_x) ** 2 + (y - centre_y) ** 2)
        for m, (x, y, w, h) in zip(masses, parts, strict=True)
    )
    rotation = np.empty(9)
    mujoco.mju_quat2Mat(rotation, model.body_iquat[lshape])
    rotation = rotation.reshape(3, 3)
    tensor = rotation @ np.diag(model.body_inertia[lshape]) @ rotation.T
    assert tensor[2, 2] == pytest.approx(vertical, rel=1e-9)


def test_mujoco_collides_the_footprint():
    scene = scene_with(L_SHAPE, theta=0.7)
    across = np.arange(-0.7, 0.7, 0.05)
    simulation = Simulation(scene)
    assert places_touched(scene, scene.movables[0], simulation, across, across) > 50


def test_poses_of_polygons_are_those_of_the_scene_and_follow_the_body():
    scene = scene_with(L_SHAPE, theta=0.7)
    simulation = Simulation(scene)
    name = scene.movables[0].name
    start = simulation.pose(name)
    assert start.distance(scene.movables[0].pose) < 1e-12
    assert start.turn(scene.movables[0].pose) < 1e-12
    address = simulation.model.jnt_qposadr[simulation.model.body(name).jntadr[0]]
    simulation.data.qpos[address] += 0.25
    assert simulation.pose(name).x == pytest.approx(scene.movables[0].pose.x + 0.25)
    assert simulation.yaw(name) == pytest.approx(0.7)


def test_outlines_off_centre_are_centred_when_read():
    xml = scene_xml(scene_with(L_SHAPE, theta=0.0))
    moved = re.sub(
        r'vertex="([^"]*)"',
        lambda match: (
            'vertex="'
            + " ".join(
                repr(float(number) + (0.5 if place % 3 == 0 else 0.0))
                for place, number in enumerate(match.group(1).split())
            )
            + '"'
        ),
        xml,
    )
    back = parse_scene(moved.encode(), "scene")
    assert back.movables[0].footprint.is_centred
    assert back.movables[0].pose.x == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('<mesh name="piece', '<mesh scale="2 2 2" name="piece', "has scale, name, vertex"),
        ('vertex="', 'vertex="0 0 0 ', "not two rows of x y z"),
        ('type="mesh" mesh', 'type="mesh" pos="0.1 0 0" mesh', "its geom has no pos"),
        ("<asset>", '<default><mesh scale="2 2 2"/></default><asset>', "defaults for meshes"),
        ('pos="0.0 0.0 0.3"', 'pos="0.0 0.0 0.3" euler="5 0 0"', "is tilted"),
    ],
)
def test_meshes_that_are_not_prisms_are_refused(old, new, said):
    xml = scene_xml(scene_with(L_SHAPE, theta=0.0))
    assert old in xml
    with pytest.raises(SceneError, match=said):
        parse_scene(xml.replace(old, new, 1).encode(), "scene")


def test_any_of_the_pieces_are_a_footprint_as_long_as_they_touch():
    xml = scene_xml(scene_with(L_SHAPE, theta=0.0))
    body = xml[xml.index('<body name="piece_0') :]
    geom = body[body.index("<geom") : body.index("/>", body.index("<geom")) + 2]
    whole = parse_scene(xml.encode(), "scene").movables[0]
    less = parse_scene(xml.replace(geom, "", 1).encode(), "scene").movables[0]
    assert less.footprint.area < whole.footprint.area
    doubled = parse_scene(xml.replace(geom, geom + geom, 1).encode(), "scene").movables[0]
    assert doubled.footprint == whole.footprint


def test_a_polygon_whose_centroid_is_not_the_origin_cannot_be_written():
    scene = scene_with(L_SHAPE)
    off = replace(scene.movables[0], footprint=Polygon(L_SHAPE))
    with pytest.raises(SceneError, match="the centroid of its outline is at"):
        scene_xml(replace(scene, movables=(off,)))
