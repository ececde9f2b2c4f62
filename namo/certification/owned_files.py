"""Which scene files in an output folder may be replaced and removed: those written by us."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from namo.errors import NamoError
from namo.files import remove_leftovers, replacing, sha256_of

_LIST = Path("candidates") / "written.json"


class OwnedFiles:
    """The scene files that this stage has written into a folder.

    They are listed apart from the manifest, since Snakemake deletes outputs before a job reruns.

    Attributes:
        files: SHA-256 by name.

    Raises:
        NamoError: the list in the folder is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._list = folder / _LIST
        self.files: dict[str, str] = {}
        if self._list.exists():
            try:
                self.files = dict(json.loads(self._list.read_text()))
            except ValueError as error:
                raise NamoError(f"{self._list}: damaged ({error}); delete it") from error

    def refuse_foreign_files(self, wanted: Mapping[str, str]) -> None:
        """Make sure that no scene would replace a foreign or changed file.

        Raises:
            NamoError: one would; nothing has been written.
        """
        for name, sha256 in wanted.items():
            path = self._folder / name
            if path.exists() and not has_checksum(path, self.files.get(name, sha256)):
                raise NamoError(
                    f"{path}: was not written by this command, or changed since; "
                    "move it, or choose another folder"
                )

    def remember(self, files: Mapping[str, str]) -> None:
        """Record the files to be written, before they are written."""
        remove_leftovers(self._list.parent, [self._list.name])
        with replacing(self._list) as handle:
            handle.write((json.dumps(files, indent=0, sort_keys=True) + "\n").encode())
        self.files = dict(files)

    def remove_all_but(self, wanted: Mapping[str, str]) -> None:
        """Remove the unchanged files of earlier runs that are no longer wanted."""
        for name in self.files.keys() - wanted.keys():
            path = self._folder / name
            if has_checksum(path, self.files[name]):
                path.unlink()
        self.remember(wanted)


def has_checksum(path: Path, sha256: str) -> bool:
    """Return whether a file exists and has this SHA-256."""
    return path.is_file() and sha256_of(path) == sha256
