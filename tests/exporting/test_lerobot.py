"""The data set against what format v3.0 demands, read by three libraries that are not LeRobot."""

import json

import av
import numpy as np
import pandas as pd
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
import yaml

from namo.errors import UsageError
from namo.exporting import lerobot, video_files
from namo.results.plan_motion import plan_motion
from namo.results.records import read_record, write_record
from namo.signals import TerminationRequested
from tests.exporting.conftest import exported, hashes, rewrite_metrics

IMAGE = "observation.images.top"
REQUIRED = ("timestamp", "frame_index", "episode_index", "index", "task_index")


@pytest.fixture(scope="module")
def written(collection, tmp_path_factory):
    """The folder of an export, and the printed lines. Read only."""
    folder = tmp_path_factory.mktemp("lerobot") / "out"
    return folder, exported(collection, "lerobot", folder, licence="cc-by-4.0")


@pytest.fixture(scope="module")
def info(written):
    return json.loads((written[0] / "meta" / "info.json").read_text())


@pytest.fixture(scope="module")
def frames(written, datasets_module):
    loaded = datasets_module.load_dataset(
        "parquet", data_files=str(written[0] / "data" / "*" / "*.parquet"), split="train"
    )
    return loaded.with_format("numpy")


@pytest.fixture(scope="module")
def datasets_module(tmp_path_factory):
    import datasets

    datasets.disable_progress_bars()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))
        yield datasets


@pytest.fixture(scope="module")
def episodes(written):
    return pq.read_table(written[0] / "meta" / "episodes").to_pylist()


@pytest.fixture(scope="module")
def motions(collection):
    """The recorded motion of each plan with a push, by episode."""
    rows = collection.plans.to_pylist()
    planned = dict.fromkeys(row["episode_id"] for row in rows)
    return {
        name: plan_motion([row for row in rows if row["episode_id"] == name]) for name in planned
    }


def test_every_plan_is_an_episode(written, info, episodes, motions, collection):
    assert len(motions) >= 3
    assert [row["episode_id"] for row in episodes] == [*motions]
    assert [row["length"] for row in episodes] == [len(each) - 1 for each in motions.values()]
    scenes = {row["episode_id"]: row["scene_sha256"] for row in collection.episodes.to_pylist()}
    assert [row["scene_sha256"] for row in episodes] == [scenes[name] for name in motions]
    assert info["total_episodes"] == len(motions)
    assert info["total_frames"] == sum(row["length"] for row in episodes)
    assert info["splits"] == {"train": f"0:{len(motions)}"}
    said = "\n".join(written[1])
    assert "2 episodes left out: the goal was reachable from the start" in said
    assert "1 episode left out: the environment failed" in said


def test_the_information_is_what_the_format_demands(info):
    assert info["codebase_version"] == "v3.0"
    assert info["fps"] == 10
    assert {"robot_type", "total_tasks", "chunks_size"} <= info.keys()
    assert {"data_files_size_in_mb", "video_files_size_in_mb"} <= info.keys()
    features = info["features"]
    assert set(REQUIRED) <= features.keys()
    for name, feature in features.items():
        assert {"dtype", "shape", "names"} <= feature.keys(), name
        assert "/" not in name
        if feature["names"] and feature["dtype"] != "video":
            assert len(feature["names"]) == feature["shape"][0]
    assert [features[name]["shape"] for name in REQUIRED] == [[1]] * 5
    video = features[IMAGE]
    assert (video["dtype"], video["names"]) == ("video", ["height", "width", "channels"])


def test_the_columns_are_the_features_with_their_types_and_shapes(info, frames):
    stored = {name: each for name, each in info["features"].items() if each["dtype"] != "video"}
    assert set(frames.column_names) == set(stored)
    for name, feature in stored.items():
        found = frames.features[name]
        kind = found.feature if feature["names"] else found
        assert kind.dtype == feature["dtype"], name
        if feature["names"]:
            assert found.length == feature["shape"][0], name


def test_frames_are_the_recorded_motion_and_actions_lead_to_the_next(frames, episodes, motions):
    for row in episodes:
        motion = motions[row["episode_id"]]
        part = frames[row["dataset_from_index"] : row["dataset_to_index"]]
        np.testing.assert_array_equal(
            part["observation.state"], motion.robot[:-1].astype(np.float32)
        )
        np.testing.assert_array_equal(part["action"], motion.robot[1:].astype(np.float32))
        np.testing.assert_array_equal(part["action"][:-1], part["observation.state"][1:])
        boxes = part["observation.environment_state"][:, 2:].reshape(row["length"], -1, 4)
        number = motion.movables.shape[1]
        np.testing.assert_array_equal(
            boxes[:, :number, :3], motion.movables[:-1].astype(np.float32)
        )
        assert (boxes[..., 3] == (np.arange(boxes.shape[1]) < number)).all()
        assert not boxes[:, number:].any()


