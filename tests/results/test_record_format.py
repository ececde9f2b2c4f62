import math
import pickle
from pathlib import Path

import mujoco
import numpy as np
import pytest

from namo.commands.main import main
from namo.geometry import Pose2D
from namo.results.static_objects import static_object_info
from namo.scenes.footprint import Polygon, centred
from namo.scenes.reading import parse_scene
from namo.scenes.scene import Movable, Wall
from namo.scenes.writing import scene_xml, write_scene
from namo.world.simulation import Simulation
from tests.results.record_format import problems

L_SHAPE = centred(Polygon(((0, 0), (0.7, 0), (0.7, 0.3), (0.3, 0.3), (0.3, 0.7), (0, 0.7))))[0]
WEDGE = centred(Polygon(((0, 0), (0.9, 0), (0.2, 0.5))))[0]
MAP = """type octile
height 7
width 9
map
@@@@@@@@@
@...@...@
@...@...@
@.......@
@...@...@
@...@...@
@@@@@@@@@
"""


def test_rooms_with_a_failed_one_have_the_format(collected):
    assert any(record["error"] for record in collected.records())
    assert problems(collected.output, collected.scenes.parent) == []


def test_unsolved_and_dropped_episodes_have_the_format(several, filtered):
    for collection in (several, filtered):
        assert problems(collection.output, Path()) == []
    kept = [episode["episode_id"] for episode in filtered.record(0)["episode_results"]]
    every = [episode["episode_id"] for episode in several.record(0)["episode_results"]]
    assert kept == [name for name in every if name in kept] != every


def test_more_than_ten_episodes_are_numbered_without_padding(rig, tmp_path):
    scenes = rig.copy_rooms(tmp_path / "scenes", (0,))
    collection = rig.collect_and_merge(scenes, tmp_path / "out", rig.config(episodes_per_env=12))
    assert problems(collection.output, Path()) == []
    names = [episode["episode_id"] for episode in collection.record(0)["episode_results"]]
    assert names == [f"host_env_000000_episode_{number}" for number in range(12)]


@pytest.fixture
def polygons(rooms):
    """Scenes with walls and movables that are polygons or turned, one of them unsolvable."""
    corner = Wall("corner_wall", Pose2D(-1.2, 1.0, 0.4), L_SHAPE, 0.25, 0.25)
    post = Wall("static_post", Pose2D(1.3, -1.2, -2.0), WEDGE, 0.4, 0.4)
    slanted = rooms.wall(7, -0.9, 0.3, (0.25, 0.06), 2.5)
    shape = Movable("wedge_movable", Pose2D(0.0, 0.0, 1.1), L_SHAPE, 0.3, 0.3)
    return [
        rooms.plugged(),
        rooms.room(shape, walls=(*rooms.door(), corner)),
        rooms.room(shape, rooms.box(-0.8, -0.4, 0.7), walls=(post, slanted)),
        rooms.sealed(Movable("wedge_movable", Pose2D(-1.0, 0.6, 3.0), WEDGE, 0.2, 0.2)),
    ]


def test_polygon_scenes_have_the_format(rig, polygons, tmp_path):
    for number, scene in enumerate(polygons):
        write_scene(scene, tmp_path / "scenes" / f"{number}.xml")
    config = rig.config(max_pushes=20)
    collection = rig.collect_and_merge(tmp_path / "scenes", tmp_path / "out", config)
    assert problems(collection.output, Path()) == []
    depths = [row["solution_depth"] for row in collection.table("metrics")]
    assert depths[3] is None
    assert any(depths), "one needs a push"


def test_imported_plans_have_the_format(rig, tmp_path):
    (tmp_path / "grid.map").write_text(MAP)
    arguments = ["scenes", "import", tmp_path / "grid.map", "--output", tmp_path / "scenes"]
    assert main([*map(str, arguments)]) == 0
    config = rig.config(max_pushes=5)
    collection = rig.collect_and_merge(tmp_path / "scenes", tmp_path / "out", config)
    assert problems(collection.output, Path()) == []


