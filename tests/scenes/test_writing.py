import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.footprint import Rectangle
from namo.scenes.reading import read_scene
from namo.scenes.scene import Goal, Movable, Robot, Scene, Wall
from namo.scenes.writing import scene_xml, write_scene

small = st.floats(0.05, 0.45)
angles = st.floats(-math.pi, math.pi, exclude_min=True)
friction = st.tuples(st.floats(0.0, 2.0), st.floats(0.0, 0.1), st.floats(0.0, 0.01))
offsets = st.floats(-0.2, 0.2)


@st.composite
def scenes(draw):
    """Boxes on a coarse lattice, so that none overlap."""
    cells = [(i * 2.0, j * 2.0) for i in range(-2, 3) for j in range(-2, 3)]
    places = iter(draw(st.permutations(cells)))

    def place():
        x, y = next(places)
        return x + draw(offsets), y + draw(offsets)

    def box_shape():
        shape, half_z = Rectangle(draw(small), draw(small)), draw(small)
        z = half_z + draw(st.floats(-0.01, 0.01))
        return Pose2D(*place(), draw(angles)), shape, half_z, z

    walls = tuple(Wall(f"wall_{i}", *box_shape()) for i in range(draw(st.integers(0, 4))))
    movables = tuple(
        Movable(f"box_{i}_movable", *box_shape(), draw(st.floats(0.01, 9.0)), draw(friction))
        for i in range(draw(st.integers(0, 4)))
    )
    shortest = min([2 * box.half_z for box in (*walls, *movables)], default=1.0) - 0.02
    robot = Robot(
        *place(),
        radius=draw(st.floats(0.02, min(0.2, shortest))),
        mass=draw(st.floats(0.1, 9.0)),
        friction=draw(friction),
        max_force=draw(st.floats(0.1, 50.0)),
    )
    options = {"timestep": "0.005", "gravity": "0 0 -9.81", "flag/warmstart": "disable"}
    chosen = draw(st.sets(st.sampled_from(sorted(options))))
    return Scene(
        walls,
        movables,
        robot,
        Goal(*place(), draw(small)),
        draw(friction),
        {name: options[name] for name in sorted(chosen)},
    )


def levelled(scene):
    """The scene with all yaws zero, to compare the rest exactly."""
    level = [
        tuple(replace(box, pose=box.pose._replace(theta=0.0)) for box in boxes)
        for boxes in (scene.walls, scene.movables)
    ]
    return replace(scene, walls=level[0], movables=level[1])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(scene=scenes())
def test_a_written_scene_is_read_back(scene, tmp_path):
    path = tmp_path / "scene.xml"
    written = write_scene(scene, path)
    back = read_scene(path)
    assert back == written
    assert (back.xml, back.sha256, back.path) == (written.xml, written.sha256, str(path))
    assert levelled(back) == levelled(scene)
    for old, new in zip(
        (*scene.walls, *scene.movables), (*back.walls, *back.movables), strict=True
    ):
        if abs(old.pose.theta) <= 2.1e-6 and new.pose.theta == 0.0:
            continue  # MuJoCo takes it for zero
        assert old.pose.turn(new.pose) <= 1e-12


def test_round_yaws_stay_round_when_rewritten(plain_scene, tmp_path):
    turned = replace(plain_scene.movables[0], pose=Pose2D(0.5, 0.25, math.radians(33.3)))
    once = write_scene(replace(plain_scene, movables=(turned,)), tmp_path / "once.xml")
    twice = write_scene(once, tmp_path / "twice.xml")
    assert 'euler="0 0 33.3"' in once.xml
    assert once.xml == twice.xml


def test_shared_scenes_are_the_same_after_writing(shared_scenes, tmp_path):
    for path in (shared_scenes / "rooms").glob("*.xml"):
        scene = read_scene(path)
        assert levelled(write_scene(scene, tmp_path / path.name)) == levelled(scene)


def test_names_are_escaped(plain_scene, tmp_path):
    odd = replace(plain_scene.movables[0], name='a<&">_movable')
    scene = write_scene(replace(plain_scene, movables=(odd,)), tmp_path / "odd.xml")
    assert scene.movables[0].name == 'a<&">_movable'


def test_a_movable_without_movable_in_its_name_cannot_be_written(plain_scene):
    crate = replace(plain_scene.movables[0], name="crate")
    with pytest.raises(SceneError, match="movable 'crate' cannot be written; its name must"):
        scene_xml(replace(plain_scene, movables=(crate,)))


def test_an_option_that_files_cannot_hold_is_refused(plain_scene):
    with pytest.raises(
        SceneError, match="option 'visual/haze' is invalid; expected NAME or flag/NAME"
    ):
        scene_xml(replace(plain_scene, options={"visual/haze": "1"}))


def test_an_invalid_scene_leaves_an_existing_file_unchanged(plain_scene, tmp_path):
    path = tmp_path / "room.xml"
    before = write_scene(plain_scene, path).xml
    with pytest.raises(SceneError, match="robot radius"):
        write_scene(replace(plain_scene, robot=Robot(-1.0, -1.0, radius=-1.0)), path)
    with pytest.raises(SceneError, match="unrecognized attribute: 'warp'"):
        write_scene(replace(plain_scene, options={"warp": "9"}), path)
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]
