"""The files below a folder, through links, each found once; what cannot be read is named.

A link to a folder is followed where it leads out of the folder that is searched; inside, what it
leads to is found anyway. This module loads no heavy library.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from namo.wording import counted

SCENE_SUFFIX = ".xml"


@dataclass
class FilesBelow:
    """What was found below a folder.

    Attributes:
        folder: that was searched.
        files: sorted by their relative paths, character by character.
        problems: relative path -> why nothing can be read there, for broken links, for what is
            neither file nor folder, and for folders that cannot be read; sorted likewise.
    """

    folder: Path
    files: list[Path] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)

    def with_suffix(self, suffix: str) -> list[Path]:
        """Return the files with a suffix, in lower or upper case, in order."""
        return [path for path in self.files if path.suffix.lower() == suffix]

    def problem_of(self, suffix: str) -> str:
        """Return the first problem that may hide a file with a suffix, else an empty text.

        Folders and links without any suffix may hide one too.
        """
        hiding = [name for name in self.problems if Path(name).suffix.lower() in ("", suffix)]
        if not hiding:
            return ""
        others = counted(len(hiding) - 1, "more is like it", "more are like it")
        more = f" ({others})" if len(hiding) > 1 else ""
        return f"'{hiding[0]}' {self.problems[hiding[0]]}{more}; repair it or remove it"


def files_below(folder: Path) -> FilesBelow:
    """Return the files below a folder at any depth.

    Args:
        folder: that exists.
    """
    found = FilesBelow(folder)
    top = folder.resolve()
    searched: set[Path] = set()
    waiting = deque([folder])
    while waiting:
        _search(waiting.popleft(), top, found, searched, waiting)
    found.files.sort(key=lambda path: path.relative_to(folder).as_posix())
    found.problems = dict(sorted(found.problems.items()))
    return found


def _search(
    start: Path, top: Path, found: FilesBelow, searched: set[Path], waiting: deque[Path]
) -> None:
    """Search a folder without its links to other folders, which are added to those waiting."""

    def name_of(path: Path) -> str:
        return path.relative_to(found.folder).as_posix()

    def unreadable(error: OSError) -> None:
        found.problems[name_of(Path(error.filename))] = f"cannot be read: {error.strerror}"

    for parent, folders, names in os.walk(start, onerror=unreadable):
        here = Path(parent)
        real = here.resolve()
        if real in searched:
            folders.clear()
            continue
        searched.add(real)
        for name in sorted(folders):
            path = here / name
            if path.is_symlink() and not path.resolve().is_relative_to(top):
                waiting.append(path)
        for name in names:
            path = here / name
            if path.is_file():
                found.files.append(path)
            elif path.is_symlink():
                found.problems[name_of(path)] = (
                    f"is a link to '{path.readlink()}', which does not exist"
                )
            else:
                found.problems[name_of(path)] = "is neither a file nor a folder"
