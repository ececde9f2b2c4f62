from pathlib import Path

import numpy as np
import pytest

from namo.errors import SceneError
from namo.scenes.importers.car import Car
from namo.scenes.importers.settings import ImportSettings

CAR = """
<body name="car" pos="1 0.5 0">
  <freejoint/>
  <geom name="hull" type="box" size="0.1 0.05 0.02" pos="0.1 0 0.05" mass="1"/>
  <geom name="flag" type="box" size="3 3 3" contype="0" conaffinity="0"/>
  <body name="wheel" pos="0 0.08 0.02"><joint name="axle" axis="0 1 0"/>
    <geom type="cylinder" size="0.02 0.01" euler="90 0 0" mass="0.1"/></body>
</body>
"""


def scene_xml(car=CAR, goal='<site name="goal" pos="-1 0 0" size="0.1"/>', more=""):
    return f"""<mujoco>
  <option timestep="0.002" integrator="implicitfast"><flag warmstart="disable"/></option>
  <worldbody>
    <geom name="floor" type="plane" size="0 0 1" friction="0.4 0.005 0.001"/>
    <geom name="wall_1" type="box" size="0.1 2 0.2" pos="3 0 0.2"/>
    {car}
    <body name="crate_movable" pos="-0.5 -0.5 0.1"><freejoint/>
      <geom type="box" size="0.1 0.123456789012345 0.1" mass="0.2"/></body>
    {goal}{more}
  </worldbody>
  <actuator><velocity joint="axle"/></actuator>
</mujoco>"""


def read(text):
    return Car().read(Path("car.xml"), text, ImportSettings())


def test_the_car_becomes_the_minimum_enclosing_disc_of_its_solid_geoms():
    robot = read(scene_xml()).scene.robot
    corners = np.array([(1.0, 0.45), (1.2, 0.45), (1.2, 0.55), (0.98, 0.59), (1.02, 0.59)])
    distances = np.hypot(*(corners - (robot.x, robot.y)).T)
    assert distances.max() <= robot.radius <= distances.max() + 1e-4
    assert robot.radius < 0.14
    assert (robot.mass, robot.max_force) == (5.0, 1.0)


def test_everything_else_is_kept():
    scene = read(scene_xml()).scene
    assert [wall.name for wall in scene.walls] == ["wall_1"]
    (crate,) = scene.movables
    assert crate.footprint.half_y == 0.123456789012345
    assert crate.mass == pytest.approx(0.2)
    assert (scene.goal.x, scene.goal.radius) == (-1.0, 0.1)
    assert scene.floor_friction == (0.4, 0.005, 0.001)
    assert scene.options == {
        "timestep": "0.002",
        "integrator": "implicitfast",
        "flag/warmstart": "disable",
    }


def test_dropped_parts_of_the_car_are_remarked():
    assert "its joints (2, one of them free) and drives (1) left out" in read(scene_xml()).remarks


def test_physics_that_a_scene_does_not_represent_is_remarked():
    crate = '<body name="crate_movable" pos="-0.5 -0.5 0.1"><freejoint/>'
    text = scene_xml().replace('size="0.1 2 0.2"', 'size="0.1 2 0.2" condim="4" margin="0.01"')
    text = text.replace(crate, crate.replace("<freejoint/>", '<joint type="free" damping="2"/>'))
    text = text.replace('mass="0.2"', 'mass="0.2" condim="4" solref="0.05 1" friction="2"')
    text = text.replace('<geom name="floor"', '<geom name="floor" solimp="0.5 0.9 0.01"')
    lost = [remark for remark in read(text).remarks if remark.endswith("is not kept")]
    assert lost == [
        "solimp of the floor is not kept",
        "condim of the floor is not kept",
        "margin of 1 wall is not kept",
        "solref of 1 movable is not kept",
        "damping of 1 movable is not kept",
    ]


def test_shared_scenes_lose_no_physics(shared_scenes):
    path = next((shared_scenes / "car_hops").glob("*.xml"))
    assert not any("not kept" in remark for remark in read(path.read_text()).remarks)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (scene_xml(CAR.replace("<freejoint/>", "")), "body 'car' has no free joint"),
        (scene_xml(CAR.replace('"hull" type="box"', '"hull" type="ellipsoid"')), "is a ellipsoid"),
        (scene_xml(goal=""), "no site 'goal'"),
        (scene_xml(more='<geom name="rock" type="sphere" size="1"/>'), "'rock' is neither wall"),
        (scene_xml().replace('name="car"', 'name="cart"'), "no body 'car'"),
        ("<!DOCTYPE mujoco><mujoco/>", "neither a DOCTYPE nor entities"),
    ],
)
def test_files_that_give_no_scene_are_refused(text, message):
    with pytest.raises(SceneError, match=message):
        read(text)
