"""A collection that was interrupted says the same as one that was not."""

import signal
import subprocess
import sys
import time

import pytest

from tests.collecting import SCRIPT
from tests.said import said

ROOMS = (11, 1, 11, 0, 6, 11)
"""Those without a door take the whole budget: there is time to interrupt."""


def started(scenes, folder, models):
    """The collector in a process of its own; signals are heard there."""
    settings = {**models, "algorithm": "best_first", "max_pushes": 60, "max_depth": 2}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    where = ["--xml-dir", scenes, "--output-dir", folder, "--hostname", "host"]
    return subprocess.Popen(
        [sys.executable, SCRIPT, *map(str, where), "--start-idx=0", "--end-idx=-1", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def interrupt(process, folder, environments, number):
    """Send a signal once some environments are finished."""
    while process.poll() is None and len([*folder.glob("*_results.pkl")]) < environments:
        time.sleep(0.005)
    process.send_signal(number)
    process.communicate()


@pytest.mark.slow
def test_an_interrupted_collection_says_what_an_undisturbed_one_says(rig, models, tmp_path):
    scenes = rig.copy_rooms(tmp_path / "scenes", ROOMS)
    undisturbed = tmp_path / "undisturbed"
    out, _ = started(scenes, undisturbed, models).communicate()
    assert (undisturbed / "report.html").exists(), out.decode()
    disturbed = tmp_path / "disturbed"
    interrupt(started(scenes, disturbed, models), disturbed, 1, signal.SIGKILL)
    interrupt(started(scenes, disturbed, models), disturbed, 3, signal.SIGINT)
    assert not (disturbed / "run.json").exists(), "it was interrupted"
    started(scenes, disturbed, models).communicate()

    one, other = (rig.opened(folder, scenes) for folder in (undisturbed, disturbed))
    rows = other.table("metrics")
    summary = other.summary()
    calls = sum(row["inference_calls"] for row in rows)
    assert sum(model["calls"] for model in summary["model_stats"]["models"]) == calls > 0
    processes = {row["worker_process"] for row in rows}
    assert summary["collection_metadata"]["processes"] == len(processes) == 3
    assert {model["loads"] for model in summary["model_stats"]["models"]} == {3}
    assert said(other, tmp_path / "other") == said(one, tmp_path / "one")
