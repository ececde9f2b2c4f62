"""The scenes of a collection: from their files, or as they are stored with the results.

A scene is one file that loads no other, so its text is all there is to store, and its hash says
whether a file still is the scene that was collected.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from namo.errors import ResultFileError, SceneError
from namo.results.problem import Problem
from namo.results.record_types import SceneReference
from namo.results.schema import SCENE_FILES
from namo.results.tables import merged_table, open_table, read_table, require_values, row_groups
from namo.scenes.conditions import Conditions
from namo.scenes.reading import parse_scene, scene_bytes
from namo.scenes.scene import Scene
from namo.wording import counted

TABLE = "scene_files"

_log = logging.getLogger(__name__)
_BYTE_ORDER_MARK = "\ufeff"


class CollectedScenes:
    """Reads the scenes of a collection, or of an export of one.

    A scene comes from its file where that has the recorded hash, else from `scene_files.parquet`.
    The first file that is missing is said, the first that cannot be read, and the first that has
    changed.
    """

    def __init__(
        self, folder: Path, run_from: Path = Path(), note: Callable[[str], None] = _log.warning
    ) -> None:
        """Read nothing yet.

        Args:
            folder: of the collection or export; may lack `scene_files.parquet`.
            run_from: folder in which the collection was run; relative scene paths start there.
            note: called with a line that says why a stored scene is used.
        """
        self._folder, self._run_from, self._note = folder, run_from, note
        self._noted: set[str] = set()

    def scene(self, reference: SceneReference, conditions: Conditions) -> Scene:
        """Return the scene of an environment.

        Args:
            reference: record of the environment, or any of its metrics rows.
            conditions: under which it was collected, which are applied to the scene.

        Raises:
            SceneError: its file is missing or has changed, and it is not stored.
            ResultFileError: the stored scenes are damaged or of another version.
        """
        source = str(self._run_from / reference["xml_file"])
        return conditions.applied_to(parse_scene(self.content(reference), source))

    def content(self, reference: SceneReference) -> bytes:
        """Return the content of the scene file of an environment, as it was collected.

        Args:
            reference: record of the environment, or any of its metrics rows.

        Raises:
            SceneError: as for `scene`.
            ResultFileError: as for `scene`.
        """
        path = self._run_from / reference["xml_file"]
        what, advice = f"changed since {reference['env_id']} was collected", ""
        try:
            content = scene_bytes(path)
            if hashlib.sha256(content).hexdigest() == reference["scene_sha256"]:
                return content
        except SceneError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                what, advice = "is missing", "" if path.is_absolute() else _RUN_FROM
            else:
                what = "cannot be read"
        stored = None if self._stored is None else self._stored.content(reference["scene_sha256"])
        if stored is None:
            raise SceneError(f"{path}: {what}, and {self._folder} does not hold the scene{advice}")
        kind = what.partition(" ")[0]
        if kind not in self._noted:
            self._noted.add(kind)
            self._note(f"{path}: {what}; {self._folder} holds such scenes, and they are used")
        return stored

    @cached_property
    def _stored(self) -> StoredScenes | None:
        """The stored scenes; None where the table is not there, as before the first merge."""
        if not (self._folder / f"{TABLE}.parquet").exists():
            return None
        return StoredScenes(merged_table(self._folder, TABLE))


_RUN_FROM = "; relative paths start where the collection was run (run_from, --run-from)"


class StoredScenes:
    """Finds scenes in a table of `SCENE_FILES`; the texts of one row group are in memory."""

    def __init__(self, path: Path) -> None:
        """Read the hashes.

        Args:
            path: the table.

        Raises:
            ResultFileError: it is missing or damaged.
        """
        self._path = path
        with open_table(path) as file:
            groups = range(file.num_row_groups)
            self._starts = np.cumsum([0, *(file.metadata.row_group(at).num_rows for at in groups)])
        hashes = np.array(read_table(path, ["scene_sha256"])["scene_sha256"].to_pylist(), "U64")
        self._order = np.argsort(hashes)
        self._hashes = hashes[self._order]
        self._group, self._texts = -1, pa.chunked_array([], pa.binary())

    def content(self, sha256: str) -> bytes | None:
        """Return the content of a scene file by its hash; None where it is not stored.

        Raises:
            ResultFileError: the stored content has another hash, or cannot be read.
        """
        place = int(np.searchsorted(self._hashes, sha256))
        if place == len(self._hashes) or self._hashes[place] != sha256:
            return None
        row = int(self._order[place])
        group = int(np.searchsorted(self._starts, row, "right")) - 1
        if group != self._group:
            with open_table(self._path) as file:
                table = file.read_row_group(group, ["xml"])
            require_values(self._path, table)
            self._group, self._texts = group, table["xml"].cast(pa.binary())
        content: bytes = self._texts[row - int(self._starts[group])].as_py()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ResultFileError(f"{self._path}: row {row} holds another scene than its hash says")
        return content


def stored_scene_problems(folder: Path, rows: int | None, notes: list[str]) -> Iterator[Problem]:
    """Yield what is wrong with the stored scenes of a collection.

    Args:
        folder: of the collection; `scenes.parquet` in it is intact.
        rows: that `scene_files.parquet` must have.
        notes: takes a line where scenes are not stored.
    """
    name = f"{TABLE}.parquet"
    path, found = folder / name, set[str]()
    count = 0
    try:
        for table in row_groups(merged_table(folder, TABLE)):
            count += table.num_rows
            contents = table["xml"].cast(pa.binary()).to_pylist()
            for sha256, content in zip(table["scene_sha256"].to_pylist(), contents, strict=True):
                if hashlib.sha256(content).hexdigest() != sha256:
                    yield Problem(name, f"scene {sha256:.12} has another hash")
                found.add(sha256)
    except ResultFileError as error:
        yield Problem(name, str(error).removeprefix(f"{path}: "))
        return
    if not count == len(found) == rows:
        yield Problem(
            name, f"has {count} rows of {len(found)} scenes, manifest.parquet lists {rows}"
        )
    hashes = row_groups(merged_table(folder, "scenes"), ["scene_sha256"])
    lacking = {sha256 for table in hashes for sha256 in table["scene_sha256"].to_pylist()} - found
    if lacking:
        notes.append(
            f"{name} lacks {counted(len(lacking), 'scene', 'scenes')}, whose files were gone when "
            "the collection was upgraded"
        )


def scene_file_row(sha256: str, text: str) -> pa.Table:
    """Return a row of `scene_files.parquet`.

    Args:
        sha256: hash of the scene file.
        text: of the file, see `file_text`.
    """
    return pa.table({"scene_sha256": [sha256], "xml": [text]}, schema=SCENE_FILES)


def file_text(scene: Scene) -> str:
    """Return the text of a file that a scene was read from, to the last byte.

    `Scene.xml` lacks at most a byte order mark of it.
    """
    is_whole = hashlib.sha256(scene.xml.encode()).hexdigest() == scene.sha256
    return scene.xml if is_whole else _BYTE_ORDER_MARK + scene.xml
