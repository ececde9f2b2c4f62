import os
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from namo.collection import chunk
from namo.geometry import Pose2D
from namo.results.parts import Part
from namo.results.records import read_record, write_record


@pytest.fixture
def counted(monkeypatch):
    """The numbers of the environments that are collected rather than resumed, in order."""
    numbers = []
    original = chunk.collect_environment

    def collect(environment, *arguments):
        numbers.append(environment.index)
        return original(environment, *arguments)

    monkeypatch.setattr(chunk, "collect_environment", collect)
    return numbers


@pytest.fixture
def scenes(rig, tmp_path):
    return rig.copy_rooms(tmp_path / "scenes", (0, 7, 0))


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out"


def test_every_environment_is_recorded_once(rig, scenes, output, counted):
    result = rig.collect(scenes, output, rig.config())
    assert counted == [0, 1, 2]
    assert (result.environments, result.resumed, result.failed) == (3, 0, {})
    assert [record["env_index"] for record in rig.opened(output, scenes).records()] == [0, 1, 2]
    metadata = result.part.metadata()
    assert (metadata["start"], metadata["end"], metadata["resumed"]) == (0, 3, 0)
    assert metadata["config"] == rig.config().as_dict()


def test_a_second_run_collects_nothing_and_leaves_the_files(rig, scenes, output, counted):
    rig.collect(scenes, output, rig.config())
    before = {path: path.stat().st_mtime_ns for path in output.glob("*.pkl")}
    counted.clear()
    result = rig.collect(scenes, output, rig.config())
    assert counted == []
    assert result.resumed == 3
    assert {path: path.stat().st_mtime_ns for path in output.glob("*.pkl")} == before


def test_a_changed_chunk_size_collects_nothing_again(rig, scenes, output, counted):
    rig.collect(scenes, output, rig.config())
    counted.clear()
    for bounds in ((0, 2), (2, 3)):
        rig.collect(scenes, output, rig.config(), bounds)
    assert counted == []


