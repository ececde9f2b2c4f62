"""What can be wrong with a collection."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class FileState(NamedTuple):
    """What shows whether a file was replaced: results are not changed in place.

    Attributes:
        size: in bytes; -1 where the file is missing.
        modified_ns: time of the last change (ns), to compare with itself alone.
    """

    size: int
    modified_ns: int


MISSING = FileState(-1, 0)


def file_state(path: Path) -> FileState:
    """Return the present state of a file."""
    try:
        found = path.stat()
    except (OSError, ValueError):  # a damaged manifest may list what is no path
        return MISSING
    return FileState(found.st_size, found.st_mtime_ns)


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with a collection.

    Attributes:
        path: of the file that is wrong, relative to the collection's folder.
        text: what is wrong.
        environment: number of the environment to collect again; None where a merge repairs it.
        repairable: whether collecting or merging again repairs it; a missing scene file cannot be
            repaired that way.
        seen: state of the file before it was checked; None if the problem does not depend on it.
    """

    path: str
    text: str
    environment: int | None = None
    repairable: bool = True
    seen: FileState | None = None

    def is_present(self, folder: Path) -> bool:
        """Return whether the file is still the one that was checked, or is missing.

        Args:
            folder: of the collection.
        """
        return self.seen is None or file_state(folder / self.path) in (MISSING, self.seen)

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"
