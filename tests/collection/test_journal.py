import json
import os
import signal
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest

from namo.collection import journal as module
from namo.collection.journal import (
    JOURNAL,
    MAX_EXTERNAL_KILLS,
    MAX_OWN_CRASHES,
    TRACES,
    CrashRecord,
    Journal,
    Running,
    progress_in,
    running_in,
)
from namo.errors import ResultFileError

PROGRESS = {"done": 3, "resumed": 1, "solved": 2, "failed": 0, "notes": 1, "latest": ["a note"]}

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
    """Run a process that works on an environment and ends in a given way; return its status."""
    command = [sys.executable, "-c", WORKER, str(folder), str(environment), fingerprint, end]
    return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode


def crashes(folder, environment=7, fingerprint="f"):
    return Journal(folder).crashes(environment, fingerprint)


@pytest.mark.parametrize("end", ["well", "slow", "raise"])
def test_a_process_that_leaves_the_block_has_not_crashed(tmp_path, end):
    work(tmp_path, end)
    assert Journal(tmp_path).last_crashes == []
    assert crashes(tmp_path) == CrashRecord("f")
    assert not [*tmp_path.glob(TRACES)]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("segfault", "Fatal Python error: Segmentation fault"),
        ("abort", "Fatal Python error: Aborted"),
        ("hang", "hung"),
    ],
)
def test_a_fatal_signal_or_a_hang_counts_as_a_crash_of_the_environment(tmp_path, end, reason):
    assert work(tmp_path, end) != 0
    (last,) = Journal(tmp_path).last_crashes
    assert "died in environment 7: " + reason in last
    found = crashes(tmp_path)
    assert (found.own, found.external) == (1, 0)
    assert 'File "<string>", line ' in found.reason, "it says where"


@pytest.mark.parametrize("end", ["kill", "leave"])
def test_a_kill_without_a_trace_counts_as_external(tmp_path, end):
    assert work(tmp_path, end) != 0
    found = crashes(tmp_path)
    assert (found.own, found.external) == (0, 1)
    assert "externally" in found.reason


def test_an_out_of_memory_kill_is_detected_by_the_kernel_count(tmp_path, monkeypatch):
    work(tmp_path, "kill")
    kills = module._memory_kills() + 1
    monkeypatch.setattr(module, "_memory_kills", lambda: kills)
    found = crashes(tmp_path)
    assert (found.own, found.external) == (1, 0)
    assert "out of memory" in found.reason


@pytest.mark.parametrize("changed", ["host", "boot"])
def test_counts_of_another_host_or_boot_are_ignored(tmp_path, monkeypatch, changed):
    work(tmp_path, "kill")
    kills = module._memory_kills() + 1
    monkeypatch.setattr(module, "_memory_kills", lambda: kills)
    path = tmp_path / JOURNAL
    content = json.loads(path.read_text())
    content["running"][changed] = "another"
    path.write_text(json.dumps(content))
    assert crashes(tmp_path).external == 1


@pytest.mark.parametrize(
    ("end", "own", "enough"),
    [("segfault", True, MAX_OWN_CRASHES), ("kill", False, MAX_EXTERNAL_KILLS)],
)
def test_an_environment_is_quarantined_after_the_maximum_of_crashes(tmp_path, end, own, enough):
    for count in range(1, enough + 1):
        work(tmp_path, end)
        found = crashes(tmp_path)
        assert (found.own if own else found.external) == count
        assert found.quarantined == (count == enough)


def test_crashes_of_another_fingerprint_do_not_count(tmp_path):
    work(tmp_path, "segfault", fingerprint="old")
    work(tmp_path, "segfault", fingerprint="old")
    assert crashes(tmp_path, fingerprint="new") == CrashRecord("new")
    work(tmp_path, "segfault", fingerprint="new")
    assert crashes(tmp_path, fingerprint="new").own == 1


def test_crashes_are_counted_per_environment(tmp_path):
    work(tmp_path, "segfault", environment=3)
    work(tmp_path, "segfault", environment=4)
    assert [crashes(tmp_path, number).own for number in (3, 4, 5)] == [1, 1, 0]


