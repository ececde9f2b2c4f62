import errno
import os
import re
import shutil

import pytest

from namo.collection.collect_environment import collect_environment
from namo.collection.environment import Environment
from namo.collection.models import make_planner
from namo.errors import MachineError
from namo.world.world import World
from tests.conftest import room_file


def changed(text, pattern, replacement):
    """Return the text of a scene with one replacement; the pattern must occur."""
    result, count = re.subn(pattern, replacement, text, count=1, flags=re.DOTALL)
    assert count == 1
    return result


BROKEN = {
    "not XML": (lambda text: "this is no XML", ""),
    "cut off": (lambda text: text[: len(text) // 2], ""),
    "empty": (lambda text: "", ""),
    "another document": (lambda text: "<html/>", ""),
    "no goal": (lambda text: changed(text, r'<site name="goal".*?/>', ""), "goal"),
    "no robot": (lambda text: changed(text, r'<body name="robot">.*?</body>', ""), "joint_x"),
    "two robots": (
        lambda text: changed(text, r'(<body name="robot">.*?</body>)', r"\1\1"),
        "robot",
    ),
    "box inside a wall": (
        lambda text: changed(text, r'pos="-1.196 0.22 0.3"', 'pos="5.7 0.0 0.3"'),
        "obstacle_1_movable",
    ),
    "NaN": (lambda text: changed(text, r'pos="-1.196 0.22 0.3"', 'pos="nan 0.22 0.3"'), "nan"),
    "endless": (lambda text: changed(text, r'pos="-1.196 0.22 0.3"', 'pos="inf 0.22 0.3"'), "inf"),
    "no size": (lambda text: changed(text, r'size="0.378 0.35 0.3"', 'size="0 0.35 0.3"'), "0"),
    "no number": (lambda text: changed(text, r'size="0.378 0.35 0.3"', 'size="a b c"'), "size"),
}


@pytest.fixture
def collect(rig, tmp_path, monkeypatch):
    """A function that collects one scene file and returns its record."""
    monkeypatch.chdir(tmp_path)

    def collect_one(path, index=4, **settings):
        config = rig.config(**settings)
        environment = Environment(index, path, "host")
        return collect_environment(environment, make_planner(config)[0], config, "again")

    return collect_one


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_scene_is_a_record_with_the_reason(rig, collect, tmp_path, kind):
    path = tmp_path / "scene.xml"
    damage, said = BROKEN[kind]
    path.write_text(damage(rig.room(1).read_text()))
    record = collect(path)
    assert record["error"]["kind"] == "scene"
    assert str(path) in record["error"]["message"]
    assert said in record["error"]["message"]
    assert record["error"]["command"] == "again"
    assert (record["success"], record["episode_results"]) == (False, [])
    (row,) = record["metrics"]
    assert (row["termination"], row["kept"], row["success"]) == ("error", False, False)
    assert row["error_message"] == record["error"]["message"]
    assert row["rerun_command"] == "again"
    assert sorted(tmp_path.iterdir()) == [path]


def test_binary_data_is_a_broken_scene(collect, tmp_path):
    path = tmp_path / "scene.xml"
    path.write_bytes(bytes(range(256)))
    assert collect(path)["error"]["kind"] == "scene"


def test_a_missing_scene_is_a_record(collect, tmp_path):
    path = tmp_path / "gone.xml"
    record = collect(path)
    assert record["error"]["kind"] == "scene"
    assert str(path) in record["error"]["message"]
    assert record["scene_sha256"] == ""


def test_a_folder_in_place_of_a_scene_is_a_record(collect, tmp_path):
    path = tmp_path / "folder.xml"
    path.mkdir()
    assert str(path) in collect(path)["error"]["message"]


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_scene_without_read_permission_is_a_record(rig, collect, tmp_path):
    path = tmp_path / "scene.xml"
    shutil.copy(rig.room(0), path)
    path.chmod(0)
    assert str(path) in collect(path)["error"]["message"]


def test_an_exception_in_a_strategy_is_a_record_with_its_traceback(rig, collect, monkeypatch):
    def rank(*_):
        raise RuntimeError("the strategy broke")

    monkeypatch.setattr("namo.strategies.object_order.NearestFirst.rank", rank)
    record = collect(rig.room(1))
    assert record["error"]["kind"] == "RuntimeError"
    assert "RuntimeError: the strategy broke" in record["error"]["message"]
    assert str(rig.room(1)) in record["error"]["message"]
    assert "in rank" in record["error"]["traceback"]
    assert [row["termination"] for row in record["metrics"]] == ["error"]
    assert [row["error_kind"] for row in record["metrics"]] == ["RuntimeError"]


def test_episodes_before_an_exception_are_kept(rig, collect, monkeypatch):
    def reset(world, calls=[], original=World.reset):  # noqa: B006 - counts over all calls
        calls.append(None)
        if len(calls) == 5:  # each episode resets the world to search and to replay
            raise RuntimeError("third time")
        original(world)

    monkeypatch.setattr(World, "reset", reset)
    record = collect(rig.room(0), episodes_per_env=5)
    assert len(record["episode_results"]) == 2
    assert [row["termination"] for row in record["metrics"]] == ["solved", "solved", "error"]
    assert [row["episode"] for row in record["metrics"]] == [0, 1, 2]
    assert record["error"]["kind"] == "RuntimeError"
    assert len({row["episode_id"] for row in record["metrics"]}) == 3


def test_an_interrupt_is_not_a_failure_of_the_environment(rig, collect, monkeypatch):
    def rank(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("namo.strategies.object_order.NearestFirst.rank", rank)
    with pytest.raises(KeyboardInterrupt):
        collect(rig.room(1))


def test_a_search_that_times_out_is_recorded_as_timeout(rig, collect):
    record = collect(rig.room(1), search_timeout=1e-9)
    assert [row["termination"] for row in record["metrics"]] == ["timeout"]
    assert record["error"] is None


@pytest.mark.parametrize(
    ("settings", "termination"),
    [
        ({"max_depth": 0}, "depth"),
        ({"max_pushes": 0}, "pushes"),
        ({"max_terminal_checks": 1, "goal_strategy": "grid", "seed": 1}, "terminal_checks"),
    ],
)
def test_an_exhausted_budget_is_recorded_by_name_and_is_not_a_failure(
    rig, collect, settings, termination
):
    record = collect(rig.room(6), **settings)
    assert [row["termination"] for row in record["metrics"]] == [termination]
    assert (record["error"], record["success"]) == (None, False)
    assert record["episode_results"][0]["solution_depth"] is None


def test_the_clearance_is_kept_and_recorded_and_plans_replay_under_it(collect, rig):
    own, other = (collect(rig.room(6), clearance=clearance) for clearance in (0.0, 0.02))
    for record, clearance in ((own, 0.0), (other, 0.02)):
        (row,), (episode,) = record["metrics"], record["episode_results"]
        assert row["clearance"] == episode["clearance"] == clearance
        assert row["replayed"] is (True if row["success"] else None)
    assert other["fingerprint"] != own["fingerprint"]
    assert other["scene"]["reached_area"] < own["scene"]["reached_area"]


def test_the_physics_preset_is_applied_and_recorded(collect):
    own, other = (collect(room_file(1), physics=preset) for preset in ("scene", "accurate"))
    assert own["metrics"][0]["physics"] == "scene"
    assert other["metrics"][0]["physics"] == "accurate"
    assert other["fingerprint"] != own["fingerprint"]
    assert other["scene_sha256"] == own["scene_sha256"]
    assert own["success"]
    assert other["success"]
    assert other["pushes"]["poses_after"] != own["pushes"]["poses_after"]


@pytest.mark.parametrize(
    "problem",
    [
        OSError(errno.ENOSPC, "No space left on device", "/cache/file"),
        OSError(errno.EIO, "Input/output error", "/cache/file"),
        ImportError("No module named 'scipy', /cache/file"),
    ],
)
def test_trouble_of_the_machine_ends_the_run_and_names_the_file(rig, collect, monkeypatch, problem):
    def rank(*_):
        raise problem

    monkeypatch.setattr("namo.strategies.object_order.NearestFirst.rank", rank)
    with pytest.raises(MachineError) as caught:
        collect(rig.room(1))
    assert "/cache/file" in str(caught.value)
    assert str(rig.room(1)) in str(caught.value)


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EMFILE])
def test_a_scene_that_the_machine_cannot_read_ends_the_run(rig, collect, monkeypatch, number):
    def broken(path):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr("namo.scenes.reading.open_regular", broken)
    with pytest.raises(MachineError, match=os.strerror(number)):
        collect(rig.room(1))


def test_a_pipe_in_place_of_a_scene_is_a_record(collect, tmp_path):
    os.mkfifo(tmp_path / "pipe.xml")
    assert "is a named pipe" in collect(tmp_path / "pipe.xml")["error"]["message"]
