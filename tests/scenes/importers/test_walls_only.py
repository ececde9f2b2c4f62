import re
from pathlib import Path

import numpy as np
import pytest

from namo.errors import SceneError
from namo.scenes.checking import check_scene
from namo.scenes.importers.importer import flat_wall
from namo.scenes.importers.settings import ImportSettings
from namo.scenes.importers.walls_only import WallsOnly, read_walls
from namo.scenes.writing import scene_xml


def read(text):
    imported = WallsOnly().read(Path("walls.xml"), text, ImportSettings())
    check_scene(imported.scene)
    return imported


def bare(rooms, *, robot=False, goal=False):
    """A room with a wall across, without some of its parts."""
    across = rooms.wall(5, 0.0, 0.4, (1.6, 0.05))
    xml = scene_xml(rooms.room(walls=[across]))
    if not robot:
        start, end = xml.index('<body name="robot"'), xml.index("<site")
        xml = xml[:start] + xml[end:]
        xml = xml[: xml.index("<actuator")] + "</mujoco>"
    if not goal:
        start = xml.index("<site")
        xml = xml[:start] + xml[xml.index("/>", start) + 2 :]
    return xml


def test_robot_and_goal_of_the_file_are_kept(rooms):
    imported = read(bare(rooms, robot=True, goal=True))
    assert (imported.scene.robot.x, imported.scene.robot.y) == (-1.4, -1.2)
    assert (imported.scene.goal.x, imported.scene.goal.y) == (1.3, 1.2)
    assert imported.remarks == ()


def test_a_missing_robot_and_goal_are_placed_far_apart(rooms):
    imported = read(bare(rooms))
    robot, goal = imported.scene.robot, imported.scene.goal
    assert np.hypot(robot.x - goal.x, robot.y - goal.y) > 3.5
    assert [remark.split(" at ")[0] for remark in imported.remarks] == [
        "robot placed",
        "goal placed",
    ]
    assert read(bare(rooms)) == imported


@pytest.mark.parametrize("has", ["robot", "goal"])
def test_a_single_missing_end_is_placed_far_from_the_other(rooms, has):
    imported = read(bare(rooms, **{has: True}))
    scene = imported.scene
    assert np.hypot(scene.robot.x - scene.goal.x, scene.robot.y - scene.goal.y) > 3.0
    kept = (scene.robot.x, scene.robot.y) if has == "robot" else (scene.goal.x, scene.goal.y)
    assert kept == ((-1.4, -1.2) if has == "robot" else (1.3, 1.2))
    assert len(imported.remarks) == 1


def test_contact_attributes_of_walls_are_remarked_in_groups(rooms):
    text = bare(rooms, robot=True, goal=True)
    for number in (1, 2, 3):
        text = text.replace(f'"wall_{number}"', f'"wall_{number}" friction="0.2" gap="0.001"')
    text = text.replace('"wall_4"', '"wall_4" friction="1 0.005 0.0001" solref="0.02 1"')
    text = text.replace('"wall_5"', '"wall_5" solimp="0.8 0.9 0.01" priority="1"')
    text = text.replace('name="joint_x"', 'name="joint_x" damping="3"')
    assert read(text).remarks == (
        "friction of 3 walls is not kept",
        "gap of 3 walls is not kept",
        "solimp of 1 wall is not kept",
        "priority of 1 wall is not kept",
        "damping of the robot is not kept",
    )


def test_the_pieces_of_a_polygon_count_as_one_wall(rooms):
    corners = [(0.0, 0.0), (0.8, 0.0), (0.8, 0.2), (0.2, 0.2), (0.2, 0.8), (0.0, 0.8)]
    xml = scene_xml(rooms.room(walls=[flat_wall("wall_5", corners, 0.15)]))
    text = xml.replace('type="mesh"', 'type="mesh" friction="0.2"')
    assert text.count("0.2") - xml.count("0.2") > 1
    assert read(text).remarks == ("friction of 1 wall is not kept",)


def test_walls_can_be_read_with_and_without_robot_and_goal(rooms, tmp_path):
    path = tmp_path / "walls.xml"
    for parts in ({}, {"robot": True}, {"robot": True, "goal": True}):
        path.write_text(bare(rooms, **parts))
        assert [wall.name for wall in read_walls(path)] == [f"wall_{i}" for i in range(1, 6)]