def test_the_comparison_finds_what_is_wrong(several, tmp_path):
    """Every key that a converter reads, changed in turn."""
    (file,) = several.output.glob("*_env_000000_results.pkl")
    (summary,) = several.output.glob("collection_summary_*.pkl")
    solved = next(
        place
        for place, episode in enumerate(several.record(0)["episode_results"])
        if episode["action_sequence"]
    )

    def found(change):
        record = pickle.loads(file.read_bytes())
        change(record["episode_results"][solved])
        folder = tmp_path / "out"
        folder.mkdir(exist_ok=True)
        for path in several.files():
            (folder / path.name).write_bytes(path.read_bytes())
        (folder / summary.name).write_bytes(summary.read_bytes())
        (folder / file.name).write_bytes(pickle.dumps(record))
        return problems(folder, Path())

    def wall(episode):
        return next(info for info in episode["static_object_info"].values() if "pos_x" in info)

    assert found(lambda episode: None) == []
    for change in (
        lambda episode: episode.update(error_message=None),
        lambda episode: episode.update(episode_id=f"host_env_000000_episode_{solved:03d}"),
        lambda episode: episode.update(robot_goal=(0.0, 0.0)),
        lambda episode: episode["action_sequence"].pop(),
        lambda episode: episode["state_observations"][0].pop("robot_pose"),
        lambda episode: episode["static_object_info"].pop("robot"),
        lambda episode: episode["static_object_info"]["robot"].update(pos_x=0.0),
        lambda episode: wall(episode).update(pos_y=9.0),
        lambda episode: wall(episode).update(quat_w=0.0, quat_z=1.0, quat_x=0.5),
        lambda episode: wall(episode).update(size_x=9.0),
    ):
        assert len(found(change)) >= 1


def test_a_wall_of_polygon_form_is_placed_at_the_centre_of_its_bounding_box(rooms):
    wall = Wall("corner_wall", Pose2D(0.3, 0.2, 0.5), L_SHAPE, 0.25, 0.25)
    scene = parse_scene(scene_xml(rooms.room(walls=(wall,))).encode(), "scene.xml")
    info = static_object_info(Simulation(scene))["corner_wall"]
    assert info["outline"] == [list(corner) for corner in L_SHAPE.vertices]
    assert info["start_pose"] == pytest.approx([0.3, 0.2, 0.5], abs=1e-9)
    assert (info["size_x"], info["size_y"], info["size_z"]) == pytest.approx((0.35, 0.35, 0.25))
    corners = wall.pose.to_world(np.array([[-0.35, -0.35], [0.35, 0.35]]))
    centroid = (0.3 * 0.7 * 0.15 + 0.3 * 0.4 * 0.5) / (0.3 * 0.7 + 0.3 * 0.4)
    shift = (0.35 - centroid) * (math.cos(0.5) - math.sin(0.5))
    assert info["pos_x"] == pytest.approx(corners[:, 0].mean() + shift)
    assert info["pos_z"] == pytest.approx(0.25)
    assert info["quat_z"] == pytest.approx(math.sin(0.25))


@pytest.mark.parametrize("theta", [0.0, 0.3, math.pi / 2, -2.9, math.pi])
def test_walls_are_where_mujoco_has_them(rooms, theta):
    scene = rooms.room(rooms.box(1.0, 1.0), walls=(rooms.wall(5, -0.2, 0.4, (0.4, 0.07), theta),))
    simulation = Simulation(parse_scene(scene_xml(scene).encode(), "scene.xml"))
    info, geom = static_object_info(simulation)["wall_5"], simulation.data.geom("wall_5")
    assert [info[f"pos_{axis}"] for axis in "xyz"] == geom.xpos.tolist()
    turn = np.empty(9)
    mujoco.mju_quat2Mat(turn, np.array([info[f"quat_{axis}"] for axis in "wxyz"]))
    assert turn == pytest.approx(geom.xmat, abs=1e-12)
    assert [info[f"size_{axis}"] for axis in "xyz"] == [0.4, 0.07, 0.3]


@pytest.mark.parametrize(
    ("geom", "sizes"),
    [
        ('type="sphere" size="0.15"', [0.15, 0.15, 0.15]),
        ('type="cylinder" size="0.12 0.3"', [0.12, 0.12, 0.3]),
        ('type="cylinder" size="0.2 0.05"', [0.2, 0.2, 0.05]),
    ],
)
def test_the_robot_has_sizes_only(rooms, geom, sizes):
    text = scene_xml(rooms.plugged()).replace(
        'type="sphere" pos="-1.4 -1.2 0.15" size="0.15"', f'{geom} pos="-1.4 -1.2 0.3"'
    )
    assert geom in text
    info = static_object_info(Simulation(parse_scene(text.encode(), "scene.xml")))["robot"]
    assert [info[f"size_{axis}"] for axis in "xyz"] == sizes
    assert info["start_pose"] == [-1.4, -1.2, 0.0]
    assert not {key for key in info if key.startswith(("pos_", "quat_"))}
