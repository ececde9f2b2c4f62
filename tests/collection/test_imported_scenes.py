"""Imported scenes are collected like native ones; benchmarks/imports.py takes the whole sets."""

import pytest

from namo.collection.collect_environment import collect_environment
from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.models import make_planner
from namo.commands.main import main
from namo.scenes.reading import read_scene


@pytest.mark.parametrize(
    ("source", "format_name"),
    [
        ("car_hops/hop_1__run_0000__env_0000_pair_001.xml", "car"),
        ("namosim/minimal_stilman_rrt_star.svg", "namosim"),
        ("namosim/multi_robot__3_robots.svg", "namosim"),
        ("wall_templates/maze_11x11_del50p_seed30383.xml", "walls_only"),
    ],
)
def test_an_imported_scene_is_collected(shared_scenes, tmp_path, source, format_name):
    arguments = ["scenes", "import", shared_scenes / source, "--output", tmp_path / "scenes"]
    assert main([*map(str, arguments), "--format", format_name]) == 0
    (path,) = (tmp_path / "scenes").glob("*.xml")
    config = CollectionConfig(
        algorithm="tree_idfs", object_strategy="nearest_first", max_pushes=3, max_depth=1
    )
    record = collect_environment(Environment(0, path, "host"), make_planner(config)[0], config, "")
    assert record["error"] is None
    assert record["metrics"][0]["termination"] in {"solved", "pushes", "depth", "exhausted"}


def test_every_shared_room_loads(shared_scenes):
    rooms = sorted((shared_scenes / "rooms").glob("*.xml"))
    reference = sorted((shared_scenes / "reference").glob("*.xml"))
    assert (len(rooms), len(reference)) == (10, 2)
    for path in (*rooms, *reference):
        assert read_scene(path).path == str(path)
