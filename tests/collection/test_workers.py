"""Several workers of one chunk: the results of one, and what happens when workers die."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest

from namo.collection.journal import TRACES, running_in
from namo.results.assemble import assemble
from tests.collecting import SOURCE

# Collects as the command does, but FAULT=what:environment happens in one environment: `segfault`,
# `hang`, `slow`, `model` and `full` always, anything else for the first time. Killed for memory
# means: by a signal, and the kernel's count is one higher. Each environment begins after up to
# DELAY s. One worker loads nothing of several: its exit code is 9 if it does. PASSES=1 has models
# treated as if they were on a GPU: passes have a fixed shape, and one process holds them for all
# workers.
COLLECTOR = """
import errno, faulthandler, os, random, signal, sys, time
from pathlib import Path
from namo.collection import chunk, journal, watchdog
from namo.commands.main import main
from namo.errors import ModelError

what, _, index = os.environ["FAULT"].partition(":")
whole, write, watch = chunk.collect_environment, chunk.write_record, watchdog.Watchdog.watch
memory_kills = Path(os.environ["ONCE"] + "_memory_kills")
journal._memory_kills = lambda: int(memory_kills.exists())

def is_first():
    try:
        return not Path(os.environ["ONCE"]).mkdir()
    except FileExistsError:
        return False

def collect(environment, *rest):
    time.sleep(random.uniform(0, float(os.environ["DELAY"])))
    if str(environment.index) == index:
        if what == "segfault":
            faulthandler._sigsegv()
        if what == "hang" or (what == "hang_once" and is_first()):
            watchdog.Watchdog.watch = lambda self, seconds: watch(self, 0.5)
            rest[5]()
            time.sleep(600)
        if what == "slow":
            time.sleep(600)
        if what == "model":
            raise ModelError("the model: broken")
        if what == "owner" and is_first():
            os.kill(rest[3][0]._model._link._owner, signal.SIGKILL)
        if what in ("kill", "memory", "term") and is_first():
            if what == "memory":
                memory_kills.touch()
            os.kill(os.getpid(), signal.SIGTERM if what == "term" else signal.SIGKILL)
    return whole(environment, *rest)

def full(path, record):
    if what == "full" and str(record["env_index"]) == index:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))
    write(path, record)

if os.environ.get("PASSES"):
    from namo.collection import models
    from namo.learning import loaded_model
    from namo.learning.loaded_model import LoadedModel, device_named
    from namo.learning.passes import PASS_SHAPES

    def load(path, kind, device, trust_code=False):
        return LoadedModel(path, kind, device_named(device), PASS_SHAPES[kind])

    loaded_model.load_model, models._needs_owner = load, lambda config: True