def test_the_robot_arrives_at_its_goal_with_the_last_action(frames, episodes):
    for row in episodes:
        part = frames[row["dataset_from_index"] : row["dataset_to_index"]]
        goal = part["observation.environment_state"][:, :2]
        np.testing.assert_allclose(part["action"][-1], goal[-1], atol=1e-4)
        last = [False] * (row["length"] - 1) + [True]
        assert part["next.done"].tolist() == part["next.success"].tolist() == last
        assert part["next.reward"].tolist() == [float(each) for each in last]


def test_pushes_are_those_of_the_plan(frames, episodes, collection):
    for row in episodes:
        episode = collection.episode(row["episode_id"])
        names = [movable.name for movable in episode.scene.movables]
        part = frames[row["dataset_from_index"] : row["dataset_to_index"]]
        assert sorted(set(part["push.step"].tolist())) == [*range(len(episode.plan))]
        for step, place, target in zip(
            part["push.step"], part["push.object"], part["push.target"], strict=True
        ):
            push = episode.plan[int(step)]
            assert names[int(place)] == push.object_name
            np.testing.assert_allclose(target, push.goal, rtol=1e-6, atol=1e-6)


def test_frames_are_numbered_and_timed(frames, episodes):
    everything = frames[:]
    assert everything["index"].tolist() == [*range(len(frames))]
    assert not everything["task_index"].any()
    for row in episodes:
        part = frames[row["dataset_from_index"] : row["dataset_to_index"]]
        assert set(part["episode_index"].tolist()) == {row["episode_index"]}
        assert part["frame_index"].tolist() == [*range(row["length"])]
        np.testing.assert_array_equal(
            part["timestamp"], (np.arange(row["length"]) / 10).astype(np.float32)
        )


def test_the_task_is_the_index_of_a_pandas_table(written, info):
    tasks = pd.read_parquet(written[0] / "meta" / "tasks.parquet")
    assert tasks.index.tolist() == [lerobot.TASK]
    assert tasks["task_index"].tolist() == [0]
    assert info["total_tasks"] == 1


def test_the_image_of_a_frame_shows_its_state(written, frames, episodes, info, collection):
    (path,) = (written[0] / "videos").rglob("*.mp4")
    with av.open(str(path)) as container:
        images = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(images) == info["total_frames"]
    pixels = info["features"][IMAGE]["shape"][0]
    compared = 0
    for row in episodes:
        first = round(row[f"videos/{IMAGE}/from_timestamp"] * info["fps"])
        end = round(row[f"videos/{IMAGE}/to_timestamp"] * info["fps"])
        assert (first, end) == (row["dataset_from_index"], row["dataset_to_index"])
        bounds = collection.episode(row["episode_id"]).scene.bounds
        middle = (bounds.x_min + bounds.x_max) / 2, (bounds.y_min + bounds.y_max) / 2
        for number in (first, end - 1):
            offset = frames[number]["observation.state"] - middle
            column, up = (pixels / 2 + offset / row["metres_per_pixel"]).round().astype(int)
            red, _, blue = images[number][pixels - 1 - up, column].astype(int)
            assert blue - red > 100, "the robot is blue"
            compared += 1
    assert compared == 2 * len(episodes)


def test_statistics_cover_every_feature(written, frames, info, episodes):
    stats = json.loads((written[0] / "meta" / "stats.json").read_text())
    assert stats.keys() == info["features"].keys()
    actions = frames[:]["action"]
    for name in ("min", "max", "mean", "std"):
        found = getattr(actions.astype(float), name)(axis=0)
        np.testing.assert_allclose(stats["action"][name], found, rtol=1e-5)
    assert stats["action"]["count"] == [len(frames)]
    assert np.shape(stats[IMAGE]["mean"]) == (3, 1, 1)
    assert 0.5 < np.mean(stats[IMAGE]["mean"]) < 1.0
    for row in episodes:
        found = {name.split("/")[1] for name in row if name.startswith("stats/")}
        assert found == info["features"].keys()
        assert row["stats/index/min"] == [row["dataset_from_index"]]


