"""The same inputs give the same results for any chunk size, order and interruption."""

import os
import signal
import subprocess
import sys

import pytest

from namo.results.assemble import assemble

SOURCE = ("scenes", 0)

ROOMS = (0, 1, 6, 8, 11)

# Runs the collector and kills its process with SIGKILL at a chosen moment.
KILLED = """
import os, runpy, signal, sys
from pathlib import Path
from namo.collection import chunk

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

moment, count = sys.argv.pop(1), 0
write, collect, rename = chunk.write_record, chunk.collect_environment, Path.replace

def counted_write(path, record):
    global count
    count += 1
    if count == 3 and moment == "between bytes and name":
        Path.replace = die
    write(path, record)
    if count == 3 and moment == "after a file":
        die()

def counted_collect(*arguments):
    record = collect(*arguments)
    if count == 2 and moment == "before a file":
        die()
    return record

chunk.write_record, chunk.collect_environment = counted_write, counted_collect
if moment == "before the tables":
    chunk.write_part = die
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def scenes(rig, tmp_path_factory):
    return rig.copy_rooms(tmp_path_factory.mktemp("scenes"), ROOMS)


@pytest.fixture(scope="module", params=["idfs", "tree_idfs"])
def config(rig, request):
    return rig.config(algorithm=request.param, goal_strategy="random", episodes_per_env=2, seed=5)


@pytest.fixture(scope="module")
def at_once(rig, scenes, config, tmp_path_factory):
    """All environments in one chunk."""
    return rig.collect_and_merge(scenes, tmp_path_factory.mktemp("once"), config).content()


@pytest.mark.parametrize(
    "ranges",
    [
        [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)],
        [(0, 3), (3, 5)],
        [(4, 5), (2, 4), (0, 2)],
        [(0, 5)],
        [(0, 4), (2, 5)],
    ],
    ids=["one by one", "by threes", "backwards", "once more", "overlapping"],
)
def test_results_do_not_depend_on_chunks_or_their_order(
    rig, scenes, config, at_once, tmp_path, ranges
):
    for bounds in ranges:
        rig.collect(scenes, tmp_path, config, bounds)
    assemble(tmp_path, "host", *SOURCE)
    assert rig.opened(tmp_path, scenes).content() == at_once


def test_results_do_not_depend_on_threads(rig, scenes, config, at_once, tmp_path):
    rig.collect(scenes, tmp_path, config, threads=2)
    assemble(tmp_path, "host", *SOURCE)
    assert rig.opened(tmp_path, scenes).content() == at_once


def test_the_fixture_has_pushes_and_unsolved_episodes(at_once):
    assert len(at_once["pushes"]) >= 3
    assert {row["solution_found"] for row in at_once["metrics"]} == {True, False}


def test_a_different_seed_gives_different_pushes(rig, scenes, config, at_once, tmp_path):
    other = rig.config(**(config.as_dict() | {"seed": 6}))
    assert rig.collect_and_merge(scenes, tmp_path, other).content()["pushes"] != at_once["pushes"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "files"),
    [
        ("after a file", 3),
        ("before a file", 2),
        ("between bytes and name", 2),
        ("before the tables", 5),
    ],
)
@pytest.mark.parametrize("config", ["idfs"], indirect=True)
def test_a_killed_run_resumes_and_gives_the_same_results(
    rig, scenes, config, at_once, tmp_path, moment, files, capsys
):
    output = tmp_path / "out"
    command = [
        *(sys.executable, "-c", KILLED, moment, rig.script),
        *("--xml-dir", scenes, "--output-dir", output, "--hostname", "host"),
        *("--start-idx", "0", "--end-idx", "-1", "--episodes-per-env", "2", "--seed", "5"),
        *("--object-strategy", "nearest_first", "--max-depth", "3", "--max-pushes", "60"),
    ]
    killed = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(list(output.glob("*_results.pkl"))) == files
    assert not (output / "metrics.parquet").exists()
    result = rig.collect(scenes, output, config)
    assert result.resumed == files
    assemble(output, "host", *SOURCE)
    assert rig.opened(output, scenes).content() == at_once


@pytest.mark.slow
def test_two_processes_on_one_range_do_not_interfere(rig, scenes, config, at_once, tmp_path):
    settings = config.as_dict()
    command = [
        *(sys.executable, rig.script, "--xml-dir", scenes, "--output-dir", tmp_path / "out"),
        *("--hostname", "host", "--start-idx", "0", "--end-idx", "-1", "--part-only"),
        *("--episodes-per-env", "2", "--seed", "5", "--algorithm", settings["algorithm"]),
        *("--object-strategy", "nearest_first", "--max-depth", "3", "--max-pushes", "60"),
    ]
    both = [
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    texts = [process.communicate(timeout=120)[0].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(text.count("already done") for text in texts) == len(ROOMS)
    assemble(tmp_path / "out", "host", *SOURCE)
    assert rig.opened(tmp_path / "out", scenes).content() == at_once
