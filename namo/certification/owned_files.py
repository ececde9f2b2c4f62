"""Which scene files in a folder are ours to replace and remove."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from namo.errors import NamoError
from namo.files import replacing, sha256_of

LIST = Path("candidates") / "written.json"


class Written:
    """The scenes that this stage wrote into a folder, by name, with their hashes.

    Kept apart from the manifest, which Snakemake deletes before it is made anew.

    Attributes:
        files: sha256 by name.

    Raises:
        NamoError: the list in the folder is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._list = folder / LIST
        self.files: dict[str, str] = {}
        if self._list.exists():
            try:
                self.files = dict(json.loads(self._list.read_text()))
            except ValueError as error:
                raise NamoError(f"{self._list}: damaged ({error}); delete it") from error

    def refuse_foreign_files(self, wanted: Mapping[str, str]) -> None:
        """Make sure that no file in the place of a scene is someone else's.

        Raises:
            NamoError: there is one; nothing has been written.
        """
        for name, sha256 in wanted.items():
            path = self._folder / name
            if path.exists() and not is_whole(path, self.files.get(name, sha256)):
                raise NamoError(
                    f"{path}: is not what was written here; move it, or choose a folder"
                )

    def remember(self, files: Mapping[str, str]) -> None:
        """Write down what is ours, before it is written."""
        with replacing(self._list) as handle:
            handle.write((json.dumps(files, indent=0, sort_keys=True) + "\n").encode())
        self.files = dict(files)

    def remove_all_but(self, wanted: Mapping[str, str]) -> None:
        """Remove the files that are ours, unchanged, and not wanted any more."""
        for name in self.files.keys() - wanted.keys():
            path = self._folder / name
            if is_whole(path, self.files[name]):
                path.unlink()
        self.remember(wanted)


def is_whole(path: Path, sha256: str) -> bool:
    """Return whether a file is there and has these bytes."""
    return path.is_file() and sha256_of(path) == sha256
