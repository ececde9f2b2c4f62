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
