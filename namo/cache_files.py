"""Files of a cache: sealed and flushed, and never the reason why a run fails.

A file that is missing, damaged or unreadable is regenerated. A cache that cannot be written costs
time, not results, so the run continues without it, after one warning that names the folder.
"""

from __future__ import annotations

import logging
from pathlib import Path

from namo.errors import ResultFileError
from namo.files import cache_folder, read_sealed, write_sealed

_log = logging.getLogger(__name__)


def read_cached(path: Path) -> bytes | None:
    """Return the content of a cached file; None if it is missing, damaged or cannot be read."""
    try:
        return read_sealed(path)
    except (FileNotFoundError, NotADirectoryError, ResultFileError):
        return None  # regenerated, which replaces a damaged file
    except OSError as error:
        warn_unusable(path, error)
        return None


def write_cached(path: Path, data: bytes) -> None:
    """Write a cached file, or warn that the cache cannot be written."""
    try:
        write_sealed(path, data)
    except OSError as error:
        warn_unusable(path, error)


_warned: set[Path] = set()


def warn_unusable(file: Path, error: OSError) -> None:
    """Warn that a cache is not used, once per process and cache.

    Args:
        file: of the cache.
        error: what went wrong.
    """
    root = cache_folder()
    folder = root if file.is_relative_to(root) else file.parent
    if folder not in _warned:
        _warned.add(folder)
        _log.warning(
            "warning: cache '%s': %s; continuing without it, which takes longer (NAMO_CACHE_DIR "
            "names another folder)",
            folder,
            error,
        )
