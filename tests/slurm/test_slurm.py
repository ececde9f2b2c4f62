"""The pipeline on a real SLURM: results, and what happens to jobs that it ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable

from namo.collection.status import status_of
from namo.results.parts import finished_parts
from tests.said import said
from tests.slurm.cluster import jobs
from tests.slurm.conftest import OnSlurm

CHUNKS = int(os.environ.get("NAMO_SLURM_CHUNKS", "6"))
"""Chunk jobs of the run that is compared with a local one."""

# Delays every environment; runs at every start of Python.
SLOW = """
import sys, time

if "--part-only" in sys.orig_argv:
    from namo.collection import chunk

    collect = chunk.collect_environment

    def slowly(*arguments):
        time.sleep({seconds})
        return collect(*arguments)

    chunk.collect_environment = slowly
"""

# Aborts the process of a chunk after its first new environment.
DIES = """
import os, sys

if "--part-only" in sys.orig_argv and "--start-idx 2 " in " ".join(sys.orig_argv):
    from namo.collection import chunk

    write = chunk.write_record

    def write_and_die(path, record):
        write(path, record)
        os.abort()

    chunk.write_record = write_and_die
"""


def injected(pipeline: OnSlurm, code: str) -> dict[str, str]:
    """The environment variables that run this code at every start of Python."""
    folder = pipeline.folder / "modules"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}


def wait_until(condition: Callable[[], object], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.2)


def test_a_cluster_gives_the_results_of_a_workstation(pipeline):
    pipeline.copy_rooms((0, 7, 6, 1, 11) * (CHUNKS * 2 // 5 + 1))
    pipeline.patience_s += 20 * CHUNKS
    settings = {"end_idx": 2 * CHUNKS, "hostname": "here", "max_pushes": 10}
    done = pipeline.submit(**settings)
    assert done.returncode == 0, done.stdout
    assert len(finished_parts(pipeline.output)) == CHUNKS
    assert [row["env_index"] for row in pipeline.table("metrics")] == list(range(2 * CHUNKS))
    for part in finished_parts(pipeline.output):
        assert part.metadata()["resumed"] == 0, "no environment was collected twice"
    assert len(set(re.findall(r"SLURM jobid (\d+)", done.stdout))) == CHUNKS

    on_slurm = {name: pipeline.table(name) for name in ("metrics", "pushes")}
    shutil.rmtree(pipeline.output)
    local = pipeline.run(**settings)
    assert local.returncode == 0, local.stdout
    assert {name: pipeline.table(name) for name in on_slurm} == on_slurm


def test_a_chunk_whose_process_dies_resumes_in_its_next_job(pipeline):
    pipeline.copy_rooms((0, 7, 6, 1, 11))
    with pipeline.submitted(environment=injected(pipeline, DIES)) as run:
        said, _ = run.communicate(timeout=pipeline.patience_s)
    assert run.returncode == 0, said
    assert [row["env_index"] for row in pipeline.table("metrics")] == [0, 1, 2, 3, 4]
    attempts = pipeline.attempts("000002-000004")
    assert attempts.count("began") == 3
    assert "died in environment" in attempts
    assert len(re.findall(r"env 00000\d +\d", attempts)) == 0, "each died before its result"
    slurm_logs = [*(pipeline.folder / "results" / "slurm_logs").rglob("*.log")]
    assert slurm_logs, "SLURM's own logs of failed jobs are kept"


def test_a_cancelled_job_loses_only_the_environment_it_was_in(pipeline):
    pipeline.copy_rooms((7, 6, 1, 11))
    environment = injected(pipeline, SLOW.format(seconds=4))
    with pipeline.submitted(environment=environment, chunk_size=4) as run:
        wait_until(lambda: len(pipeline.made()) >= 2)
        before = pipeline.made()
        subprocess.run(["scancel", *jobs()], check=True)
        said, _ = run.communicate(timeout=pipeline.patience_s)
    assert run.returncode == 0, said
    after = pipeline.made()
    assert {number: after[number] for number in before} == before
    assert sorted(after) == ["000000", "000001", "000002", "000003"]
    attempts = pipeline.attempts("000000-000004")
    assert "interrupted by SIGTERM" in attempts
    assert attempts.count("already done") == len(before)


def test_a_time_limit_ends_a_job_cleanly_and_the_next_resumes_as_if_undisturbed(pipeline):
    pipeline.copy_rooms((7, 6, 1, 11, 0))
    environment = injected(pipeline, SLOW.format(seconds=22))
    settings = {"chunk_size": 5, "max_pushes": 10, "hostname": "here"}
    with pipeline.submitted(environment=environment, **settings) as run:
        wait_until(pipeline.made, pipeline.patience_s)
        (job,) = jobs()
        subprocess.run(["scontrol", "update", f"JobId={job}", "TimeLimit=1"], check=True)  # minutes
        wait_until(lambda: "interrupted by SIGTERM" in attempts_so_far(pipeline), 180)
        status = status_of(pipeline.output)
        assert 0 < status.done < 5
        before = pipeline.made()
        printed, _ = run.communicate(timeout=pipeline.patience_s)
    assert run.returncode == 0, printed
    assert "TIMEOUT" in printed
    after = pipeline.made()
    assert {number: after[number] for number in before} == before
    (part,) = finished_parts(pipeline.output)
    assert part.metadata()["resumed"] >= len(before)
    journal = json.loads((part.folder / ".journal.json").read_text())
    assert (journal["deaths"], journal["running"]) == ({}, None), "no environment is blamed"

    disturbed = said(pipeline.opened(), pipeline.folder / "disturbed")
    shutil.rmtree(pipeline.output)
    undisturbed = pipeline.run(**settings)
    assert undisturbed.returncode == 0, undisturbed.stdout
    assert disturbed == said(pipeline.opened(), pipeline.folder / "undisturbed")


def attempts_so_far(pipeline: OnSlurm) -> str:
    (log,) = [*(pipeline.output / "logs" / "collect").glob("*.log.all")] or [None]
    return log.read_text() if log else ""


def test_a_gpu_is_requested_and_counted(pipeline):
    pipeline.copy_rooms((0, 7, 6, 1))
    environment = injected(pipeline, SLOW.format(seconds=1))
    arguments = ("--set-resources", "collect:gres='gpu:1'")
    with pipeline.submitted(*arguments, environment=environment) as run:
        wait_until(jobs)
        asked = subprocess.run(
            ["scontrol", "show", "job", jobs()[0]],
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        said, _ = run.communicate(timeout=pipeline.patience_s)
    assert run.returncode == 0, said
    assert re.search(r"Tres\w*=gres:gpu:1|TresPerNode=\S*gpu:1", asked), asked
    spans = sorted(
        (said["began_unix_s"], said["began_unix_s"] + said["duration_s"])
        for said in (part.metadata() for part in finished_parts(pipeline.output))
    )
    assert len(spans) == 2
    assert spans[0][1] <= spans[1][0], "there is one GPU, so one job at a time"
