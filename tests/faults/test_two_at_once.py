import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from namo.collection.journal import TRACES, running_in

SCRIPT = Path(__file__).resolve().parents[2] / "workflow/scripts/sequential_ml_collection.py"

# Works for a minute on each environment.
SLOW = """
import runpy, sys, time
from namo.collection import chunk

collect = chunk.collect_environment

def slowly(*arguments):
    time.sleep(60)
    return collect(*arguments)

chunk.collect_environment = slowly
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def is_collecting(part):
    """Whether an environment is under way: the journal names it, and its trace is open."""
    return bool(running_in(part)) and any(part.glob(TRACES))


@pytest.fixture
def first(collector):
    """A collector that is working in the folder."""
    with subprocess.Popen([sys.executable, "-c", SLOW, SCRIPT, *collector.arguments]) as process:
        end = time.monotonic() + 300
        while not any(map(is_collecting, collector.output.glob("parts/*"))):
            assert time.monotonic() < end
            time.sleep(0.05)
        yield process
        process.kill()


@pytest.mark.parametrize(
    "more",
    [
        (),
        pytest.param(("--start-idx", "1"), marks=pytest.mark.slow),
        pytest.param(("--start-idx", "0", "--end-idx", "1"), marks=pytest.mark.slow),
    ],
)
def test_a_second_collector_of_the_same_environments_refuses_and_names_the_first(
    first, collector, more, capsys
):
    before = sorted(collector.output.rglob("*"))
    assert collector.run(*more) == 1
    said = capsys.readouterr().err
    assert f"{socket.gethostname()} (pid {first.pid})" in said
    assert "000000-000003" in said
    assert "end it" in said or "stop it" in said
    new = set(collector.output.rglob("*")) - set(before)
    assert {path.name for path in new} <= {".lock", "000001-000003", "000000-000001"}
    assert first.poll() is None


def test_the_next_collector_resumes_after_the_first_was_killed(
    first, collector, undisturbed, capsys
):
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert collector.run() == 0
    assert f"process {first.pid} on {socket.gethostname()} died" in capsys.readouterr().err
    assert collector.content() == undisturbed
    assert collector.temporary() == []
