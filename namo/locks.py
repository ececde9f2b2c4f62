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
from namo.syncing import make_folder

POLL_S = 0.1
"""Time between two looks at a lock that is waited for (s)."""
_LOOKS, _LOOK_S = 10, 0.01
"""Looks at a lock until it counts as held, and the time between them (s): `holder_of`, too, holds
it for a moment."""
_TAKE = fcntl.LOCK_EX | fcntl.LOCK_NB
_MAX_HOLDER_BYTES = 1000
_UNSUPPORTED = frozenset({errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EINVAL})


@contextmanager
def lock_held(path: Path, work: str, *, wait: bool) -> Iterator[str | None]:
    """Hold a lock while the block runs.

    Args:
        path: of the lock file; its folder is created if needed. It stays, unless the block removes
            it.
        work: what the holder does, as a clause: "which is collecting environments 000000-000006".
        wait: until the lock is released, instead of raising.

    Yields:
        Who held the lock if it had to be waited for ("host (pid 123)"), else None.

    Raises:
        BusyError: another process holds the lock and `wait` is false.
        NamoError: the file system does not support locks.
    """
    waited_for = None
    while True:
        make_folder(path.parent)  # again, if it was removed while its lock was waited for
        if path.exists():
            require_regular(path)
        with path.open("ab+") as handle:
            if wait:
                waited_for = _wait(handle, path, work) or waited_for
            elif not _taken(handle, path):
                holder = _holder(handle)
                raise BusyError(f"{path}: locked by {holder}, {work}; wait for it or stop it")
            if not _is_at(handle, path):
                continue  # the last holder removed it: somebody else may hold the one that is there
            handle.seek(0)
            handle.truncate()
            handle.write(f"{socket.gethostname()} (pid {os.getpid()})".encode())
            handle.flush()
            yield waited_for
            return


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


def _wait(handle: IO[bytes], path: Path, work: str) -> str | None:
    """Take a lock once it is released; return who held it, if anybody did."""
    if _acquired(handle, path, _TAKE):
        return None
    holder = _holder(handle)
    print(f"waiting for {holder}, {work}", flush=True)
    while not _acquired(handle, path, _TAKE):
        check_termination()
        time.sleep(POLL_S)
    return holder


def _taken(handle: IO[bytes], path: Path) -> bool:
    """Take a lock unless another process holds it for longer than it takes to look at it."""
    for _ in range(_LOOKS):
        if _acquired(handle, path, _TAKE):
            return True
        time.sleep(_LOOK_S)
    return False


def _is_at(handle: IO[bytes], path: Path) -> bool:
    """Return whether the path still leads to the open file."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except FileNotFoundError:
        return False


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
