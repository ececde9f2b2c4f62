import math

import pytest

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.compiling import compile_model, compile_spec
from namo.scenes.footprint import Rectangle
from namo.scenes.reading import read_scene


@pytest.fixture
def refused(tmp_path, monkeypatch, plain_xml):
    """Return the message with which the plain scene is refused after a change of its text."""
    monkeypatch.chdir(tmp_path)

    def message(old, new, count=-1):
        assert old in plain_xml
        path = tmp_path / "room.xml"
        path.write_text(plain_xml.replace(old, new, count))
        with pytest.raises(SceneError) as caught:
            read_scene(path)
        assert str(caught.value).startswith(str(path))
        assert not (tmp_path / "MUJOCO_LOG.TXT").exists()
        return str(caught.value)

    return message


@pytest.fixture
def accepted(tmp_path, plain_xml):
    """Return the scene that is read after a change of the plain scene's text."""

    def scene(old, new):
        assert old in plain_xml
        path = tmp_path / "room.xml"
        path.write_text(plain_xml.replace(old, new))
        return read_scene(path)

    return scene


def test_every_shared_scene_of_the_convention_is_read(shared_scenes):
    paths = [*(shared_scenes / "rooms").glob("*.xml"), *(shared_scenes / "reference").glob("*.xml")]
    assert len(paths) == 12
    for path in paths:
        scene = read_scene(path)
        assert scene.walls
        assert scene.movables
        assert scene.options == {"cone": "elliptic", "integrator": "RK4", "timestep": "0.01"}


def test_walls_of_shared_templates_are_counted_by_their_body_name(shared_scenes):
    for path in (shared_scenes / "wall_templates").glob("*.xml"):
        assert len(read_scene(path).walls) == path.read_text().count('type="box"')


def test_a_wheeled_robot_is_refused_with_the_convention(shared_scenes):
    path = min((shared_scenes / "car_hops").glob("*.xml"))
    with pytest.raises(SceneError, match=r"body 'car' has a free joint.*body 'robot' with two"):
        read_scene(path)


def test_what_is_read_is_what_the_file_says(accepted, plain_scene):
    scene = accepted('euler="0 0', 'euler="0 0')
    assert scene.walls == plain_scene.walls
    assert scene.robot == plain_scene.robot
    assert scene.goal == plain_scene.goal
    assert scene.movables[0].pose.theta == pytest.approx(0.5, abs=1e-12)
    assert scene.path.endswith("room.xml")
    assert len(scene.sha256) == 64


