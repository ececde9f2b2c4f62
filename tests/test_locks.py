import errno
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest

from namo import locks
from namo.errors import BusyError, NamoError
from namo.locks import POLL_S, holder_of, lock_held
from namo.signals import TerminationRequested

HOLD = """
import sys
from pathlib import Path
from namo.locks import lock_held

with lock_held(Path(sys.argv[1]), "which works", wait=False):
    print("held", flush=True)
    sys.stdin.read()
"""


def here():
    """What a lock says of a holder that is this process."""
    return f"{socket.gethostname()} (pid {os.getpid()})"


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
    path = tmp_path / "new folder" / "in it" / "lock"
    assert holder_of(path) == ("", False)
    with lock_held(path, "which works", wait=False) as waited_for:
        assert waited_for is None
        assert holder_of(path) == (here(), True)
    assert holder_of(path) == (here(), False)


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
        assert holder_of(tmp_path / "lock") == (here(), True)


def test_a_lock_is_released_if_the_block_raises(tmp_path):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), lock_held(tmp_path / "lock", "", wait=False):
            raise ZeroDivisionError


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL])
def test_a_file_system_without_locks_is_reported(tmp_path, monkeypatch, number):
    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(NamoError) as caught, lock_held(tmp_path / "lock", "", wait=False):
        pass
    assert str(caught.value) == (
        f"{tmp_path / 'lock'}: this file system does not support locks ({os.strerror(number)}); "
        "mount it with flock, or use a folder on another file system"
    )
    with pytest.raises(NamoError, match="lock: this file system does not support locks"):
        holder_of(tmp_path / "lock")


def test_any_other_error_of_a_lock_is_raised_as_it_is(tmp_path, monkeypatch):
    error = OSError(errno.EIO, os.strerror(errno.EIO))

    def flock(*_):
        raise error

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match="Input/output") as caught:
        lock_held(tmp_path / "lock", "", wait=False).__enter__()
    assert caught.value is error


def test_a_lock_that_is_waited_for_is_taken_once_it_is_released(tmp_path, monkeypatch, capsys):
    path, slept = tmp_path / "lock", []
    first = lock_held(path, "which works", wait=False)
    first.__enter__()

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            first.__exit__(None, None, None)

    monkeypatch.setattr(locks.time, "sleep", sleep)
    with lock_held(path, "which tidies up", wait=True) as waited_for:
        assert waited_for == here()
        assert holder_of(path) == (here(), True)
    assert slept == [POLL_S] * 3
    assert capsys.readouterr().out == f"waiting for {here()}, which tidies up\n"


def test_a_process_that_waits_for_a_lock_can_be_terminated(tmp_path, monkeypatch):
    def terminated():
        raise TerminationRequested(signal.SIGTERM)

    monkeypatch.setattr(locks, "check_termination", terminated)
    monkeypatch.setattr(locks.time, "sleep", lambda _: pytest.fail("it waited on"))
    with lock_held(tmp_path / "lock", "", wait=False), pytest.raises(TerminationRequested):
        lock_held(tmp_path / "lock", "", wait=True).__enter__()


@pytest.mark.parametrize(
    ("content", "holder"),
    [
        (b"", "another process"),
        (b" \n", "another process"),
        (b" node (pid 3)\n", "node (pid 3)"),
        (b"\xff (pid 3)", "\N{REPLACEMENT CHARACTER} (pid 3)"),
        (b"a" * 5000, "a" * 1000),
    ],
    ids=["empty", "blank", "padded", "not text", "long"],
)
def test_what_a_lock_file_holds_names_its_holder(tmp_path, content, holder):
    (tmp_path / "lock").write_bytes(content)
    assert holder_of(tmp_path / "lock") == (holder, False)


def test_the_name_of_a_holder_replaces_a_longer_one(tmp_path):
    (tmp_path / "lock").write_text("a" * 5000)
    with lock_held(tmp_path / "lock", "", wait=False):
        assert (tmp_path / "lock").read_text() == here()


def test_readers_of_a_lock_do_not_hold_it(tmp_path):
    with lock_held(tmp_path / "lock", "", wait=False):
        pass
    with (tmp_path / "lock").open("rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        assert holder_of(tmp_path / "lock") == (here(), False), "another reader looks at it"


def test_a_lock_that_somebody_only_looks_at_is_not_held(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    path.touch()
    with path.open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        monkeypatch.setattr(locks.time, "sleep", lambda _: fcntl.flock(looking, fcntl.LOCK_UN))
        with lock_held(path, "which works", wait=False) as waited_for:
            assert waited_for is None
            assert holder_of(path) == (here(), True)


def test_a_lock_whose_folder_is_removed_while_it_is_waited_for_is_taken_in_a_new_one(
    tmp_path, monkeypatch, capsys
):
    path = tmp_path / "folder" / "lock"
    with ExitStack() as held:
        held.enter_context(lock_held(path, "which works", wait=False))

        def remove(_):
            shutil.rmtree(path.parent)
            held.close()

        monkeypatch.setattr(locks.time, "sleep", remove)
        with lock_held(path, "which waits", wait=True) as waited_for:
            assert waited_for == here()
            assert holder_of(path) == (here(), True)
    assert capsys.readouterr().out == f"waiting for {here()}, which waits\n"


def test_a_lock_whose_file_its_holder_removed_is_taken_where_it_is_now(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    real, first = fcntl.flock, []

    def flock(handle, operation):
        if not first:  # the holder ends between the moments when the file is opened and locked
            path.unlink()
            first.append(True)
        real(handle, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with lock_held(path, "which works", wait=False):
        assert holder_of(path) == (here(), True)
        with pytest.raises(BusyError), lock_held(path, "which works", wait=False):
            pytest.fail("it was held twice")
