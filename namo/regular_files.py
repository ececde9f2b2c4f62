"""Opening regular files only: a device or a pipe in place of a file may block or never end."""

from __future__ import annotations

import os
import stat
from io import BufferedReader
from pathlib import Path

from namo.errors import NotRegularFileError

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file, or a link to one, for reading.

    Raises:
        NotRegularFileError: it is a folder, device, pipe or socket.
        OSError: it does not exist or cannot be read.
    """
    require_regular(path)  # opening some devices has an effect
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _require_regular(path, os.fstat(descriptor).st_mode)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def require_regular(path: Path) -> None:
    """Make sure that a path is a regular file, or a link to one, for a library that opens it.

    Raises:
        NotRegularFileError: it is a folder, device, pipe or socket.
        OSError: it does not exist or cannot be looked at.
    """
    _require_regular(path, path.stat().st_mode)


def _require_regular(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "not a file")
        raise NotRegularFileError(f"{path}: is {kind}; expected a regular file")
