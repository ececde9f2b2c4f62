import json
import shutil

import minari
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.errors import UsageError
from namo.exporting import minari_episodes
from namo.results.records import read_record, write_record
from namo.results.tables import DATA_TABLES
from tests.exporting.conftest import exported


@pytest.fixture(scope="module")
def written(collection, tmp_path_factory):
    """The folder of an export, and the printed lines. Read only."""
    folder = tmp_path_factory.mktemp("minari") / "out"
    return folder, exported(collection, "minari", folder)


@pytest.fixture
def data(written, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(written[0]))
    return minari.load_dataset("mine-v0")


def planned(collection):
    """The episodes whose plan has a push."""
    ids = [row["episode_id"] for row in collection.episodes.to_pylist() if row["solution_depth"]]
    return [collection.episode(episode_id) for episode_id in ids]


def test_every_plan_is_an_episode(collection, data):
    wanted = [episode.id for episode in planned(collection)]
    assert len(wanted) >= 3
    assert [str(episode.infos["episode_id"][0]) for episode in data] == wanted
    assert data.total_steps == sum(len(episode.plan) for episode in planned(collection))


def test_states_and_pushes_are_those_of_the_collection(collection, data):
    for episode, found in zip(planned(collection), data, strict=True):
        names = [movable.name for movable in episode.scene.movables]
        poses = [[state[f"{name}_pose"] for name in names] for state in episode.states]
        assert found.observations["movables"][:, : len(names)].tolist() == poses
        robot = [state["robot_pose"] for state in episode.states]
        assert found.observations["robot"].tolist() == robot
        goal = episode.scene.goal
        assert found.observations["goal"].tolist() == [[goal.x, goal.y]] * len(poses)
        assert [
            (names[place], *target)
            for place, target in zip(found.actions["object"], found.actions["target"], strict=True)
        ] == [(push.object_name, *push.goal) for push in episode.plan]
        assert found.infos["object_names"][0].tolist() == names
        assert found.infos["scene_sha256"][0] == episode.scene.sha256


def test_scenes_with_fewer_movables_are_padded_with_zeros(data):
    counts = set()
    for episode in data:
        present = episode.observations["present"]
        number = int(present[0].sum())
        assert present.tolist() == [[1] * number + [0] * (2 - number)] * len(present)
        assert not episode.observations["movables"][:, number:].any()
        counts.add(number)
    assert counts == {1, 2}


def test_the_last_push_is_rewarded_and_terminates_the_episode(data):
    for episode in data:
        last = [0.0] * (len(episode) - 1) + [1.0]
        assert episode.rewards.tolist() == last
        assert episode.terminations.tolist() == [bool(reward) for reward in last]
        assert not episode.truncations.any()


def test_all_observations_and_actions_are_in_their_spaces(data):
    for episode in data:
        for step in range(len(episode) + 1):
            state = {name: values[step] for name, values in episode.observations.items()}
            assert data.observation_space.contains(state)
        for step in range(len(episode)):
            action = {name: values[step] for name, values in episode.actions.items()}
            assert data.action_space.contains(action)


def test_the_recovered_environment_replays_every_episode_to_the_last_bit(data, written):
    env = data.recover_environment()
    assert env.spec.id == "namo/Push-v0"
    assert env.observation_space == data.observation_space
    assert env.action_space == data.action_space
    for episode in data:
        options = {"scene": str(episode.infos["scene_sha256"][0])}
        found = [env.reset(options=options)[0]]
        for step in range(len(episode)):
            action = {name: values[step] for name, values in episode.actions.items()}
            observation, reward, ended, truncated, _ = env.step(action)
            found.append(observation)
            assert (reward, ended) == (episode.rewards[step], episode.terminations[step])
            assert not truncated
        for name, values in episode.observations.items():
            np.testing.assert_array_equal(values, [each[name] for each in found])
    assert str(written[0]) not in env.spec.to_json()


def test_a_data_set_without_its_scenes_takes_others(written, collection, tmp_path, monkeypatch):
    shutil.copytree(written[0] / "mine-v0" / "data", tmp_path / "mine-v0" / "data")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    data = minari.load_dataset("mine-v0")
    with pytest.raises(UsageError, match=r"minari:mine-v0.*no such file"):
        data.recover_environment()
    env = data.recover_environment(scenes=str(collection.folder))
    sha256 = str(data[0].infos["scene_sha256"][0])
    assert env.reset(options={"scene": sha256})[1]["scene_sha256"] == sha256


def test_omissions_and_loading_instructions_are_printed(written, data):
    lines = written[1]
    assert "2 episodes left out: the goal was reachable from the start" in "\n".join(lines)
    assert "1 episode left out: the environment failed" in "\n".join(lines)
    description = data.storage.metadata["description"]
    assert "2 episodes left out: the goal was reachable from the start" in description
    assert data.storage.metadata["algorithm_name"] == "best_first"
    start = lines.index("load it in Python with")
    scope = {}
    exec("\n".join(line.strip() for line in lines[start + 1 :]), scope)
    assert len(scope["data"]) == len(data)


def test_minari_lists_it(written, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(written[0]))
    assert list(minari.list_local_datasets()) == ["mine-v0"]


def test_the_stated_size_is_that_of_the_files(written, data):
    files = (path for path in written[0].rglob("*") if path.is_file())
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    stated = json.loads((data.storage.data_path / "metadata.json").read_text())["dataset_size"]
    assert stated == pytest.approx(megabytes, abs=0.06)


def rewrite(collection, change):
    """Change the metrics rows and the records of a copied collection."""
    rows = collection.episodes.to_pylist()
    for path in sorted(collection.folder.glob("*_results.pkl")):
        record = read_record(path)
        change(record, [row for row in rows if row["env_id"] == record["env_id"]])
        write_record(path, record)
    table = pa.Table.from_pylist(rows, DATA_TABLES["metrics"])
    pq.write_table(table, collection.folder / "metrics.parquet")


def test_dropped_episodes_are_counted(copied, tmp_path):
    def drop_first(record, rows):
        if rows[0]["solution_depth"]:
            record["episode_results"].pop(0)
            rows[0]["kept"] = False

    number = len(planned(copied))
    rewrite(copied, drop_first)
    lines = exported(copied, "minari", tmp_path / "out")
    assert f"mine-v0, {number - 2} episodes" in lines[0]
    assert "2 episodes left out: dropped by --filter-minimum-length" in lines


def test_a_collection_without_plans_is_refused(copied, tmp_path):
    def unsolve(record, rows):
        for row in rows:
            row["solution_depth"] = None

    rewrite(copied, unsolve)
    with pytest.raises(UsageError, match="no episode has a plan with a push"):
        exported(copied, "minari", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "valid"), [("räume: 1.5 m", "r_ume__1_5_m"), ("a-b_2", "a-b_2"), ("", "collection")]
)
def test_characters_that_minari_does_not_allow_are_replaced(name, valid):
    assert minari_episodes._valid_name(name) == valid


def test_the_name_is_that_of_the_folder_not_of_a_link(collection, tmp_path):
    folder = tmp_path / "räume: 1.5 m"
    folder.symlink_to(collection.folder)
    assert "mine-v0" in exported(type(collection)(folder), "minari", tmp_path / "out")[0]


def test_movables_keep_their_order(data):
    names = {tuple(episode.infos["object_names"][0]) for episode in data}
    assert names == {("obstacle_1_movable",), ("obstacle_1_movable", "obstacle_2_movable")}
    assert all(np.isfinite(episode.observations["movables"]).all() for episode in data)
