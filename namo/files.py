"""Files that are either whole or not there, and files that can be told to be whole.

A sealed file ends with the SHA-256 of all bytes before.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from namo.errors import ResultFileError, UsageError
from namo.locks import lock_held

TEMPORARY_SUFFIX = ".partial"


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that takes the place of `path` when the block ends well.

    The bytes go to a temporary file beside it, are flushed to disk and renamed; readers see the old
    file or the new one, never a part. When the block raises, the old file stays as it was and the
    temporary one is removed.

    Args:
        path: the file to write; its folder is made if need be.

    Raises:
        OSError: the disk is full, the folder cannot be written, and so on; names the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.name}.", suffix=TEMPORARY_SUFFIX
    )
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            yield cast(BinaryIO, handle)
            handle.flush()
            os.fsync(handle.fileno())
        # mkstemp makes private files; results are meant to be read by the group.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:  # a write does not know its file
            reason = error.strerror or str(error)
            raise OSError(error.errno or errno.EIO, reason, str(path)) from error
        raise
    _sync(path.parent)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to fill that gets its name when the block ends well.

    Until then it has another name, beside it; when the block raises it is removed, and nothing is
    at `path` that was not there before. What a killed process left of it is removed by the next.

    Args:
        path: of the folder; must not exist, or be empty. Its parents are made if need be.

    Raises:
        UsageError: there is something already.
        BusyError: another process is filling it.
        OSError: it cannot be made.
    """
    require_unused(path)
    path = path.resolve()
    temporary = path.with_name(f".{path.name}{TEMPORARY_SUFFIX}")
    lock = temporary.with_name(f"{temporary.name}.lock")
    with lock_held(lock, f"which writes {path}", wait=False):
        try:
            if temporary.exists():
                shutil.rmtree(temporary)
            temporary.mkdir()
            yield temporary
            for each in temporary.rglob("*"):
                _sync(each)
            temporary.replace(path)
        except BaseException:
            if temporary.exists():  # or it was not made yet
                shutil.rmtree(temporary)
            raise
        finally:
            lock.unlink()
    _sync(path.parent)


def require_unused(folder: Path) -> None:
    """Make sure that a folder can be written anew.

    Raises:
        UsageError: it is no folder, or there is something in it.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: is there already; allowed: a new or an empty folder")


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


_SEAL = b"\nsha256:"
_SEAL_BYTES = len(_SEAL) + 64


def write_sealed(path: Path, data: bytes) -> None:
    """Write a sealed file, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    with replacing(path) as handle:
        handle.write(data)
        handle.write(_SEAL + hashlib.sha256(data).hexdigest().encode())


def read_sealed(path: Path) -> bytes:
    """Return the bytes of a sealed file, without the seal.

    Raises:
        ResultFileError: the file is truncated, damaged, or was never sealed.
        OSError: the file cannot be read.
    """
    content = path.read_bytes()
    data, seal = content[:-_SEAL_BYTES], content[-_SEAL_BYTES:]
    if not seal.startswith(_SEAL):
        raise ResultFileError(f"{path}: no checksum at its end; truncated, or not a file of ours")
    if seal[len(_SEAL) :] != hashlib.sha256(data).hexdigest().encode():
        raise ResultFileError(f"{path}: the checksum does not match; the file is damaged")
    return data


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def remove_leftovers(folder: Path, names: Iterable[str]) -> None:
    """Remove temporary files that a killed process left of these files.

    Args:
        folder: where to look, not below it; it need not exist.
        names: of the files that only the caller writes.
    """
    wanted = set(names)
    for path in folder.glob(f".*{TEMPORARY_SUFFIX}"):
        # ".NAME.RANDOM.partial"
        if path.name[1 : -len(TEMPORARY_SUFFIX)].rpartition(".")[0] in wanted:
            path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Make a file, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def from_here(path: Path) -> Path:
    """Return a path below the working directory without that directory, others as they are."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def cache_folder() -> Path:
    """Return where what can be made again is kept: `NAMO_CACHE_DIR`, or the user's cache folder."""
    if folder := os.environ.get("NAMO_CACHE_DIR"):
        return Path(folder)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "namo-collect"
