"""The benchmark in separate processes: two scenes, planners without models."""

import json
import os
import signal
import subprocess
import time

import pyarrow.parquet as pq
import pytest
import yaml

from namo.scenes.generator.generation import Generator
from namo.scenes.generator.settings import GeneratorSettings
from namo.scenes.packed import pack
from namo.scenes.reading import parse_scene
from namo.scenes.writing import scene_xml


def packed_scenes(path):
    """Two packed scenes of different classes."""
    settings = GeneratorSettings(
        families={"room": 1.0}, boxes_in_passages=(1, 1), boxes_elsewhere=(0, 0), open_share=0.0
    )
    rows = []
    for number, kind in enumerate(["easy", "rooms_2"]):
        candidate = Generator(settings).draw(4 * number)
        text = scene_xml(candidate.scene)
        sha256 = parse_scene(text.encode(), kind).sha256
        rows.append(
            {"index": number, "file": f"{kind}.xml", "sha256": sha256, "difficulty": kind}
            | {"split": "benchmark", "layout_id": candidate.layout_id, "xml": text}
        )
    pack(path, rows)
    return str(path)


@pytest.fixture
def benchmark(pipeline):
    """Write the settings of a benchmark with given arms, and return their file."""
    pipeline.copy_rooms((0,))
    packed = packed_scenes(pipeline.folder / "packed.parquet")

    def write(**arms):
        config = pipeline.folder / "benchmark.yaml"
        names = ["random", *arms]
        given = {"scenes": packed, "arms": arms, "compare_arms": names, "seeds": 2, "pushes": 6}
        learning = {"output_dir": str(pipeline.folder / "learning")}
        config.write_text(yaml.safe_dump({"benchmark": given, "learning": learning}))
        return config

    return write


def arm_files(pipeline, *arms):
    """When each file of the searches of arms was written (ns), by path; logs are left out."""
    folder = pipeline.folder / "learning" / "benchmark" / "comparison"
    return {
        path: path.stat().st_mtime_ns
        for arm in arms
        for path in (folder / arm).rglob("*.p*")
        if path.suffix in (".pkl", ".parquet")
    }


@pytest.mark.slow
def test_planners_are_compared_in_packed_scenes(pipeline, benchmark):
    config = benchmark(short="idfs random random max_depth=1")
    done = pipeline.run("benchmark", "--configfile", config)
    assert done.returncode == 0, done.stdout
    folder = pipeline.folder / "learning" / "benchmark"
    table = (folder / "evaluation" / "evaluation.md").read_text()
    assert "| 1 easy | random |" in table
    assert "| 1 rooms 2 | random |" in table
    numbers = json.loads((folder / "evaluation" / "evaluation.json").read_text())
    assert numbers["baseline"] == "random"
    assert numbers["groups"]["all"]["episodes"] == 4
    assert "svg" in (folder / "evaluation" / "evaluation.svg").read_text()
    short = pq.read_table(folder / "comparison" / "short" / "metrics.parquet")
    assert set(short["max_depth_reached"].to_pylist()) <= {0, 1}
    again = pipeline.run("benchmark", "--configfile", config)
    assert "Nothing to be done" in again.stdout, again.stdout


@pytest.mark.slow
def test_a_new_arm_leaves_the_others_as_they_are(pipeline, benchmark):
    short = "idfs random random max_depth=1"
    done = pipeline.run("benchmark", "--configfile", benchmark(short=short))
    assert done.returncode == 0, done.stdout
    before = arm_files(pipeline, "random", "short")
    more = benchmark(short=short, nearest="idfs nearest_first random")
    done = pipeline.run("benchmark", "--configfile", more)
    assert done.returncode == 0, done.stdout
    assert arm_files(pipeline, "random", "short") == before
    folder = pipeline.folder / "learning" / "benchmark"
    numbers = json.loads((folder / "evaluation" / "evaluation.json").read_text())
    assert list(numbers["folders"]) == ["random", "short", "nearest"]


@pytest.mark.slow
def test_an_interrupted_benchmark_resumes(pipeline, benchmark):
    config = benchmark(short="idfs random random max_depth=1")
    command = pipeline.command("benchmark", "--configfile", config)
    with subprocess.Popen(command, cwd=pipeline.folder, start_new_session=True) as run:
        deadline = time.monotonic() + pipeline.patience_s
        while not arm_files(pipeline, "random", "short") and run.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(run.pid, signal.SIGINT)
    assert run.returncode != 0
    before = arm_files(pipeline, "random", "short")
    done = pipeline.run("benchmark", "--configfile", config)
    assert done.returncode == 0, done.stdout
    after = arm_files(pipeline, "random", "short")
    records = [path for path in before if path.name.endswith("_results.pkl")]
    assert records
    assert {path: after[path] for path in records} == {path: before[path] for path in records}
    assert len(after) > len(before)