def test_deferred_environments_come_last(tmp_path):
    for environment, times in ((2, 1), (1, 2)):
        for _ in range(times):
            work(tmp_path, "kill", environment=environment)
    environments = [SimpleNamespace(index=index) for index in range(4)]
    assert [each.index for each in Journal(tmp_path).in_order(environments)] == [0, 2, 3, 1]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[" * 100_000, "[]", '{"deaths": {}}', '{"deaths": {"1": {}}, "running": null}'],
    ids=["empty", "cut off", "nested", "a list", "nothing runs", "an empty record"],
)
def test_a_damaged_journal_is_named(tmp_path, text):
    (tmp_path / JOURNAL).write_text(text)
    with pytest.raises(ResultFileError) as caught:
        Journal(tmp_path)
    assert str(tmp_path / JOURNAL) in str(caught.value)
    assert str(caught.value).endswith(
        "; it lists the environments that crashed a process: delete it to discard that"
    )


def test_a_journal_of_an_earlier_version_is_read_and_written_under_its_names(tmp_path):
    stored = {"fingerprint": "f", "own": 1, "other": 4, "reason": "killed"}
    running = {"environment": 7, "fingerprint": "f", "host": "h", "process": 3, "boot": "b"}
    running["memory_kills"] = 0
    (tmp_path / JOURNAL).write_text(json.dumps({"deaths": {"7": stored}, "running": running}))
    assert [each.environment for each in running_in(tmp_path)] == [7]
    journal = Journal(tmp_path)
    found = journal.crashes(7, "f")
    assert (found.own, found.external, found.count) == (1, 5, 6)
    assert found.quarantined
    written = json.loads((tmp_path / JOURNAL).read_text())
    assert written == {
        "deaths": {"7": {**stored, "other": 5, "reason": found.reason}},
        "running": None,
    }


def test_the_journal_names_the_process_and_its_environment(tmp_path):
    journal = Journal(tmp_path)
    with journal.working_on(5, "f"):
        running = json.loads((tmp_path / JOURNAL).read_text())["running"]
    found = [running[name] for name in ("environment", "fingerprint", "host", "process")]
    assert found == [5, "f", socket.gethostname(), os.getpid()]
    assert json.loads((tmp_path / JOURNAL).read_text())["running"] is None


def test_several_environments_in_progress_are_listed(tmp_path):
    journal = Journal(tmp_path)
    for environment in (5, 3, 4):
        journal.begin(environment, "f", 100 + environment)
    journal.end(3)
    assert journal.running == [5, 4]
    listed = running_in(tmp_path)
    assert [(each.environment, each.process) for each in listed] == [(5, 105), (4, 104)]


def test_the_death_of_one_of_several_is_counted_for_its_environment(tmp_path, monkeypatch):
    kills = [7]
    monkeypatch.setattr(module, "_memory_kills", lambda: kills[0])
    journal = Journal(tmp_path)
    for environment in (3, 4, 5):
        journal.begin(environment, "f", 100)
    journal.trace_file(3).write_text("Timeout (0:00:01)!\n")
    kills[0] += 1
    assert "died in environment 3: hung" in journal.died(3)
    assert "externally" in journal.died(4), "the kernel had killed another one before"
    assert journal.crashes(3, "f").own == journal.crashes(4, "f").external == 1
    assert journal.crashes(5, "f").count == 0
    assert [each.environment for each in running_in(tmp_path)] == [5]
    assert not journal.trace_file(3).exists()


def test_when_several_die_at_once_only_a_trace_blames_one(tmp_path, monkeypatch):
    journal = Journal(tmp_path)
    for environment in (3, 4):
        journal.begin(environment, "f", 100)
    journal.trace_file(4).write_text("Fatal Python error: Aborted\n")
    kills = module._memory_kills() + 1
    monkeypatch.setattr(module, "_memory_kills", lambda: kills)
    after = Journal(tmp_path)
    assert [line.partition(": ")[2] for line in after.last_crashes] == [
        "killed by the kernel, out of memory",
        "Fatal Python error: Aborted",
    ]
    assert (after.crashes(3, "f").own, after.crashes(3, "f").external) == (0, 1)
    assert (after.crashes(4, "f").own, after.crashes(4, "f").external) == (1, 0)


def test_a_line_about_a_death_names_process_host_and_environment(tmp_path):
    journal = Journal(tmp_path)
    journal.begin(3, "f", 100)
    here, reason = socket.gethostname(), "killed externally, or ended without a trace"
    assert journal.died(3) == f"process 100 on {here} died in environment 3: {reason}"
    assert journal.crashes(3, "f") == CrashRecord("f", 0, 1, reason)
    assert journal.running == running_in(tmp_path) == []