def test_movables_no_walls_and_unknown_geoms_are_refused(rooms, tmp_path):
    path = tmp_path / "walls.xml"
    path.write_text(scene_xml(rooms.room(rooms.box(0.0, 0.0))))
    with pytest.raises(SceneError, match=r"walls\.xml: has movables: obstacle_1_movable"):
        read_walls(path)
    with pytest.raises(SceneError, match="has no wall"):
        read('<mujoco><worldbody><geom type="plane" size="0 0 1"/></worldbody></mujoco>')
    with pytest.raises(SceneError, match=r"rock.* is neither wall"):
        read(bare(rooms).replace('name="wall_5"', 'name="rock"').replace('"walls"', '"things"'))
    with pytest.raises(SceneError, match="no free cell"):
        read(
            '<mujoco><worldbody><geom type="plane" size="0 0 1"/>'
            '<geom name="wall" type="box" size="1 1 1"/></worldbody></mujoco>'
        )


SMALL = """<mujoco><worldbody><geom type="plane" size="0 0 1"/><body name="walls">
  <geom name="wall_w" type="box" pos="0 .4 .1" size=".01 .41 .1"/>
  <geom name="wall_e" type="box" pos=".6 .4 .1" size=".01 .41 .1"/>
  <geom name="wall_s" type="box" pos=".3 0 .1" size=".31 .01 .1"/>
  <geom name="wall_n" type="box" pos=".3 .8 .1" size=".31 .01 .1"/>
  <geom name="wall_across" type="box" pos=".15 .4 .1" size=".15 .01 .1"/>
</body>{}</worldbody>{}</mujoco>"""
ROBOT = """<body name="robot" pos=".1 .1 .05"><joint name="x" type="slide" axis="1 0 0"/>
  <joint name="y" type="slide" axis="0 1 0"/><geom type="sphere" size=".05" mass="1"/></body>"""
MOTORS = """<actuator><motor joint="x" ctrlrange="-1 1"/><motor joint="y" ctrlrange="-1 1"/>
  </actuator>"""


def read_small(parts=("", ""), **settings):
    imported = WallsOnly().read(Path("w.xml"), SMALL.format(*parts), ImportSettings(**settings))
    assert imported.is_scaled
    check_scene(imported.scene)
    return imported


@pytest.mark.parametrize(
    ("settings", "radius"),
    [
        ({"scale": 3.0}, 0.15),
        ({"scale": 10.0}, 0.15),
        ({"robot_radius_m": 0.05}, 0.05),
        ({"robot_radius_m": 0.2, "scale": 4.0}, 0.2),
    ],
)
def test_a_robot_is_placed_in_the_scaled_plan_with_the_size_asked_for(settings, radius):
    imported = read_small(**settings)
    scene, scale = imported.scene, settings.get("scale", 1.0)
    assert scene.robot.radius == radius
    wall = next(wall for wall in scene.walls if wall.name == "wall_across")
    assert wall.corners().max(axis=0) == pytest.approx((0.3 * scale, 0.41 * scale))
    assert 0 < scene.robot.x < 0.6 * scale
    assert 0 < scene.robot.y < 0.8 * scale
    assert np.hypot(scene.robot.x - scene.goal.x, scene.robot.y - scene.goal.y) > 0.3 * scale
    x, y = scene.robot.x, scene.robot.y
    assert f"robot placed at ({x:.2f}, {y:.2f}) m, as the file has none" in imported.remarks


def test_a_robot_of_the_file_is_scaled_along_unless_its_size_is_asked_for():
    scene = read_small((ROBOT, MOTORS), scale=3.0).scene
    assert (scene.robot.x, scene.robot.radius) == (pytest.approx(0.3), pytest.approx(0.15))
    imported = read_small((ROBOT, MOTORS), scale=3.0, robot_radius_m=0.1)
    assert imported.scene.robot.radius == 0.1
    assert "robot of radius 0.15 m becomes one of 0.1 m" in imported.remarks


def test_where_nothing_fits_the_sizes_that_would_are_named():
    with pytest.raises(SceneError) as caught:
        read_small(robot_radius_m=0.3)
    found = re.search(r"--robot-radius (\S+), or --scale (\S+) for this", str(caught.value))
    assert found
    radius, scale = float(found[1]), float(found[2])
    assert 0.1 < radius < 0.3
    assert read_small(robot_radius_m=radius).scene.robot.radius == radius
    assert read_small(robot_radius_m=0.3, scale=scale).scene.robot.radius == 0.3
    with pytest.raises(SceneError, match="and a goal away from it"):
        read_small(robot_radius_m=radius + 0.001)
