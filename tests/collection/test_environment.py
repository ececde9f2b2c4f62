import os
import re
import shutil
import socket

import pytest

from namo.collection.collect_environment import collect_environment
from namo.collection.environment import Environment
from namo.collection.models import make_planner
from namo.collection.rerun import rerun_command
from namo.errors import ModelError
from namo.geometry import Pose2D
from namo.version import RESULTS_VERSION
from namo.world.world import World
from tests.conftest import room_file

DESIGNED = """
env_id success episodes_collected episodes_before_filtering episodes_filtered_out processing_time
episode_results
"""


def bent(text, pattern, replacement):
    """The text of a scene with something changed; the pattern must be there."""
    changed, count = re.subn(pattern, replacement, text, count=1, flags=re.DOTALL)
    assert count == 1
    return changed


BROKEN = {
    "not XML": (lambda text: "this is no XML", ""),
    "cut off": (lambda text: text[: len(text) // 2], ""),
    "empty": (lambda text: "", ""),
    "another document": (lambda text: "<html/>", ""),
    "no goal": (lambda text: bent(text, r'<site name="goal".*?/>', ""), "goal"),
    "no robot": (lambda text: bent(text, r'<body name="robot">.*?</body>', ""), "joint_x"),
    "two robots": (
        lambda text: bent(text, r'(<body name="robot">.*?</body>)', r"\1\1"),
        "robot",
    ),
    "box inside a wall": (
        lambda text: bent(text, r'pos="-1.196 0.22 0.3"', 'pos="5.7 0.0 0.3"'),
        "obstacle_1_movable",
    ),
    "NaN": (lambda text: bent(text, r'pos="-1.196 0.22 0.3"', 'pos="nan 0.22 0.3"'), "nan"),
    "endless": (lambda text: bent(text, r'pos="-1.196 0.22 0.3"', 'pos="inf 0.22 0.3"'), "inf"),
    "no size": (lambda text: bent(text, r'size="0.378 0.35 0.3"', 'size="0 0.35 0.3"'), "0"),
    "no number": (lambda text: bent(text, r'size="0.378 0.35 0.3"', 'size="a b c"'), "size"),
}


@pytest.fixture
def collect(rig, tmp_path, monkeypatch):
    """Collect one scene file; returns its record."""
    monkeypatch.chdir(tmp_path)

    def collect_one(path, index=4, **settings):
        config = rig.config(**settings)
        environment = Environment(index, path, "host")
        return collect_environment(environment, make_planner(config)[0], config, "again")

    return collect_one


def test_a_record_has_the_keys_of_the_design(collected, filtered):
    for collection in (collected, filtered):
        for record in collection.records():
            assert set(DESIGNED.split()) <= set(record)


def test_names_follow_label_and_index(rig):
    environment = Environment(12, rig.room(0), "my-host")
    assert environment.env_id == "my-host_env_000012"
    assert environment.file_name == "my-host_env_000012_results.pkl"


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_scene_is_a_record_with_the_reason(rig, collect, tmp_path, kind):
    path = tmp_path / "scene.xml"
    bend, said = BROKEN[kind]
    path.write_text(bend(rig.room(1).read_text()))
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


def test_bytes_that_are_no_text_are_a_broken_scene(collect, tmp_path):
    path = tmp_path / "scene.xml"
    path.write_bytes(bytes(range(256)))
    assert collect(path)["error"]["kind"] == "scene"


def test_a_scene_that_is_gone_is_a_record(collect, tmp_path):
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
def test_a_scene_that_may_not_be_read_is_a_record(rig, collect, tmp_path):
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
        if len(calls) == 5:  # each episode searches and carries its plan out again
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


def test_the_shortest_solved_and_the_unsolved_episodes_are_kept(several, filtered):
    everything, kept = several.record(0), filtered.record(0)
    depths = [episode["solution_depth"] for episode in everything["episode_results"]]
    solved = [depth for depth in depths if depth is not None]
    assert min(solved) < max(solved), "the rollouts must differ for this test"
    assert None in depths, "one must be unsolved for this test"
    expected = [depth in (None, min(solved)) for depth in depths]
    assert [row["kept"] for row in kept["metrics"]] == expected
    names = [row["episode_id"] for row in kept["metrics"] if row["kept"]]
    assert [episode["episode_id"] for episode in kept["episode_results"]] == names
    assert kept["episodes_before_filtering"] == 6
    assert kept["episodes_filtered_out"] == expected.count(False)
    assert kept["episodes_collected"] == len(kept["episode_results"]) == expected.count(True)
    assert kept["success"]


def test_what_the_filter_drops_stays_in_the_tables(several, filtered):
    def rows(collection):
        return [
            {key: value for key, value in row.items() if key not in ("kept", "fingerprint")}
            for row in collection.content()["metrics"]
        ]

    assert rows(filtered) == rows(several)
    assert filtered.content()["pushes"] == several.content()["pushes"]


def test_without_the_filter_every_episode_is_kept(several):
    for record in several.records():
        assert all(row["kept"] for row in record["metrics"])
        counts = (record["episodes_collected"], record["episodes_filtered_out"])
        assert counts == (6, 0)


def test_counts_of_the_filter_reach_the_summary(several, filtered):
    stats = filtered.summary()["filtering_stats"]
    dropped = sum(record["episodes_filtered_out"] for record in filtered.records())
    assert dropped > 0
    assert stats == {
        "episodes_before_filtering": 12,
        "episodes_filtered_out": dropped,
        "filtering_enabled": True,
        "filter_rate": dropped / 12,
    }
    assert several.summary()["filtering_stats"]["episodes_filtered_out"] == 0


def test_the_row_names_the_label_and_the_machine(collected):
    for row in collected.table("metrics"):
        assert row["hostname"] == "host"
        assert row["worker_hostname"] == socket.gethostname()


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"max_depth": 4},
        {"algorithm": "tree_idfs"},
        {"search_timeout": 299.0},
        {"filter_minimum_length": True},
        {"ml_random_share": 0.5},
        {"ml_samples": 8},
    ],
)
def test_every_setting_is_part_of_the_fingerprint(rig, change):
    environment = Environment(0, rig.room(0), "host")
    first = environment.fingerprint(rig.config(), "hash")
    assert environment.fingerprint(rig.config(), "hash") == first
    assert environment.fingerprint(rig.config(**change), "hash") != first


