import hashlib
import json
import subprocess
import sys

import mujoco
import pyarrow as pa
import pyarrow.parquet as pq

from namo.learning.inference_stats import InferenceStats
from namo.results import run_file
from namo.results.run_file import write_run_file
from namo.version import RESULTS_VERSION, SCHEMA_VERSION, __version__


def written(rig, folder):
    """A run file over a table of three environments, the second with two episodes."""
    rows = [("a", 0), ("b", 0), ("b", 1), ("c", 0)]
    table = {"scene_sha256": [sha for sha, _ in rows], "episode": [number for _, number in rows]}
    pq.write_table(pa.table(table), folder / "metrics.parquet")
    use = InferenceStats("goal", "models/goal", "abc", 7, 28, "cpu", load_s=0.5)
    use.platform = "torch 2, AVX512"
    old = {
        "start": 0,
        "end": 2,
        "label": "my-label",
        "generation": 1,
        "began_unix_s": 1.0,
        "models_preloaded": [],
    }
    new = {"start": 5, "end": 6, "label": "my-label", "generation": 1, "began_unix_s": 2.0} | {
        "models_preloaded": [use.as_record()]
    }
    parts = [
        {**new, "config": rig.config(seed=3).as_dict()},
        {**old, "config": rig.config(seed=2).as_dict()},
    ]
    metrics = folder / "metrics.parquet"
    write_run_file(folder / "run.json", "my folder", "my scenes", 100, metrics, parts)
    return json.loads((folder / "run.json").read_text())


def test_the_run_file_holds_settings_versions_and_host(rig, tmp_path):
    run = written(rig, tmp_path)
    assert run["config"] == rig.config(seed=3).as_dict()
    assert (run["name"], run["label"]) == ("my folder", "my-label")
    assert run["environments"]["listed"] == 100
    assert run["environments"]["collected"] == [[5, 6], [0, 2]]
    assert run["environments"]["scenes_sha256"] == hashlib.sha256(b"abc").hexdigest()
    assert run["versions"]["namo"] == __version__
    assert (run["versions"]["results"], run["versions"]["schema"]) == (
        RESULTS_VERSION,
        SCHEMA_VERSION,
    )
    assert run["versions"]["mujoco"] == mujoco.__version__
    assert run["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"name", "system", "machine", "gpus"} <= set(run["host"])


def test_the_run_file_identifies_the_models(rig, tmp_path):
    assert written(rig, tmp_path)["models"] == {
        "goal": {
            "path": "models/goal",
            "sha256": "abc",
            "parameters": 7,
            "device": "cpu",
            "platform": "torch 2, AVX512",
        }
    }


def test_the_run_file_names_the_command(collected):
    run = json.loads((collected.output / "run.json").read_text())
    assert run["command"][0].endswith("sequential_ml_collection.py")
    assert run["command"][run["command"].index("--xml-dir") + 1] == str(collected.scenes)
    assert run["environments"]["source"] == str(collected.scenes)
    assert run["environments"]["listed"] == 6


def test_the_commit_is_that_of_the_code(rig, tmp_path):
    command = ["git", "-C", str(rig.repository), "rev-parse", "HEAD"]
    head = subprocess.run(command, capture_output=True, text=True)
    commit = written(rig, tmp_path)["git_commit"]
    if head.returncode:
        assert commit is None
    else:
        assert commit.removesuffix("-dirty") == head.stdout.strip()


def test_a_missing_package_is_stored_as_null(rig, tmp_path, monkeypatch):
    monkeypatch.setattr(run_file, "_PACKAGES", ("numpy", "no-such-package"))
    versions = written(rig, tmp_path)["versions"]
    assert versions["no-such-package"] is None
    assert versions["numpy"]


def test_a_machine_without_git_is_not_an_error(rig, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert written(rig, tmp_path)["git_commit"] is None