@pytest.mark.parametrize(
    ("trace", "own", "reason"),
    [
        (b"Timeout (0:01)!\nThread 1\n", 1, "hung\nTimeout (0:01)!\nThread 1"),
        (b"Fatal\nTimeout\n", 1, "Fatal\nTimeout"),
        (b" \xff \n", 1, "\N{REPLACEMENT CHARACTER}"),
        (b" \n", 0, "killed externally, or ended without a trace"),
    ],
    ids=["hung", "fatal", "not text", "empty"],
)
def test_the_trace_of_a_process_is_the_reason_of_its_death(tmp_path, trace, own, reason):
    journal = Journal(tmp_path)
    journal.begin(3, "f", 100)
    journal.trace_file(3).write_bytes(trace)
    journal.died(3)
    assert journal.crashes(3, "f") == CrashRecord("f", own, 1 - own, reason)


def test_memory_is_the_reason_only_if_the_kernel_killed_since_the_environment_started(
    tmp_path, monkeypatch
):
    kills = [7]
    monkeypatch.setattr(module, "_memory_kills", lambda: kills[0])
    journal = Journal(tmp_path)
    journal.begin(3, "f", 100)
    journal.died(3)
    assert journal.crashes(3, "f").own == 0, "these kills were of others"
    journal.begin(3, "f", 100)
    kills[0] += 1
    assert journal.died(3).endswith(": killed by the kernel, out of memory")
    assert journal.crashes(3, "f").own == 1


def test_traces_of_environments_that_are_over_are_removed(tmp_path):
    journal = Journal(tmp_path)
    for environment in (3, 4, 5):
        journal.begin(environment, "f", 100)
        journal.trace_file(environment).touch()
    assert journal.trace_file(3) == tmp_path / ".trace_000003.txt"
    journal.end(3, 4)
    assert [path.name for path in tmp_path.glob(TRACES)] == [".trace_000005.txt"]
    Journal(tmp_path)
    assert not [*tmp_path.glob(TRACES)]


def test_a_trace_that_another_process_removes_first_is_no_error(tmp_path, monkeypatch):
    gone = tmp_path / ".trace_000003.txt"
    monkeypatch.setattr(type(tmp_path), "glob", lambda folder, pattern: [gone])
    assert Journal(tmp_path).last_crashes == []


@pytest.mark.parametrize(
    ("own", "external", "deferred", "quarantined"),
    [
        (0, 0, False, False),
        (1, 0, False, False),
        (0, 1, False, False),
        (1, 1, True, False),
        (0, 2, True, False),
        (0, 4, True, False),
        (1, 4, True, False),
        (2, 0, True, True),
        (3, 0, True, True),
        (0, 5, True, True),
        (0, 6, True, True),
    ],
)
def test_two_deaths_defer_and_two_own_or_five_external_ones_quarantine(
    own, external, deferred, quarantined
):
    found = CrashRecord("f", own, external)
    assert (found.count, found.deferred, found.quarantined) == (
        own + external,
        deferred,
        quarantined,
    )
    assert found.reason == ""


def test_the_journal_is_json_that_says_what_runs_what_died_and_how_far_the_chunk_is(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "_memory_kills", lambda: 4)
    monkeypatch.setattr(module, "_boot", lambda: "b")
    progress = [None]
    journal = Journal(tmp_path, lambda: progress[0])
    journal.begin(7, "old", 9)
    journal.died(7)
    assert progress_in(tmp_path) is None
    progress[0] = PROGRESS
    journal.begin(8, "f", 100)
    content = {
        "deaths": {
            "7": {
                "fingerprint": "old",
                "own": 0,
                "other": 1,
                "reason": "killed externally, or ended without a trace",
            }
        },
        "progress": PROGRESS,
        "running": {
            "boot": "b",
            "environment": 8,
            "fingerprint": "f",
            "host": socket.gethostname(),
            "memory_kills": 4,
            "process": 100,
        },
    }
    written = (tmp_path / JOURNAL).read_text()
    assert written == json.dumps(content, indent=1, sort_keys=True)
    assert progress_in(tmp_path) == PROGRESS
    assert running_in(tmp_path) == [Running(8, "f", socket.gethostname(), 100, "b", 4)]


def test_progress_is_written_down_when_asked_for(tmp_path):
    progress = dict(PROGRESS)
    journal = Journal(tmp_path, lambda: progress)
    progress["done"] = 4
    assert progress_in(tmp_path)["done"] == 3
    journal.write_progress()
    assert progress_in(tmp_path) == {**PROGRESS, "done": 4}


def test_a_folder_without_a_journal_runs_nothing(tmp_path):
    assert running_in(tmp_path) == []
    assert progress_in(tmp_path) is None


