"""Lock files that go with the process that holds them, so that none is ever stale.

The kernel keeps them (`flock`), also across machines where a shared file system is mounted for it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from namo.errors import BusyError, NamoError

_UNSUPPORTED = frozenset({errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EINVAL})


@contextmanager
def lock_held(path: Path, work: str, *, wait: bool) -> Iterator[str | None]:
    """Hold a lock file.

    Args:
        path: of the lock file, which stays; its folder is made if need be.
        work: what the holder does, in words: "which collects environments 000000-000006".
        wait: for whoever holds it, instead of refusing.

    Yields:
        Who held the lock when it had to be waited for ("host, process 123"), else None.

    Raises:
        BusyError: another process holds it, and it is not to be waited for.
        NamoError: the file system keeps no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as handle:
        waited_for = None
        if not _acquired(handle, path, fcntl.LOCK_EX | fcntl.LOCK_NB):
            waited_for = _holder(handle)
            if not wait:
                raise BusyError(
                    f"{path}: is held by {waited_for}, {work}; wait until it has ended, or end it"
                )
            print(f"waiting for {waited_for}, {work}", flush=True)
            _acquired(handle, path, fcntl.LOCK_EX)
        handle.seek(0)
        handle.truncate()
        handle.write(f"{socket.gethostname()}, process {os.getpid()}")
        handle.flush()
        yield waited_for


def holder_of(path: Path) -> tuple[str, bool]:
    """Return who holds a lock file or held it last ("host, process 123"), and whether it is held.

    Empty and False where nobody ever held it.

    Raises:
        NamoError: the file system keeps no locks.
    """
    try:
        handle = path.open("r")
    except FileNotFoundError:
        return "", False
    with handle:
        holder = _holder(handle)
        return holder, not _acquired(handle, path, fcntl.LOCK_SH | fcntl.LOCK_NB)


def _acquired(handle: IO[str], path: Path, operation: int) -> bool:
    try:
        fcntl.flock(handle, operation)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        raise NamoError(
            f"{path}: this file system keeps no locks ({error.strerror}); have it mounted with "
            "flock, or collect into a folder on another"
        ) from error
    return True


def _holder(handle: IO[str]) -> str:
    handle.seek(0)
    return handle.read().strip() or "another process"
