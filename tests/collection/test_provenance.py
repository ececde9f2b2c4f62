import hashlib
import json
import subprocess
import sys

import mujoco

from namo.collection import provenance
from namo.collection.environment import Environment
from namo.collection.provenance import write_run_file
from namo.scenes.sources import environments_from
from namo.version import RESULTS_VERSION, SCHEMA_VERSION, __version__


def written(rig, folder):
    source = environments_from(None, None)
    range_ = [Environment(index, source.paths[index], "my-label") for index in (2, 3, 4)]
    write_run_file(folder, rig.config(seed=3), "my-label", source, range_)
    return json.loads((folder / "run.json").read_text())


def test_the_run_file_says_what_was_run_and_with_what(rig, tmp_path):
    run = written(rig, tmp_path)
    assert run["config"] == rig.config(seed=3).as_dict()
    assert run["label"] == "my-label"
    environments = run["environments"]
    assert (environments["listed"], environments["start"], environments["end"]) == (100, 2, 5)
    hashes = [
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in environments_from(None, None).paths[2:5]
    ]
    assert environments["scenes_sha256"] == hashlib.sha256("".join(hashes).encode()).hexdigest()
    assert run["versions"]["namo"] == __version__
    assert (run["versions"]["results"], run["versions"]["schema"]) == (
        RESULTS_VERSION,
        SCHEMA_VERSION,
    )
    assert run["versions"]["mujoco"] == mujoco.__version__
    assert run["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"name", "system", "machine", "gpus"} <= set(run["host"])


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


def test_a_missing_package_is_written_as_absent(rig, tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "_PACKAGES", ("numpy", "no-such-package"))
    versions = written(rig, tmp_path)["versions"]
    assert versions["no-such-package"] is None
    assert versions["numpy"]


def test_a_machine_without_git_is_no_error(rig, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert written(rig, tmp_path)["git_commit"] is None