def test_an_environment_in_the_journal_that_is_no_number_is_named(tmp_path):
    stored = {"fingerprint": "f", "own": 1, "other": 4, "reason": "killed"}
    (tmp_path / JOURNAL).write_text(json.dumps({"deaths": {"x": stored}, "running": None}))
    with pytest.raises(ResultFileError) as caught:
        Journal(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path / JOURNAL}: invalid literal for int() with base 10: 'x'; it lists the "
        "environments that crashed a process: delete it to discard that"
    )


def test_the_kernel_says_how_many_processes_it_killed_for_memory(monkeypatch):
    files = {"/proc/vmstat": "pgfault 12\noom_kill 34\noom_kill_more 56\n"}
    files["/proc/sys/kernel/random/boot_id"] = " 1-2\n"
    monkeypatch.setattr(module, "_content", lambda path: files[str(path)])
    assert module._memory_kills() == 34
    assert module._boot() == "1-2"
    files["/proc/vmstat"] = "pgfault 12\n"
    assert module._memory_kills() == 0


def test_other_systems_than_linux_have_neither_count_nor_boot(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("content")
    assert module._content(tmp_path / "file") == "content"
    assert module._content(tmp_path / "none") == ""
    assert module._content(tmp_path) == ""


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

watched, watch = [], journal.Watchdog.watch

def remembering_watch(watchdog, seconds):
    watched.append((watchdog, seconds))
    watch(watchdog, seconds)

journal.Watchdog.watch = remembering_watch

def run_episode(world, planner, config, index, *rest):
    if index == 1 and os.environ["END"] == "segfault":
        faulthandler._sigsegv()
    if index == 1 and os.environ["END"] == "hang":
        watchdog, seconds = watched[-1]
        assert seconds == 60 + 20  # of the search, and of grace
        watchdog.watch(1)  # nearly all of it has passed
        time.sleep(600)
    if index == 1 and os.environ["END"] == "term":
        os.kill(os.getpid(), signal.SIGTERM)
    if index == 1 and os.environ["END"] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(world, planner, config, index, *rest)

collect_environment.run_episode = run_episode
sys.exit(main(["collect", *sys.argv[1:]]))
"""


@pytest.fixture
def collect(rig, tmp_path):
    """A function that collects three rooms in a process; the second one ends it in a given way."""
    scenes = rig.copy_rooms(tmp_path / "scenes", (0, 1, 6))

    def run(end, start=0, stop=3):
        command = [sys.executable, "-c", COLLECTOR, "--xml-dir", scenes]
        command += ["--output-dir", tmp_path / "out", "--hostname", "host", "--part-only"]
        command += ["--start-idx", start, "--end-idx", stop, "--max-pushes", 40, "--max-depth", 2]
        command += ["--search-timeout", 60]
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


@pytest.mark.slow
@pytest.mark.parametrize(("end", "status"), [("segfault", -signal.SIGSEGV), ("hang", 1)])
def test_an_environment_that_crashes_its_process_twice_is_quarantined_alone(
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
    assert "quarantined after 2 processes died in it" in error["message"]
    assert "--start-idx 1 --end-idx 2" in error["command"]
    # It stays quarantined, and can be run alone.
    again = collect(end)
    assert again.returncode == 0
    assert collect("well", 1, 2).returncode == 0
    assert collection.record(1)["error"] is None


@pytest.mark.slow
def test_an_environment_killed_externally_is_collected_in_the_end(rig, collect, tmp_path):
    collection = rig.opened(tmp_path / "out", tmp_path / "scenes")
    first, second, third = (collect("kill") for _ in range(3))
    assert {run.returncode for run in (first, second, third)} == {-signal.SIGKILL}
    # After two of these the others come first.
    assert collection.record(2)["error"] is None
    assert collect("well").returncode == 0
    assert [collection.record(index)["error"] for index in range(3)] == [None] * 3


@pytest.mark.slow
def test_a_process_that_was_terminated_in_order_has_not_crashed(rig, collect, tmp_path):
    ended = collect("term")
    assert ended.returncode == 128 + signal.SIGTERM
    assert "interrupted by SIGTERM; finished environments are kept" in ended.stderr
    collection = rig.opened(tmp_path / "out", tmp_path / "scenes")
    assert [path.name for path in collection.files()] == ["host_env_000000_results.pkl"]
    (part,) = (tmp_path / "out" / "parts").iterdir()
    assert Journal(part).last_crashes == []
    assert collect("well").returncode == 0
    assert len(collection.files()) == 3
