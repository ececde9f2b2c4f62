import os
import signal
import subprocess
import time

import pyarrow.parquet as pq
import pytest
import yaml

from tests.workflow.conftest import REPOSITORY, TOOLS

QUICK = {
    "families": {"room": 1},
    "boxes_in_passages": [1, 1],
    "boxes_elsewhere": [0, 0],
    "door_width_m": [0.75, 0.8],
    "box_size_m": [0.6, 0.6],
    "box_aspect": [1.0, 1.0],
    "certify_pushes": 3,
    "certify_depth": 1,
    "candidates_per_chunk": 2,
    "candidates_per_round": 4,
    "max_candidates": 20,
}


@pytest.fixture
def make(pipeline):
    """Generate scenes with these settings in the pipeline's folder; returns the process."""

    def make(*targets, manifest=None, **scenes):
        path = pipeline.folder / "scenes.yaml"
        given = {**QUICK, "output_dir": str(pipeline.folder / "made"), **scenes}
        # Without the default families, which a merged mapping would keep.
        families = dict.fromkeys(("row", "corridor", "maze", "apartment"), 0) | given["families"]
        path.write_text(yaml.safe_dump({"scenes": {**given, "families": families}}))
        arguments = ("--configfile", path)
        return pipeline.run(*targets, *arguments, xml_dir=None, manifest=manifest)

    return make


def files(folder):
    return {path.name: path.read_bytes() for path in folder.glob("scene_*.xml")}


@pytest.mark.slow
def test_the_stage_generates_scenes_and_counts_each_class(pipeline, make):
    done = make("scenes", count=3)
    assert done.returncode == 0, done.stdout
    assert "3 scenes of" in done.stdout
    made = pipeline.folder / "made"
    assert len(files(made)) == 3
    rows = pq.read_table(made / "scenes.parquet").to_pylist()
    assert [row["index"] for row in rows] == [0, 1, 2]
    assert all(row["difficulty"] for row in rows)
    again = make("scenes", count=3)
    assert "Nothing to be done" in again.stdout
    chunks = {path: path.stat().st_mtime_ns for path in (made / "candidates").glob("*.parquet")}
    before = files(made)
    more = make("scenes", count=5)  # needs a second round
    assert more.returncode == 0, more.stdout
    assert before.items() <= files(made).items()
    assert len(files(made)) == 5, more.stdout
    kept = {path: path.stat().st_mtime_ns for path in chunks}
    assert kept == chunks, "no candidate is measured twice"


@pytest.mark.slow
def test_scenes_are_generated_and_collected_in_one_run(pipeline, make):
    manifest = pipeline.folder / "made" / "scenes.parquet"
    done = make(manifest=manifest, count=3)
    assert done.returncode == 0, done.stdout
    rows = pipeline.table("metrics")
    listed = pq.read_table(manifest).to_pylist()
    assert [row["difficulty"] for row in rows] == [row["difficulty"] for row in listed]
    assert [row["scene_sha256"] for row in rows] == [row["sha256"] for row in listed]


@pytest.mark.slow
def test_quotas_out_of_reach_fail_with_what_was_found(pipeline, make):
    done = make("scenes", quotas={"three_or_more": 1}, max_candidates=4)
    assert done.returncode != 0
    assert "4 candidates leave these missing: 1 of three_or_more" in done.stdout
    assert not (pipeline.folder / "made" / "scenes.parquet").exists()


def test_wrong_settings_are_named_before_anything_is_written(pipeline, make):
    done = make("scenes", cuont=3)
    assert done.returncode != 0
    assert "configuration: scenes: unknown key 'cuont'; did you mean 'count'" in done.stdout
    assert not (pipeline.folder / "made").exists()


@pytest.mark.slow
def test_a_killed_chunk_resumes(pipeline, make, tmp_path):
    settings = {**QUICK, "candidates_per_chunk": 12, "candidates_per_round": 12}
    path = tmp_path / "kill.yaml"
    path.write_text(yaml.safe_dump({"scenes": settings}))
    output = tmp_path / "killed"
    command = [TOOLS / "namo", "scenes", "generate", "--config", path, "--output", output]
    command += ["--count", "8"]
    running = subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True)
    journals = output / "candidates"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found = list(journals.glob("*.journal")) if journals.exists() else []
        if found and found[0].read_bytes().count(b"\n") >= 3:
            break
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    before = found[0].read_bytes().splitlines()
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    undisturbed = [tmp_path / "undisturbed" if part == output else part for part in command]
    assert subprocess.run(undisturbed, cwd=REPOSITORY, capture_output=True).returncode == 0
    assert files(output) == files(tmp_path / "undisturbed")
    assert len(before) >= 3
    assert not list(journals.glob("*.journal"))


@pytest.mark.slow
def test_another_set_in_the_same_folder_leaves_nothing_of_the_first(pipeline, make):
    assert make("scenes", count=4, certify=False).returncode == 0
    made = pipeline.folder / "made"
    first = files(made)
    assert make("scenes", count=2, certify=False).returncode == 0
    assert files(made).items() <= first.items()
    assert len(files(made)) == 2
    done = make("scenes", count=3, certify=False, seed=5)
    assert done.returncode == 0, done.stdout
    second = files(made)
    assert len(second) == 3
    assert not set(first.values()) & set(second.values())
    manifest = made / "scenes.parquet"
    refused = make(manifest=manifest, count=3, certify=False, seed=6)
    assert refused.returncode != 0
    assert "was made with other settings: seed 5 instead of 6" in refused.stdout
