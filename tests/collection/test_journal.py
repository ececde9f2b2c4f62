import json
import os
import signal
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest

from namo.collection import journal as module
from namo.collection.journal import JOURNAL, OTHER_DEATHS, OWN_DEATHS, TRACE, Deaths, Journal
from namo.errors import ResultFileError

WORKER = """
import faulthandler, os, signal, sys, time
from pathlib import Path
from namo.collection.journal import Journal

folder, environment, fingerprint, end = sys.argv[1:]
journal = Journal(Path(folder))
with journal.working_on(int(environment), fingerprint) as watchdog:
    if end == "segfault":
        faulthandler._sigsegv()
    if end == "abort":
        os.abort()
    if end == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if end == "leave":
        os._exit(3)
    if end == "hang":
        watchdog.watch(0.2)
        time.sleep(60)
    if end == "slow":
        watchdog.watch(0.5)
        time.sleep(0.3)
        watchdog.watch(0.5)
        time.sleep(0.3)
    if end == "raise":
        raise KeyboardInterrupt
"""


def work(folder, end, environment=7, fingerprint="f"):
    """Let a process work on an environment and end in some way; return its exit status."""
    command = [sys.executable, "-c", WORKER, str(folder), str(environment), fingerprint, end]
    return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode


def deaths(folder, environment=7, fingerprint="f"):
    return Journal(folder).deaths(environment, fingerprint)


@pytest.mark.parametrize("end", ["well", "slow", "raise"])
def test_who_leaves_by_itself_has_not_died(tmp_path, end):
    work(tmp_path, end)
    assert Journal(tmp_path).last is None
    assert deaths(tmp_path) == Deaths("f")
    assert not (tmp_path / TRACE).exists()


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("segfault", "Fatal Python error: Segmentation fault"),
        ("abort", "Fatal Python error: Aborted"),
        ("hang", "hung"),
    ],
)
def test_a_fatal_signal_or_a_hang_is_the_fault_of_the_environment(tmp_path, end, reason):
    assert work(tmp_path, end) != 0
    last = Journal(tmp_path).last
    assert "died in environment 7: " + reason in last
    found = deaths(tmp_path)
    assert (found.own, found.other) == (1, 0)
    assert 'File "<string>", line ' in found.reason, "it says where"


@pytest.mark.parametrize("end", ["kill", "leave"])
def test_a_death_without_a_trace_is_no_fault_of_the_environment(tmp_path, end):
    assert work(tmp_path, end) != 0
    found = deaths(tmp_path)
    assert (found.own, found.other) == (0, 1)
    assert "from outside" in found.reason


def test_a_death_for_memory_is_told_by_what_the_kernel_counts(tmp_path, monkeypatch):
    work(tmp_path, "kill")
    kills = module._memory_kills() + 1
    monkeypatch.setattr(module, "_memory_kills", lambda: kills)
    found = deaths(tmp_path)
    assert (found.own, found.other) == (1, 0)
    assert "out of memory" in found.reason


@pytest.mark.parametrize("changed", ["host", "boot"])
def test_what_another_kernel_counted_says_nothing(tmp_path, monkeypatch, changed):
    work(tmp_path, "kill")
    kills = module._memory_kills() + 1
    monkeypatch.setattr(module, "_memory_kills", lambda: kills)
    path = tmp_path / JOURNAL
    content = json.loads(path.read_text())
    content["running"][changed] = "another"
    path.write_text(json.dumps(content))
    assert deaths(tmp_path).other == 1


@pytest.mark.parametrize(
    ("end", "own", "enough"), [("segfault", True, OWN_DEATHS), ("kill", False, OTHER_DEATHS)]
)
def test_an_environment_is_set_aside_after_so_many_deaths(tmp_path, end, own, enough):
    for count in range(1, enough + 1):
        work(tmp_path, end)
        found = deaths(tmp_path)
        assert (found.own if own else found.other) == count
        assert found.is_enough == (count == enough)


def test_deaths_of_another_fingerprint_do_not_count(tmp_path):
    work(tmp_path, "segfault", fingerprint="old")
    work(tmp_path, "segfault", fingerprint="old")
    assert deaths(tmp_path, fingerprint="new") == Deaths("new")
    work(tmp_path, "segfault", fingerprint="new")
    assert deaths(tmp_path, fingerprint="new").own == 1


def test_deaths_of_one_environment_are_not_those_of_another(tmp_path):
    work(tmp_path, "segfault", environment=3)
    work(tmp_path, "segfault", environment=4)
    assert [deaths(tmp_path, number).own for number in (3, 4, 5)] == [1, 1, 0]


