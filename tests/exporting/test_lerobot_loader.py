"""LeRobot's own loader and rerun's reader of LeRobot data sets read the export.

LeRobot asks for older versions of torch, datasets and others than the pipeline has, so it is
installed into a folder of its own, without what it depends on; its loader works with those here.
"""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.exporting.conftest import exported

pytestmark = pytest.mark.slow

PINS = ("lerobot==0.4.4", "torchvision==0.22.1", "accelerate==1.14.0")
READ = """
import json, sys
import torch

# torchvision's compiled operators are for another torch; its Python part needs only their names.
operators = torch.library.Library("torchvision", "DEF")
operators.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
from lerobot.datasets.lerobot_dataset import LeRobotDataset
from lerobot.datasets.utils import dataset_to_policy_features

folder, image = sys.argv[1:]
data = LeRobotDataset("local/mine", root=folder, video_backend="pyav")
window = {"action": [0.0, 0.1, 0.2], image: [-0.1, 0.0]}
part = LeRobotDataset(
    "local/mine", root=folder, episodes=[1], delta_timestamps=window, video_backend="pyav"
)
last = part[len(part) - 1]
items = [data[0], data[len(data) // 2], data[len(data) - 1]]
print(json.dumps({
    "episodes": data.num_episodes,
    "frames": len(data),
    "tasks": [item["task"] for item in items],
    "states": [item["observation.state"].tolist() for item in items],
    "actions": [item["action"].tolist() for item in items],
    "images": [list(item[image].shape) for item in items],
    "brightness": [float(item[image].mean()) for item in items],
    "done": [bool(item["next.done"]) for item in items],
    "part": len(part),
    "window": [list(last["action"].shape), list(last[image].shape)],
    "padded": last["action_is_pad"].tolist(),
    "policy": {k: v.type.name for k, v in dataset_to_policy_features(data.features).items()},
    "mean": data.meta.stats[image]["mean"].shape,
}))
"""
IMAGE = "observation.images.top"


@pytest.fixture(scope="module")
def written(collection, tmp_path_factory):
    """The folder of an export. Read only."""
    folder = tmp_path_factory.mktemp("lerobot") / "out"
    exported(collection, "lerobot", folder)
    return folder


@pytest.fixture(scope="module")
def loaded(written, tmp_path_factory):
    """What LeRobot's loader says of the export."""
    packages = tmp_path_factory.mktemp("packages")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    done = subprocess.run([*pip, str(packages), *PINS], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"LeRobot cannot be installed: {done.stderr.strip()[-200:]}")
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(packages), os.environ.get("PYTHONPATH", "")]),
        "HF_HOME": str(tmp_path_factory.mktemp("hub")),
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", READ, str(written), IMAGE],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_lerobot_reads_all_frames_with_their_images(loaded, written):
    frames = pq.read_table(written / "data" / "chunk-000" / "file-000.parquet").to_pylist()
    episodes = pq.read_table(written / "meta" / "episodes")
    assert (loaded["episodes"], loaded["frames"]) == (len(episodes), len(frames))
    chosen = [frames[0], frames[len(frames) // 2], frames[-1]]
    np.testing.assert_allclose(loaded["states"], [row["observation.state"] for row in chosen])
    np.testing.assert_allclose(loaded["actions"], [row["action"] for row in chosen])
    assert loaded["images"] == [[3, 384, 384]] * 3
    assert all(0.5 < each < 1.0 for each in loaded["brightness"])
    assert loaded["done"] == [False, False, True]
    assert all(task.startswith("Push boxes") for task in loaded["tasks"])
    assert loaded["mean"] == [3, 1, 1]


def test_lerobot_cuts_windows_out_of_an_episode(loaded, written):
    lengths = pq.read_table(written / "meta" / "episodes")["length"].to_pylist()
    assert loaded["part"] == lengths[1]
    assert loaded["window"] == [[3, 2], [2, 3, 384, 384]]
    assert loaded["padded"] == [False, True, True]


def test_policies_get_one_state_one_image_and_one_action(loaded):
    assert loaded["policy"] == {
        IMAGE: "VISUAL",
        "observation.state": "STATE",
        "observation.environment_state": "ENV",
        "action": "ACTION",
    }


@pytest.mark.skipif(not importlib.util.find_spec("rerun"), reason="rerun is not installed")
def test_rerun_reads_it(written):
    from rerun.experimental import LeRobotReader

    lengths = pq.read_table(written / "meta" / "episodes")["length"].to_pylist()
    reader = LeRobotReader(written)
    assert len(reader.episodes()) == len(lengths)
    rows = {}
    for line in reader.stream(1).collect().summary().splitlines():
        name, count = line.split()[:2]
        rows.setdefault(name.removeprefix("/"), []).append(int(count.removeprefix("rows=")))
    for name in ("observation.state", "action", "next.reward"):
        assert max(rows[name]) == lengths[1]
    assert sum(rows[IMAGE]) > lengths[1]