@pytest.mark.parametrize("damage", ["cut off", "flipped", "empty", "deleted"])
def test_a_damaged_file_is_collected_again_with_a_warning(
    rig, scenes, output, counted, capsys, damage
):
    rig.collect(scenes, output, rig.config())
    before = rig.opened(output, scenes).plain_records()
    path = output / "host_env_000001_results.pkl"
    content = bytearray(path.read_bytes())
    if damage == "deleted":
        path.unlink()
    elif damage == "flipped":
        content[len(content) // 3] ^= 4
        path.write_bytes(content)
    else:
        path.write_bytes(content[: len(content) // 2 if damage == "cut off" else 0])
    counted.clear()
    capsys.readouterr()
    rig.collect(scenes, output, rig.config())
    assert counted == [1]
    assert (f"collected again: {path}" in capsys.readouterr().err) == (damage != "deleted")
    assert rig.opened(output, scenes).plain_records() == before


def test_a_changed_configuration_is_collected_again_with_a_warning(
    rig, scenes, output, counted, capsys
):
    rig.collect(scenes, output, rig.config())
    counted.clear()
    rig.collect(scenes, output, rig.config(seed=1))
    assert counted == [0, 1, 2]
    said = capsys.readouterr().err
    assert said.count("belongs to another configuration, scene or version") == 3


def test_a_changed_scene_is_collected_again_alone(rig, scenes, output, counted, capsys):
    rig.collect(scenes, output, rig.config())
    shutil.copy(rig.room(0), scenes / "01.xml")
    counted.clear()
    rig.collect(scenes, output, rig.config())
    assert counted == [1]
    assert "host_env_000001_results.pkl belongs to another" in capsys.readouterr().err


def test_a_touched_scene_with_the_same_bytes_is_not_collected_again(rig, scenes, output, counted):
    rig.collect(scenes, output, rig.config())
    counted.clear()
    for path in scenes.iterdir():
        os.utime(path)
    rig.collect(scenes, output, rig.config())
    assert counted == []


def test_records_are_updated_when_the_scenes_were_moved(rig, scenes, output):
    rig.collect(scenes, output, rig.config())
    moved = scenes.rename(scenes.with_name("moved"))
    result = rig.collect(moved, output, rig.config())
    rows = pq.read_table(result.part.table("metrics")).to_pylist()
    records = rig.opened(output, moved).records()
    named = [entry["xml_file"] for record in records for entry in record["episode_results"]]
    assert [row["xml_file"] for row in rows] == named == [str(p) for p in sorted(moved.iterdir())]


def test_a_failed_environment_is_tried_again_with_a_warning(
    rig, scenes, output, counted, capsys, broken_room
):
    (scenes / "01.xml").write_text(broken_room)
    for _ in range(2):
        capsys.readouterr()
        counted.clear()
        result = rig.collect(scenes, output, rig.config())
        assert list(result.failed) == [1]
        assert str(scenes / "01.xml") in result.failed[1]
    assert counted == [1]
    assert "tried again: environment 1 failed before" in capsys.readouterr().err


def test_a_foreign_file_is_replaced(rig, scenes, output, counted):
    write_record(output / "host_env_000001_results.pkl", {"not": "ours"})
    rig.collect(scenes, output, rig.config())
    assert counted == [0, 1, 2]


def test_an_exception_in_one_environment_does_not_affect_the_others(
    rig, tmp_path, output, monkeypatch
):
    scenes = rig.copy_rooms(tmp_path / "pushed", (1, 6, 0))
    from namo.strategies.object_order import NearestFirst

    original = NearestFirst.rank

    def rank(strategy, world, *arguments):
        if world.scene.path.endswith("00.xml"):
            raise ZeroDivisionError("cannot rank")
        return original(strategy, world, *arguments)

    monkeypatch.setattr(NearestFirst, "rank", rank)
    result = rig.collect(scenes, output, rig.config())
    assert list(result.failed) == [0]
    records = rig.opened(output, scenes).records()
    assert "ZeroDivisionError: cannot rank" in records[0]["error"]["traceback"]
    assert [record["success"] for record in records] == [False, True, True]


def test_a_result_that_cannot_be_stored_fails_one_environment(rig, tmp_path, output, monkeypatch):
    """A strategy that returns NumPy scalars, which records do not allow."""
    scenes = rig.copy_rooms(tmp_path / "pushed", (1, 0))
    from namo.strategies.goal_random import RandomGoals

    original = RandomGoals.propose

    def propose(*arguments):
        return [Pose2D(*map(np.float64, goal)) for goal in original(*arguments)]

    monkeypatch.setattr(RandomGoals, "propose", propose)
    result = rig.collect(scenes, output, rig.config())
    assert set(result.failed) <= {0}
    assert read_record(output / "host_env_000001_results.pkl")["success"]


def test_a_file_is_written_as_soon_as_its_environment_is_done(rig, scenes, output, monkeypatch):
    seen = []
    original = chunk.collect_environment

    def collect(environment, *arguments):
        seen.append(len(list(output.glob("*_results.pkl"))))
        return original(environment, *arguments)

    monkeypatch.setattr(chunk, "collect_environment", collect)
    rig.collect(scenes, output, rig.config())
    assert seen == [0, 1, 2]


def test_an_interrupt_keeps_finished_environments_and_leaves_no_finished_part(
    rig, scenes, output, monkeypatch
):
    original = chunk.collect_environment

    def collect(environment, *arguments):
        if environment.index == 2:
            raise KeyboardInterrupt
        return original(environment, *arguments)

    monkeypatch.setattr(chunk, "collect_environment", collect)
    with pytest.raises(KeyboardInterrupt):
        rig.collect(scenes, output, rig.config())
    assert len(list(output.glob("*_results.pkl"))) == 2
    assert not Part.of(output, 0, 3).marker.exists()


def test_rows_of_a_part_name_its_range(rig, scenes, output):
    result = rig.collect(scenes, output, rig.config(), (1, 3))
    table = pq.read_table(result.part.table("metrics"))
    assert table["chunk"].to_pylist() == ["000001-000003"] * 2
    assert table["env_index"].to_pylist() == [1, 2]


def test_the_rerun_command_of_a_failure_is_stored(rig, scenes, output, broken_room):
    (scenes / "01.xml").write_text(broken_room)
    rig.collect(scenes, output, rig.config(), rerun_command="redo number {}".format)
    record = read_record(output / "host_env_000001_results.pkl")
    assert record["error"]["command"] == "redo number 1"
