import errno
import fcntl
import os
import socket
import subprocess
import sys

import pytest

from namo.errors import BusyError, NamoError
from namo.locks import holder_of, lock_held

HERE = f"{socket.gethostname()} (pid {os.getpid()})"

HOLD = """
import sys
from pathlib import Path
from namo.locks import lock_held

with lock_held(Path(sys.argv[1]), "which works", wait=False):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """A process that holds tmp_path/lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_lock_names_its_current_and_last_holder(tmp_path):
    path = tmp_path / "new folder" / "lock"
    assert holder_of(path) == ("", False)
    with lock_held(path, "which works", wait=False) as waited_for:
        assert waited_for is None
        assert holder_of(path) == (HERE, True)
    assert holder_of(path) == (HERE, False)


def test_a_held_lock_is_refused_and_its_holder_named(tmp_path, other):
    with (
        pytest.raises(BusyError, match=rf"lock: locked by .* \(pid {other.pid}\), which tidies up"),
        lock_held(tmp_path / "lock", "which tidies up", wait=False),
    ):
        pass


def test_the_lock_of_a_killed_process_is_released(tmp_path, other):
    other.kill()
    other.wait()
    with lock_held(tmp_path / "lock", "which works", wait=False):
        assert holder_of(tmp_path / "lock") == (HERE, True)


def test_a_lock_is_released_if_the_block_raises(tmp_path):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), lock_held(tmp_path / "lock", "", wait=False):
            raise ZeroDivisionError


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP])
def test_a_file_system_without_locks_is_reported(tmp_path, monkeypatch, number):
    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with (
        pytest.raises(NamoError, match="lock: this file system does not support locks"),
        lock_held(tmp_path / "lock", "", wait=False),
    ):
        pass