def test_scene_place_and_version_are_part_of_the_fingerprint(rig, monkeypatch):
    environment, config = Environment(0, rig.room(0), "host"), rig.config()
    first = environment.fingerprint(config, "hash")
    assert environment.fingerprint(config, "other") != first
    assert Environment(1, rig.room(0), "host").fingerprint(config, "hash") != first
    monkeypatch.setattr("namo.collection.environment.RESULTS_VERSION", RESULTS_VERSION + 1)
    assert environment.fingerprint(config, "hash") != first


def test_a_planner_comes_with_the_models_that_its_strategies_ask(rig, models):
    planner, scorers = make_planner(rig.config(**models))
    assert callable(planner.search)
    assert [scorer.stats.kind for scorer in scorers] == ["object", "goal"]
    assert make_planner(rig.config())[1] == []


@pytest.mark.parametrize("kind", ["object", "goal"])
def test_a_model_that_cannot_be_used_is_refused_rather_than_replaced(rig, models, tmp_path, kind):
    other = {"object": "goal", "goal": "object"}[kind]
    settings = {"ml_device": "cpu", f"{kind}_strategy": "ml"}
    config = rig.config(**settings, **{f"ml_{kind}_model": models[f"ml_{other}_model"]})
    with pytest.raises(ModelError, match=f"kind is '{other}'; this version needs '{kind}'"):
        make_planner(config)


def test_a_rerun_command_is_quoted_for_a_shell():
    command = rerun_command(["--output-dir", "out put", "--seed", "3"], 7)
    assert "--output-dir 'out put' --seed 3 --start-idx 7 --end-idx 8" in command


def test_the_clock_stops_a_search_and_says_so(rig, collect):
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
def test_a_spent_budget_is_recorded_by_name_and_is_no_failure(rig, collect, settings, termination):
    record = collect(rig.room(6), **settings)
    assert [row["termination"] for row in record["metrics"]] == [termination]
    assert (record["error"], record["success"]) == (None, False)
    assert record["episode_results"][0]["solution_depth"] is None


def test_the_goal_pose_of_a_stored_push_is_a_plain_tuple(several):
    for record in several.records():
        for episode in record["episode_results"]:
            for action in episode["action_sequence"]:
                assert type(action["target"]) is tuple
                assert Pose2D(*action["target"])


def test_a_physics_preset_is_what_is_collected_with_and_is_recorded(collect):
    own, other = (collect(room_file(1), physics=preset) for preset in ("scene", "accurate"))
    assert own["metrics"][0]["physics"] == "scene"
    assert other["metrics"][0]["physics"] == "accurate"
    assert other["fingerprint"] != own["fingerprint"]
    assert other["scene_sha256"] == own["scene_sha256"]
    assert own["success"]
    assert other["success"]
    assert other["pushes"]["poses_after"] != own["pushes"]["poses_after"]