chunk.collect_environment, chunk.write_record = collect, full
code = main(["collect", *sys.argv[1:]])
sys.exit(code or 9 * (sys.argv[-1] == "1" and "namo.collection.worker_processes" in sys.modules))
"""
ROOMS = (0, 1, 11, 6, 11, 8, 0)


@pytest.fixture(scope="module")
def scenes(rig, tmp_path_factory):
    return rig.copy_rooms(tmp_path_factory.mktemp("workers") / "scenes", ROOMS)


@pytest.fixture(scope="module")
def undisturbed(rig, scenes, tmp_path_factory):
    """What one worker finds."""
    config = rig.config(max_depth=2, max_pushes=20)
    return rig.collect_and_merge(scenes, tmp_path_factory.mktemp("one") / "out", config)


@pytest.fixture
def started(scenes, tmp_path):
    """A function that starts a collection with some workers, in a process of its own."""

    def start(workers=2, fault="", delay=0.0, *more, output=tmp_path / "out"):
        command = [sys.executable, "-c", COLLECTOR, "--xml-dir", scenes, "--output-dir", output]
        command += ["--hostname", "host", "--start-idx", 0, "--end-idx", -1, "--part-only"]
        command += ["--object-strategy", "nearest_first", "--max-pushes", 20, "--max-depth", 2]
        command += [*more, "--workers", workers]
        return subprocess.Popen(
            [str(word) for word in command],
            env=os.environ | {"FAULT": fault, "ONCE": tmp_path / "once", "DELAY": str(delay)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    return start


@pytest.fixture
def collect(started):
    """A function that does so until its end; returns its exit code and what it printed."""

    def run(*arguments, **options):
        process = started(*arguments, **options)
        out, _ = process.communicate(timeout=300)
        return process.returncode, out

    return run


@pytest.fixture
def opened(rig, scenes, tmp_path):
    """The collection."""
    return rig.opened(tmp_path / "out", scenes)


def working_on(part):
    """The environments that a chunk is at, by number."""
    return [each.environment for each in running_in(part)]


def wait_for(process, opened, index):
    """Wait until a worker of a process is at an environment."""
    end = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < end:
        for part in opened.output.glob("parts/*"):
            if index in working_on(part):
                return
        time.sleep(0.02)
    raise AssertionError(process.communicate(timeout=10)[0])


def leftovers(opened):
    """Temporary files of processes that have ended."""
    return [*opened.output.rglob(".*.partial"), *opened.output.rglob(TRACES)]


def test_two_workers_find_what_one_finds(collect, opened, undisturbed):
    code, out = collect(2)
    assert code == 0, out
    assemble(opened.output, "host", *SOURCE)
    assert opened.content() == undisturbed.content()
    rows = opened.table("metrics")
    assert [row["env_index"] for row in rows] == list(range(len(ROOMS)))
    assert len({row["worker_process"] for row in rows}) == 2
    assert not leftovers(opened)
    code, out = collect(2)
    assert (code, out.count("already done")) == (0, len(ROOMS))


def test_workers_have_one_thread_each_whatever_the_environment_says(
    collect, opened, undisturbed, monkeypatch
):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")  # as Snakemake does in a job of two cores
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    code, out = collect(2)
    assert code == 0, out
    assemble(opened.output, "host", *SOURCE)
    assert opened.content() == undisturbed.content()


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["best_first", "idfs"])
def test_results_depend_neither_on_the_number_of_workers_nor_on_their_order(
    rig, scenes, models, collect, tmp_path, algorithm
):
    options = [f"--{name.replace('_', '-')}={value}" for name, value in models.items()]
    contents = []
    for workers in (1, 2, 3, 8):
        output, delay = tmp_path / str(workers), 0.0 if workers == 1 else 0.5
        code, out = collect(workers, "", delay, "--algorithm", algorithm, *options, output=output)
        assert code == 0, out
        assemble(output, "host", *SOURCE)
        contents.append(rig.opened(output, scenes).content())
        (marker,) = output.glob("parts/*/part.json")
        uses = json.loads(marker.read_text())["models_preloaded"]
        assert [use["loads"] for use in uses] == [1, 1]
    assert contents[1:] == contents[:1] * 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("kill", "died in environment 2: killed externally"),
        ("memory", "died in environment 2: killed by the kernel, out of memory"),
        ("hang_once", "died in environment 2: hung"),
        ("term", "was asked to end in environment 2"),
    ],
)
def test_a_worker_that_is_ended_is_named_and_replaced(collect, opened, undisturbed, what, said):
    code, out = collect(2, f"{what}:2")
    assert code == 0, out
    assert re.search(rf"process \d+ .*{said}", out)
    assemble(opened.output, "host", *SOURCE)
    assert opened.content() == undisturbed.content()
    processes = {row["worker_process"] for row in opened.table("metrics")}
    # While one hangs, the other may do all the rest.
    assert len(processes) in ((2, 3) if what == "hang_once" else (3,))
    assert not leftovers(opened)


@pytest.mark.slow
@pytest.mark.parametrize(("what", "reason"), [("segfault", "Segmentation fault"), ("hang", "hung")])
def test_an_environment_that_crashes_its_workers_is_quarantined_alone(
    collect, opened, undisturbed, what, reason
):
    code, out = collect(3, f"{what}:1")
    assert code == 0, out
    assert out.count("died in environment 1") == 2
    error = opened.record(1)["error"]
    assert error["kind"] == "crashed"
    assert reason in error["message"]
    records, expected = opened.plain_records(), undisturbed.plain_records()
    name = opened.files()[1].name
    assert records.pop(name) != expected.pop(name)
    assert records == expected
    assert not leftovers(opened)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_their_chunk(started, collect, opened, undisturbed, number):
    process = started(3, "slow:2")
    wait_for(process, opened, 2)
    (part,) = opened.output.glob("parts/*")
    while len(opened.files()) < len(ROOMS) - 1 or working_on(part) != [2]:
        assert process.poll() is None
        time.sleep(0.02)
    finished = {path: path.stat().st_mtime_ns for path in opened.files()}
    workers = psutil.Process(process.pid).children(recursive=True)
    assert workers
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    _, alive = psutil.wait_procs(workers, timeout=5)
    assert not alive
    if number == signal.SIGKILL:
        assert process.returncode == -number
        assert working_on(part) == [2]
    else:
        assert process.returncode == 128 + number
        assert "interrupted by SIG" in out
        assert "finished environments are kept" in out
        assert running_in(part) == []
        assert not leftovers(opened)
    code, out = collect(3)
    assert code == 0, out
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assemble(opened.output, "host", *SOURCE)
    assert opened.content() == undisturbed.content()


@pytest.mark.slow
def test_workers_whose_models_another_process_holds_find_what_one_process_finds(
    rig, scenes, models, started, tmp_path, monkeypatch
):
    monkeypatch.setenv("PASSES", "1")
    options = [f"--{name.replace('_', '-')}={value}" for name, value in models.items()]
    options += ["--algorithm", "best_first"]

    others = psutil.Process().children(recursive=True)

    def content(workers, fault=""):
        output = tmp_path / f"{workers}{fault}"
        codes = []
        while not codes or codes[-1] == 1:
            process = started(workers, fault, 0.3, *options, output=output)
            out, _ = process.communicate(timeout=300)
            codes.append(process.returncode)
            if codes[-1] == 1:
                assert "which holds the models, has ended; rerun the same command" in out
        assert codes == ([1, 0] if fault else [0]), out
        assert {*psutil.Process().children(recursive=True)} <= {*others}
        assemble(output, "host", *SOURCE)
        (marker,) = output.glob("parts/*/part.json")
        uses = json.loads(marker.read_text())["models_preloaded"]
        assert [use["loads"] for use in uses] == [len(codes)] * 2
        return rig.opened(output, scenes).content()

    alone = content(1)
    assert content(3) == alone
    assert content(3, "owner:3") == alone


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("fault", "said"),
    [("full:1", "No space left on device"), ("model:1", "error: the model: broken")],
)
def test_what_is_no_fault_of_an_environment_ends_the_run(collect, opened, workers, fault, said):
    code, out = collect(workers, fault)
    assert code == 1
    assert said in out.splitlines()[-1]
    assert "Traceback" not in out
    (part,) = opened.output.glob("parts/*")
    assert running_in(part) == []
    assert not leftovers(opened)


@pytest.mark.slow
def test_a_process_with_other_threads_is_not_forked(started, opened, scenes):
    script = (
        "import sys, threading; threading.Thread(target=threading.Event().wait, daemon=True)"
        ".start(); from namo.commands.main import main; sys.exit(main(sys.argv[1:]))"
    )
    command = ["collect", "--xml-dir", scenes, "--output-dir", opened.output, "--workers", 2]
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, command), "--start-idx=0", "--end-idx=-1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "--workers forks this process, which must have one thread" in done.stderr
    assert not opened.output.exists()