def test_files_are_found_by_the_patterns_of_the_information(written, info, episodes):
    for row in episodes:
        for kind, prefix in (("data_path", "data"), ("video_path", f"videos/{IMAGE}")):
            place = {name: row[f"{prefix}/{name}"] for name in ("chunk_index", "file_index")}
            assert (written[0] / info[kind].format(video_key=IMAGE, **place)).is_file()


def test_full_files_are_followed_by_others(collection, tmp_path, monkeypatch, written, frames):
    monkeypatch.setattr(lerobot, "FRAMES_PER_FILE", 1)
    monkeypatch.setattr(lerobot, "EPISODES_PER_FILE", 2)
    monkeypatch.setattr(lerobot, "FILES_PER_FOLDER", 2)
    exported(collection, "lerobot", tmp_path / "out")
    data = sorted((tmp_path / "out" / "data").rglob("*.parquet"))
    assert [path.relative_to(tmp_path / "out" / "data").as_posix() for path in data[:3]] == [
        "chunk-000/file-000.parquet",
        "chunk-000/file-001.parquet",
        "chunk-001/file-000.parquet",
    ]
    episodes = pyarrow.dataset.dataset(tmp_path / "out" / "meta" / "episodes").to_table()
    for row in episodes.to_pylist():
        place = row["data/chunk_index"], row["data/file_index"]
        path = tmp_path / "out" / "data" / "chunk-{:03d}/file-{:03d}.parquet".format(*place)
        assert set(pq.read_table(path)["episode_index"].to_pylist()) == {row["episode_index"]}
        number = 2 * row["meta/episodes/chunk_index"] + row["meta/episodes/file_index"]
        assert number == row["episode_index"] // 2
    rows = pyarrow.dataset.dataset(tmp_path / "out" / "data").to_table()
    assert rows["index"].to_pylist() == [*range(len(frames))]


def test_the_card_says_what_it_is_and_how_to_load_it(written, info):
    text = (written[0] / "README.md").read_text()
    front = yaml.safe_load(text.split("---\n")[1])
    assert front["tags"][0] == "LeRobot"
    assert front["license"] == "cc-by-4.0"
    assert front["configs"] == [{"config_name": "default", "data_files": "data/*/*.parquet"}]
    for name in info["features"]:
        assert f"| `{name}` |" in text
    assert "2 episodes left out: the goal was reachable from the start" in text
    assert "LeRobotDataset(" in text


def test_the_scale_can_be_the_same_for_all_scenes(collection, tmp_path):
    exported(collection, "lerobot", tmp_path / "out", metres_per_pixel=0.02)
    found = pq.read_table(tmp_path / "out" / "meta" / "episodes")["metres_per_pixel"]
    assert set(found.to_pylist()) == {0.02}
    with pytest.raises(UsageError, match=r"--metres-per-pixel 0\.001: .* does not fit into 384"):
        exported(collection, "lerobot", tmp_path / "other", metres_per_pixel=0.001)
    assert not (tmp_path / "other").exists()


def test_plans_without_recorded_motion_are_left_out(copied, tmp_path, written):
    left_out = []

    def diverge(rows):
        row = next(row for row in rows if row["solution_depth"])
        row["replayed"] = False
        left_out.append(row["episode_id"])

    rewrite_metrics(copied, diverge)
    for path in copied.folder.glob("*_results.pkl"):
        forget_replay(path, left_out)
    lines = exported(copied, "lerobot", tmp_path / "out")
    assert "1 episode left out: the replay of the plan diverged" in "\n".join(lines)
    found = pq.read_table(tmp_path / "out" / "meta" / "episodes")["episode_id"].to_pylist()
    assert found
    assert left_out[0] not in found


def forget_replay(path, episode_ids):
    """Record that the replay of some episodes diverged."""
    record = read_record(path)
    for row in record["metrics"]:
        if row["episode_id"] in episode_ids:
            row["replayed"] = False
    write_record(path, record)


def test_nothing_but_the_data_set_and_its_scenes_is_written(written):
    names = {name.split("/")[0] for name in hashes(written[0])}
    assert names == {"README.md", "data", "meta", "scene_files.parquet", "videos"}


def test_an_interrupted_export_leaves_nothing(collection, tmp_path, monkeypatch):
    checks = iter(range(30))

    def end_in_the_middle_of_an_episode():
        if next(checks) == 20:
            raise TerminationRequested(15)

    monkeypatch.setattr(video_files, "check_termination", end_in_the_middle_of_an_episode)
    with pytest.raises(TerminationRequested):
        exported(collection, "lerobot", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
