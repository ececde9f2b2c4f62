import math

import pytest

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.footprint import Rectangle
from namo.scenes.reading import read_scene


def test_shared_scenes_of_the_convention_are_read(shared_scenes):
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


def test_a_scene_is_read_as_the_file_defines_it(accepted, plain_scene):
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
def test_text_that_is_not_a_scene_is_refused(tmp_path, data, said):
    path = tmp_path / "odd.xml"
    path.write_bytes(data)
    with pytest.raises(SceneError, match=said) as caught:
        read_scene(path)
    assert str(path) in str(caught.value)
