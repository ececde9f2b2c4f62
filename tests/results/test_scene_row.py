import numpy as np
import pyarrow as pa

from namo.geometry import Pose2D
from namo.results.scene_row import scene_columns, scene_remarks
from namo.results.schema import SCENES
from namo.scenes.reading import read_scene


def test_a_row_holds_the_geometry_of_the_scene(rig):
    scene = read_scene(rig.room(1))
    row = scene_columns(scene)
    walls = [np.array(wall).reshape(-1, 2) for wall in row["walls"]]
    for wall, corners in zip(scene.walls, walls, strict=True):
        np.testing.assert_allclose(corners, wall.corners(), atol=1e-4)
    poses = np.array(row["poses"]).reshape(-1, 3)
    for movable, name, outline, pose in zip(
        scene.movables, row["movables"], row["outlines"], poses, strict=True
    ):
        assert movable.name == name
        corners = Pose2D(*pose).to_world(np.array(outline).reshape(-1, 2))
        np.testing.assert_allclose(corners, movable.corners(), atol=1e-3)
    np.testing.assert_allclose(row["robot"], [scene.robot.x, scene.robot.y, 0.15], atol=1e-4)
    np.testing.assert_allclose(row["goal"][:2], [scene.goal.x, scene.goal.y], atol=1e-4)


def test_a_row_fits_the_schema(rig):
    row = scene_columns(read_scene(rig.room(1)))
    (back,) = pa.Table.from_pylist([row], SCENES).to_pylist()
    assert back["movables"] == row["movables"]


def test_every_environment_that_was_read_has_a_row_and_its_plan_frames(collected):
    scenes = {row["env_index"]: row for row in collected.table("scenes")}
    assert sorted(scenes) == [0, 1, 2, 3, 4], "the broken one has none"
    plans = collected.table("plans")
    rows = collected.table("metrics")
    assert sum(row["solution_depth"] or 0 for row in rows) == len(plans) > 0
    for row in rows:
        assert row["replayed"] is (True if row["solution_found"] else None)
    for plan in plans:
        scene = scenes[plan["env_index"]]
        frames = len(plan["robot"]) // 2
        assert len(plan["poses"]) == 3 * frames * len(plan["moved"])
        assert plan["object_id"] in plan["moved"]
        assert set(plan["moved"]) <= set(scene["movables"])
    first = next(plan for plan in plans if plan["step"] == 0)
    np.testing.assert_allclose(
        first["robot"][:2], scenes[first["env_index"]]["robot"][:2], atol=1e-3
    )


def test_remarks_are_those_of_the_check_without_its_notes(rooms):
    heavy = rooms.plugged(rooms.box(-1.0, 0.9, number=2, mass=9.0))
    (remark,) = scene_remarks(heavy)
    assert remark["kind"] == "too heavy"
    assert "'obstacle_2_movable' needs 44.1 N to slide" in remark["text"]
    assert [each["kind"] for each in scene_remarks(rooms.sealed())] == [
        "goal cut off",
        "floor cut off",
    ]
    assert scene_remarks(rooms.room()) == [], "an open goal is a note"
