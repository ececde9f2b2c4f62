"""Lock files that are released when their process ends, so that none is ever stale.

The kernel holds them (`flock`), also across machines if a shared file system is mounted with flock.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from namo.errors import BusyError, NamoError
from namo.regular_files import open_regular, require_regular
from namo.signals import check_termination

POLL_S = 0.1
"""Time between two looks at a lock that is waited for (s)."""
_MAX_HOLDER_BYTES = 1000
_UNSUPPORTED = frozenset({errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EINVAL})


@contextmanager
def lock_held(path: Path, work: str, *, wait: bool) -> Iterator[str | None]:
    """Hold a lock while the block runs.

    Args:
        path: of the lock file, which is not removed; its folder is created if needed.
        work: what the holder does, as a clause: "which is collecting environments 000000-000006".
        wait: until the lock is released, instead of raising.

    Yields:
        Who held the lock if it had to be waited for ("host (pid 123)"), else None.

    Raises:
        BusyError: another process holds the lock and `wait` is false.
        NamoError: the file system does not support locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        require_regular(path)
    with path.open("ab+") as handle:
        waited_for = None
        if not _acquired(handle, path, fcntl.LOCK_EX | fcntl.LOCK_NB):
            waited_for = _holder(handle)
            if not wait:
                raise BusyError(f"{path}: locked by {waited_for}, {work}; wait for it or stop it")
            print(f"waiting for {waited_for}, {work}", flush=True)
            while not _acquired(handle, path, fcntl.LOCK_EX | fcntl.LOCK_NB):
                check_termination()
                time.sleep(POLL_S)
        handle.seek(0)
        handle.truncate()
        handle.write(f"{socket.gethostname()} (pid {os.getpid()})".encode())
        handle.flush()
        yield waited_for


def holder_of(path: Path) -> tuple[str, bool]:
    """Return the current or last holder of a lock ("host (pid 123)"), and whether it is held.

    Empty and False if it was never held.

    Raises:
        NamoError: the file system does not support locks.
    """
    try:
        handle = open_regular(path)
    except FileNotFoundError:
        return "", False
    with handle:
        holder = _holder(handle)
        return holder, not _acquired(handle, path, fcntl.LOCK_SH | fcntl.LOCK_NB)


def _acquired(handle: IO[bytes], path: Path, operation: int) -> bool:
    try:
        fcntl.flock(handle, operation)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        raise NamoError(
            f"{path}: this file system does not support locks ({error.strerror}); mount it with "
            "flock, or use a folder on another file system"
        ) from error
    return True


def _holder(handle: IO[bytes]) -> str:
    handle.seek(0)
    return handle.read(_MAX_HOLDER_BYTES).decode(errors="replace").strip() or "another process"
