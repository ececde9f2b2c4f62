"""Files and folders that are written atomically, and sealed files that carry a checksum.

A sealed file ends with the SHA-256 of its contents.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from namo.errors import ResultFileError, UsageError
from namo.locks import lock_held
from namo.option_checks import expanded_path, require_writable
from namo.regular_files import open_regular
from namo.syncing import make_folder, sync, sync_tree

TEMPORARY_SUFFIX = ".partial"


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file for writing that replaces `path` when the block succeeds.

    The bytes go to a temporary file in the same folder, which is flushed to disk and renamed;
    readers see the old file or the new one, never a part. If the block raises, the old file is left
    unchanged and the temporary one is removed.

    Args:
        path: the file to write; its folder is created if needed.

    Raises:
        OSError: the disk is full, the folder is not writable, and so on; names the file.
    """
    make_folder(path.parent)
    descriptor, name = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.name}.", suffix=TEMPORARY_SUFFIX
    )
    temporary = Path(name)
    try:
        with named_errors(path), os.fdopen(descriptor, "wb") as handle:
            yield cast(BinaryIO, handle)
            handle.flush()
            os.fsync(handle.fileno())
        # mkstemp creates private files, but results should be readable as the umask says.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Give errors of writes within the block, which do not name the file, its name.

    Raises:
        OSError: what the block raised, with a file name.
    """
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        reason = error.strerror or str(error)
        raise OSError(error.errno or errno.EIO, reason, str(path)) from error


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder to fill, which is renamed to `path` when the block succeeds.

    If the block raises, the folder is removed and `path` is left unchanged. What a killed process
    has left is removed by the next call.

    Args:
        path: must not exist, or be an empty folder. Its parents are created if needed.

    Raises:
        UsageError: `path` exists and is not an empty folder.
        BusyError: another process is filling it.
        OSError: it cannot be created.
    """
    require_unused(path)
    path = path.resolve()
    temporary = path.with_name(f".{path.name}{TEMPORARY_SUFFIX}")
    lock = temporary.with_name(f"{temporary.name}.lock")
    with lock_held(lock, f"which is writing {path}", wait=False):
        try:
            require_unused(path)  # another process may have filled it meanwhile
            if temporary.exists():
                shutil.rmtree(temporary)
            temporary.mkdir()
            yield temporary
            sync_tree(temporary)
            temporary.replace(path)
            sync(path.parent)
        except BaseException:
            if temporary.exists():  # it may not have been created yet
                shutil.rmtree(temporary)
            raise
        finally:
            lock.unlink(missing_ok=True)


def require_unused(folder: Path) -> None:
    """Make sure that a path is unused: it does not exist or is an empty folder.

    Raises:
        UsageError: it is a file or a folder that is not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: already exists; expected a new or empty folder")


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


_SEAL = b"\nsha256:"
_SEAL_BYTES = len(_SEAL) + 64


def write_sealed(path: Path, data: bytes) -> None:
    """Write a sealed file atomically.

    Raises:
        OSError: the file cannot be written.
    """
    with replacing(path) as handle:
        handle.write(data)
        handle.write(_SEAL + hashlib.sha256(data).hexdigest().encode())


def read_sealed(path: Path) -> bytes:
    """Return the contents of a sealed file, without the seal.

    Raises:
        ResultFileError: the file is truncated, damaged, or not a sealed file.
        OSError: the file cannot be read.
    """
    with open_regular(path) as handle:
        try:
            content = handle.read()
        except MemoryError:
            raise ResultFileError(f"{path}: too large to be read") from None
    data, seal = content[:-_SEAL_BYTES], content[-_SEAL_BYTES:]
    if not seal.startswith(_SEAL):
        raise ResultFileError(
            f"{path}: no checksum at its end; the file is truncated or not a sealed file"
        )
    if seal[len(_SEAL) :] != hashlib.sha256(data).hexdigest().encode():
        raise ResultFileError(f"{path}: checksum mismatch; the file is damaged")
    return data


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        NotRegularFileError: it is a folder, device, pipe or socket.
        OSError: the file cannot be read.
    """
    with open_regular(path) as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def remove_leftovers(folder: Path, names: Iterable[str] | None = None) -> None:
    """Remove temporary files that a killed process has left.

    Args:
        folder: to search, not recursively; it need not exist.
        names: of files that only the caller writes; None where nobody else writes any.
    """
    wanted = None if names is None else set(names)
    for path in folder.glob(f".*{TEMPORARY_SUFFIX}"):
        # ".NAME.RANDOM.partial"
        if wanted is None or path.name[1 : -len(TEMPORARY_SUFFIX)].rpartition(".")[0] in wanted:
            path.unlink(missing_ok=True)


def copy_regular(source: Path, target: Path) -> None:
    """Copy the content of a regular file; `sync_tree` flushes it to disk later.

    Args:
        source: the file; neither a symbolic link, which is not followed, nor a device or a pipe.
        target: the copy; replaced if it exists.

    Raises:
        OSError: the source is something else, the disk is full, and so on.
    """
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as content, target.open("wb") as handle:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(source))
        shutil.copyfileobj(content, handle)


def require_inside(folder: Path, path: Path) -> None:
    """Make sure that a path does not lead out of a folder through a symbolic link.

    Args:
        folder: that the path starts with; it may itself be reached through links.
        path: a file or folder in it; need not exist.

    Raises:
        ResultFileError: names the link and where it leads.
    """
    place = folder
    for name in path.relative_to(folder).parts:
        place = place / name
        if place.is_symlink() and not place.resolve().is_relative_to(folder.resolve()):
            raise ResultFileError(
                f"{place}: a symbolic link to {place.resolve()}, which leads out of the "
                f"collection {folder}; replace it by the file itself"
            )


def from_here(path: Path) -> Path:
    """Return a path relative to the working directory if it is inside it, else unchanged.

    In the root folder, which everything is inside of, all paths stay absolute or become so.
    """
    here = Path.cwd()
    if here == Path(here.anchor):
        return here / path
    return path.relative_to(here) if path.is_relative_to(here) else path


_CACHE = "cache of primitives and machine code"
CACHE = f"{_CACHE} (set NAMO_CACHE_DIR)"
"""What messages call the cache."""


def require_home_cache() -> None:
    """Make sure that the cache below the user's home folder can be used, where no other was chosen.

    A folder that `NAMO_CACHE_DIR` names may exist on the machines of the jobs alone; they check it.

    Raises:
        UsageError: there is no home folder, or it cannot be written to.
    """
    if not os.environ.get("NAMO_CACHE_DIR"):
        variable = "XDG_CACHE_HOME" if os.environ.get("XDG_CACHE_HOME") else "HOME"
        require_writable(cache_folder(), f"{_CACHE} (set NAMO_CACHE_DIR, or another {variable})")


def cache_folder() -> Path:
    """Return the folder for reproducible data: `NAMO_CACHE_DIR`, or the user's cache folder.

    Raises:
        UsageError: the variable holds a path that cannot be expanded, or there is no home folder.
    """
    for variable, below in (("NAMO_CACHE_DIR", ""), ("XDG_CACHE_HOME", "namo-collect")):
        if folder := os.environ.get(variable):
            return Path(expanded_path(folder, f"the variable {variable}")) / below
    try:
        return Path.home() / ".cache" / "namo-collect"
    except RuntimeError:
        raise UsageError(
            "there is no home folder to cache primitives in; set HOME or NAMO_CACHE_DIR to a "
            "folder that can be written to"
        ) from None