def test_environments_under_suspicion_come_last(tmp_path):
    for environment, times in ((2, 1), (1, 2)):
        for _ in range(times):
            work(tmp_path, "kill", environment=environment)
    environments = [SimpleNamespace(index=index) for index in range(4)]
    assert [each.index for each in Journal(tmp_path).in_order(environments)] == [0, 2, 3, 1]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[" * 100_000, "[]", '{"deaths": {}}', '{"deaths": {"1": {}}, "running": null}'],
)
def test_a_damaged_journal_is_named(tmp_path, text):
    (tmp_path / JOURNAL).write_text(text)
    with pytest.raises(ResultFileError) as caught:
        Journal(tmp_path)
    assert str(tmp_path / JOURNAL) in str(caught.value)
    assert "delete it" in str(caught.value)


def test_the_journal_names_who_is_at_work(tmp_path):
    journal = Journal(tmp_path)
    with journal.working_on(5, "f"):
        running = json.loads((tmp_path / JOURNAL).read_text())["running"]
    assert (running["environment"], running["host"], running["process"]) == (
        5,
        socket.gethostname(),
        os.getpid(),
    )
    assert json.loads((tmp_path / JOURNAL).read_text())["running"] is None


def test_a_process_keeps_the_fault_handler_it_had(tmp_path):
    import faulthandler

    before = faulthandler.is_enabled()
    with Journal(tmp_path).working_on(5, "f"):
        assert faulthandler.is_enabled()
    assert faulthandler.is_enabled() == before


# ---- in a chunk

COLLECTOR = """
import faulthandler, os, signal, sys, time
from namo.collection import collect_environment, journal
from namo.commands.main import main

whole, journal.GRACE_S = collect_environment.run_episode, float(os.environ["GRACE"])
from namo.collection import chunk
chunk.GRACE_S = journal.GRACE_S

def run_episode(world, planner, config, index, *rest):
    if index == 1 and os.environ["END"] == "segfault":
        faulthandler._sigsegv()
    if index == 1 and os.environ["END"] == "hang":
        time.sleep(600)
    if index == 1 and os.environ["END"] == "term":
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(600)
    if index == 1 and os.environ["END"] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(world, planner, config, index, *rest)

collect_environment.run_episode = run_episode
sys.exit(main(["collect", *sys.argv[1:]]))
"""


@pytest.fixture
def collect(rig, tmp_path):
    """Collect three rooms in a process of its own, the second of which ends it in some way."""
    scenes = rig.copy_rooms(tmp_path / "scenes", (0, 1, 6))

    def run(end, start=0, stop=3):
        command = [sys.executable, "-c", COLLECTOR, "--xml-dir", scenes]
        command += ["--output-dir", tmp_path / "out", "--hostname", "host", "--part-only"]
        command += ["--start-idx", start, "--end-idx", stop, "--max-pushes", 40, "--max-depth", 2]
        command += ["--search-timeout", 0.5 if end == "hang" else 60]
        environment = os.environ | {"END": end, "GRACE": "20"}
        return subprocess.run(
            [str(word) for word in command],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.mark.parametrize(("end", "status"), [("segfault", -signal.SIGSEGV), ("hang", 1)])
def test_an_environment_that_ends_its_process_twice_costs_one_environment(
    rig, collect, tmp_path, end, status
):
    collection = rig.opened(tmp_path / "out", tmp_path / "scenes")
    assert [collect(end).returncode for _ in range(2)] == [status, status]
    last = collect(end)
    assert last.returncode == 0, last.stdout + last.stderr
    records = [collection.record(index) for index in range(3)]
    assert [record["error"] is None for record in records] == [True, False, True]
    error = records[1]["error"]
    assert error["kind"] == "crashed"
    assert "set aside after 2 processes died in it" in error["message"]
    assert "--start-idx 1 --end-idx 2" in error["command"]
    # It stays aside, and can be run alone.
    again = collect(end)
    assert again.returncode == 0
    assert collect("well", 1, 2).returncode == 0
    assert collection.record(1)["error"] is None


def test_an_environment_killed_from_outside_is_collected_in_the_end(rig, collect, tmp_path):
    collection = rig.opened(tmp_path / "out", tmp_path / "scenes")
    first, second, third = (collect("kill") for _ in range(3))
    assert {run.returncode for run in (first, second, third)} == {-signal.SIGKILL}
    # After two of these the others come first.
    assert collection.record(2)["error"] is None
    assert collect("well").returncode == 0
    assert [collection.record(index)["error"] for index in range(3)] == [None] * 3


def test_a_process_that_was_asked_to_end_has_not_died(rig, collect, tmp_path):
    ended = collect("term")
    assert ended.returncode == 128 + signal.SIGTERM
    assert "interrupted by SIGTERM; finished environments are kept" in ended.stderr
    collection = rig.opened(tmp_path / "out", tmp_path / "scenes")
    assert [path.name for path in collection.files()] == ["host_env_000000_results.pkl"]
    (part,) = (tmp_path / "out" / "parts").iterdir()
    assert Journal(part).last is None
    assert collect("well").returncode == 0
    assert len(collection.files()) == 3