def test_defaults_nested_bodies_and_radians_are_resolved(tmp_path):
    path = tmp_path / "nested.xml"
    path.write_text(
        """<mujoco>
          <compiler angle="radian"/>
          <option timestep="0.005"><flag warmstart="disable"/></option>
          <default><default class="block"><geom type="box" size=".2 .3 .3" mass="2"/></default>
          </default>
          <worldbody>
            <geom type="plane" size="0 0 1" friction=".25 0 0"/>
            <body name="static_group" pos="1 2 0" euler="0 0 1.5707963267948966">
              <body pos="1 0 0.3"><geom name="wall_a" class="block"/></body>
              <body name="static_b" pos="3 0 0.3"><geom class="block"/></body>
            </body>
            <body name="chair_movable" pos="-1 0 .3" euler="0 0 -2">
              <freejoint/><geom class="block"/>
              <geom type="sphere" size=".1" contype="0" conaffinity="0" mass="0"/>
            </body>
            <body name="robot" pos="-3 1 0">
              <joint name="b" type="slide" axis="0 2 0"/><joint name="a" type="slide" axis="1 0 0"/>
              <geom type="cylinder" size=".2 .25" pos="0 0 .25" mass="3"/>
            </body>
            <site name="goal" pos="0 -1 0" size=".3"/>
            <geom name="lamp" type="sphere" size="1" pos="0 0 2" contype="0" conaffinity="0"/>
          </worldbody>
          <actuator>
            <motor joint="a" gear="2" ctrllimited="true" ctrlrange="-3 4"/>
            <motor joint="b" ctrllimited="true" ctrlrange="-7 7"/>
          </actuator>
        </mujoco>"""
    )
    scene = read_scene(path)
    assert [wall.name for wall in scene.walls] == ["wall_a", "static_b_geom_1"]
    assert scene.walls[0].pose == pytest.approx((1.0, 3.0, math.pi / 2), abs=1e-12)
    (chair,) = scene.movables
    assert chair.name == "chair_movable"
    assert chair.pose == pytest.approx(Pose2D(-1.0, 0.0, -2.0), abs=1e-12)
    assert (chair.footprint, chair.half_z) == (Rectangle(0.2, 0.3), 0.3)
    assert chair.mass == 2.0
    assert (scene.robot.x, scene.robot.y, scene.robot.radius) == (-3.0, 1.0, 0.2)
    assert scene.robot.max_force == 6.0
    assert scene.goal.radius == 0.3
    assert scene.floor_friction == (0.25, 0.0, 0.0)
    assert scene.options == {"timestep": "0.005", "flag/warmstart": "disable"}


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SceneError, match=r"absent\.xml: cannot be read: No such file"):
        read_scene(tmp_path / "absent.xml")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not well-formed XML"),
        (b"<mujoco>", "not well-formed XML"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"<robot/>", "root element is 'robot'"),
        (b'<!DOCTYPE m [<!ENTITY a "b">]><mujoco/>', "line 1: document type declaration 'm'"),
        (b'<mujoco><include file="/etc/passwd"/></mujoco>', "element 'include' is not supported"),
        (b"<mujoco><worldbody/></mujoco>", "no body 'robot'"),
    ],
)
def test_what_is_no_scene_text_is_refused(tmp_path, data, said):
    path = tmp_path / "odd.xml"
    path.write_bytes(data)
    with pytest.raises(SceneError, match=said) as caught:
        read_scene(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_refused_before_they_compile(refused, value):
    message = refused('pos="0.5 0.25 0.3"', f'pos="{value} 0.25 0.3"')
    assert f'geom pos="{value} 0.25 0.3" is not finite' in message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('condim="4"', 'condimx="4"', "unrecognized attribute: 'condimx'"),
        ('name="wall_2"', 'name="wall_1"', "repeated name 'wall_1'"),
        ('size="0.05 2.0 0.3"', 'size="0 2.0 0.3"', "must be positive"),
        ('mass="0.1"', 'mass="0"', "must be larger than mjMINVAL"),
        ('mass="0.1"', 'mass="-1"', "are negative"),
        ('timestep="0.005"', 'timestep="0"', "timestep is 0 s; allowed are 0.0001 to 0.05 s"),
        ('<site name="goal"', '<site name="origin"', "goal sites: none; a scene has exactly one"),
        ('<site name="goal"', '<site name="goal_2"/><site name="goal"', "'goal_2', 'goal'"),
        ('<body name="robot">', '<body name="cart">', "body 'cart' has a joint; the robot is"),
        ('name="joint_x"', 'name="joint_x" range="0 1"', "has a range; the robot slides freely"),
        ('name="joint_x"', 'name="joint_x" stiffness="1"', "of body 'robot' has stiffness"),
        ('name="joint_x"', 'name="joint_x" frictionloss="1"', "of body 'robot' has frictionloss"),
        ('axis="1 0 0"', 'axis="1 1 0"', "has joints: 'joint_x' (slide along 0.707107"),
        ('axis="1 0 0"', 'axis="-1 0 0"', "slide along -1 0 0"),
        ("<motor", "<velocity", "is no plain motor"),
        ('ctrlrange="-1.0 1.0"', 'ctrlrange="0 1"', "has ctrlrange 0 to 1"),
        ('gear="1"', 'gear="-1"', "has gear -1 and gain 1"),
        ('joint="joint_y"', 'joint="joint_x"', "of body 'robot' has 2 motors"),
        ('type="free"', 'type="ball"', "body 'obstacle_1_movable' has a joint"),
        ('<joint type="free" />', "", "body 'obstacle_1_movable' has no joint"),
        ("obstacle_1_movable", "crate", "body 'crate' has a free joint; what the robot pushes"),
        ('euler="0 0', 'euler="5 0', "body 'obstacle_1_movable' is tilted"),
        (
            'name="wall_1" type="box"',
            'name="wall_1" euler="0 9 0" type="box"',
            "'wall_1' is tilted",
        ),
        ('name="wall_1" type="box"', 'name="wall_1" type="capsule"', "'wall_1' is a capsule"),
        ('<body name="walls">', '<body name="other">', ""),
        ('name="wall_1"', 'name="wall_1" contype="0" conaffinity="0"', "collides with nothing"),
        ('name="wall_1"', 'name="wall_1" contype="2" conaffinity="2"', "do not collide"),
        ('pos="-1.0 -1.0 0.15"', 'pos="-1.0 -1.0 0.9"', "slides at z = 0.9 m and misses"),
        ('type="plane"', 'type="plane" pos="0 0 0.1"', "floor must be level and at z = 0"),
        ('type="plane" size="0 0 0.05"', 'type="box" size="9 9 1"', "'floor' is neither wall"),
        (
            "<actuator>",
            "<contact><exclude body1='robot' body2='walls'/></contact><actuator>",
            "(1)",
        ),
    ],
)
def test_what_departs_from_the_convention_is_refused_by_name(refused, accepted, old, new, said):
    if said:
        assert said in refused(old, new)
    else:
        accepted(old, new)


def test_a_second_robot_is_refused(refused):
    second = '<body name="robot_2"><joint type="slide"/><geom size="0.1" pos="1 1 0.1"/></body>'
    assert "body 'robot_2' has a joint" in refused("<site", second + "<site")


def test_a_solid_that_is_nothing_of_the_convention_is_refused(refused):
    assert "geom 'pillar' is neither wall, movable, robot nor floor" in refused(
        "<site", '<geom name="pillar" size="0.2" pos="1 -1 0.2"/><site'
    )


def test_a_movable_of_two_boxes_is_refused(refused):
    extra = '<geom type="box" size="0.1 0.1 0.1" pos="0 0 0.3"/><joint type="free" />'
    assert "'obstacle_1_movable' has solid geoms: box, box" in refused(
        '<joint type="free" />', extra
    )


def test_a_missing_motor_is_refused(refused, plain_xml):
    (line,) = [line for line in plain_xml.splitlines() if 'name="actuator_y"' in line]
    assert "'joint_y' (slide along 0 1 0) of body 'robot' has 0 motors" in refused(line, "")


def test_leaving_out_visuals_changes_no_physics(plain_xml):
    decorated = plain_xml.replace(
        "<worldbody>",
        """<asset>
          <texture type="skybox" builtin="gradient" width="64" height="384"/>
          <texture name="tiles" type="2d" builtin="checker" width="8" height="8"/>
          <material name="tiles" texture="tiles"/>
        </asset><worldbody><light name="sun"/>""",
    ).replace('name="wall_1"', 'name="wall_1" material="tiles"')
    plain = compile_model(compile_spec(plain_xml, "plain"), "plain")
    stripped = compile_model(compile_spec(decorated, "decorated"), "decorated")
    assert (stripped.ntex, stripped.nmat, stripped.nlight) == (0, 0, 0)
    for field in ("geom_size", "geom_pos", "geom_friction", "body_mass", "body_inertia", "qpos0"):
        assert (getattr(plain, field) == getattr(stripped, field)).all()
