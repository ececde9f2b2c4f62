"""A collection that was interrupted says the same as one that was not."""

import copy
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from namo.reporting.page import PageInputs, make_page
from namo.results.run_file import read_run_file
from namo.results.schema import METRICS
from namo.results.summary_text import summary_text
from namo.results.tables import write_table
from tests.collecting import SCRIPT

ROOMS = (11, 1, 11, 0, 6, 11)
"""Those without a door take the whole budget: there is time to interrupt."""
COUNTED_PROCESSES = re.compile(
    r".*time_ms.*|total_duration_seconds|(began|ended)_unix_s|processes|peak_memory_bytes"
    r"|inference_time_ms|loads|(load|warm_up|forward)_s|seconds|latency_ms"
)


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


def without_clocks(value):
    """A summary with what clocks and processes decide set to a constant."""
    if not isinstance(value, dict):
        return [without_clocks(each) for each in value] if isinstance(value, list) else value
    constant = {"p50": 1.0, "p90": 1.0, "p99": 1.0, "max": 1.0}
    return {
        key: (
            without_clocks(item)
            if not COUNTED_PROCESSES.fullmatch(key)
            else constant
            if key == "latency_ms" and item
            else dict.fromkeys(item, 1.0)
            if isinstance(item, dict)
            else 1
        )
        for key, item in value.items()
    }


def said(collection, folder):
    """Page and summary of a collection whose clocks stand still, both as text."""
    shutil.copytree(collection.output, folder)
    rows = [
        {name: 1.0 if name.endswith("_time_ms") else value for name, value in row.items()}
        for row in collection.table("metrics")
    ]
    write_table(folder / "metrics.parquet", METRICS, [pa.Table.from_pylist(rows, METRICS)])
    summary = without_clocks(copy.deepcopy(collection.summary()))
    summary["collection_metadata"]["folder"] = "the same"
    run = {**read_run_file(folder), "name": "the same", "command": ["collect"]}
    page, text = make_page(PageInputs(folder, run, summary)), summary_text(summary, Path("out"))
    for path in (folder, collection.output):  # in commands
        page, text = (said.replace(str(path), "out") for said in (page, text))
    return page, text


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
    pages, texts = zip(said(one, tmp_path / "one"), said(other, tmp_path / "other"), strict=True)
    assert texts[0] == texts[1]
    assert pages[0] == pages[1]
