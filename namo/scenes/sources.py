"""List the environments of a folder, a manifest or the demo scenes.

The command line and the pipeline list environments before MuJoCo is loaded, so this module imports
no heavy library. A manifest is here a list of scenes: a text file with one scene per line, or a
Parquet file such as the scene manifest of a generated set (`namo.scenes.manifest`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from namo.errors import UsageError
from namo.scenes.folders import SCENE_SUFFIX, files_below
from namo.scenes.git_lfs import ADVICE, is_pointer
from namo.scenes.table_kinds import how_to_certify, missing_columns
from namo.shipped import shipped_folder
from namo.wording import did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

DEMO_SCENES = shipped_folder() / "resources" / "scenes" / "demo" / "scenes.parquet"

OPENING = "opening_share"
"""Column of a scene manifest with the opening fraction, see `namo.scenes.manifest`."""
PACKED_TEXT = "xml"
"""Column with the text of scenes that are not files yet, see `namo.scenes.packed`."""

TO_THE_END = -1

_MAX_SHOWN = 300
"""Most characters of a path in a message: what is not a path may be as long as a file."""
_SCENE_LIST = "a text file with one scene per line, or a Parquet file with a column 'file'"


@dataclass(frozen=True, slots=True)
class ListedScene:
    """A scene file with its entries in the manifest.

    Attributes:
        path: of the file.
        difficulty: its class; None if unknown.
        sha256: of the file when the manifest was written; None if unknown.
        opening_fraction: fraction of candidate pushes that open the goal at once, 0 to 1; None if
            unknown.
    """

    path: Path
    difficulty: str | None = None
    sha256: str | None = None
    opening_fraction: float | None = None


@dataclass(frozen=True)
class EnvironmentList:
    """The environments of a collection, in the order of their indices.

    Attributes:
        source: the folder or manifest, as given.
        scenes: position i is the environment with index i.
    """

    source: str
    scenes: tuple[ListedScene, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """Paths of the scene files."""
        return tuple(scene.path for scene in self.scenes)


def environments_from(
    xml_dir: Path | None, manifest: Path | None, split: str | None = None, *, look: bool = True
) -> EnvironmentList:
    """Return the environments of a folder or a manifest, or the demo scenes if neither is given.

    A folder is searched recursively for `*.xml` (in upper case too; see `namo.scenes.folders` for
    links), sorted by their relative paths with forward slashes, compared character by character, so
    that an index is the same scene on every machine.
    A manifest keeps its own order. It is a text file with one scene per line (blank lines and lines
    that start with `#` are skipped) or a Parquet file with a column `file` and optionally
    `difficulty`, `sha256`, `opening_share` and `split`; paths are relative to the folder of the
    manifest.

    Args:
        xml_dir: a folder of scenes.
        manifest: a list of scenes.
        split: use only the rows of a Parquet manifest with this split; indices count these rows.
        look: check that every file of a manifest exists; on a shared file system this takes minutes
            for a million files.

    Raises:
        UsageError: both are given, or what is given does not exist, is empty, names a missing file
            or none, or holds a broken link; or there is no such split.
    """
    if xml_dir is not None and manifest is not None:
        raise UsageError(
            f"--xml-dir {xml_dir} and --manifest {manifest}: only one of the two is allowed"
        )
    if manifest is not None:
        return EnvironmentList(str(manifest), tuple(_listed(manifest, split, look=look)))
    if split is not None:
        raise UsageError(f"--split {split}: splits are given by a manifest (--manifest FILE)")
    if xml_dir is not None:
        return EnvironmentList(str(xml_dir), _found(xml_dir, f"--xml-dir {xml_dir}"))
    if not DEMO_SCENES.is_file():
        raise UsageError(
            f"the demo scenes do not exist ({DEMO_SCENES}); "
            "name scenes with --xml-dir FOLDER or --manifest FILE"
        )
    return EnvironmentList(str(DEMO_SCENES), tuple(_listed(DEMO_SCENES, None, look=look)))


def resolve_range(start: int, end: int, count: int) -> range:
    """Return the indices from `start` to `end`, exclusive.

    Args:
        start: first index.
        end: one past the last index; -1 for the end of the list.
        count: number of environments.

    Raises:
        UsageError: the range is empty or reaches beyond the list.
    """
    there_are = f"there are {count} environments, 0 to {count - 1}"
    if start < 0:
        raise UsageError(f"--start-idx {start} is negative; {there_are}")
    if end < TO_THE_END:
        raise UsageError(
            f"--end-idx {end} is invalid; expected an index (exclusive) or {TO_THE_END} for the "
            f"end; {there_are}"
        )
    stop = count if end == TO_THE_END else end
    if stop > count:
        raise UsageError(
            f"--end-idx {end} is too large; {there_are}, so at most {count}, or "
            f"{TO_THE_END} for all"
        )
    if start >= stop:
        raise UsageError(
            f"--start-idx {start} and --end-idx {end} leave no environment "
            f"(the end is exclusive); {there_are}"
        )
    return range(start, stop)


def range_name(start: int, end: int) -> str:
    """Return the name of a range of environments: its bounds, with six digits each."""
    return f"{start:06d}-{end:06d}"


def _found(folder: Path, label: str) -> tuple[ListedScene, ...]:
    if not folder.exists():
        raise UsageError(f"{label}: no such folder")
    if not folder.is_dir():
        raise UsageError(f"{label}: not a folder; a list of scenes is given with --manifest")
    found = files_below(folder)
    if problem := found.problem_of(SCENE_SUFFIX):
        raise UsageError(f"{label}: {problem}")
    paths = found.with_suffix(SCENE_SUFFIX)
    if not paths:
        raise UsageError(f"{label}: holds no .xml file at any depth")
    return tuple(map(ListedScene, paths))


def _listed(manifest: Path, split: str | None, *, look: bool) -> Iterator[ListedScene]:
    """Yield the scenes that a manifest names, in its order."""
    if not manifest.is_file():
        advice = f"; {how_to_certify(manifest)}" if manifest.suffix == ".parquet" else ""
        raise UsageError(f"--manifest {manifest}: no such file{advice}")
    rows: Iterable[_Row]
    if manifest.suffix == ".parquet":
        rows = _parquet_rows(manifest, split)
    elif split is None:
        rows = _text_rows(manifest)
    else:
        raise UsageError(f"--split {split}: --manifest {manifest} is a text file without splits")
    empty, below = True, _paths_below(manifest.parent)
    for where, row in rows:
        empty = False
        if not row["file"]:
            raise UsageError(
                f"--manifest {manifest}: {where}: column 'file' is "
                f"{'null' if row['file'] is None else 'empty'}; expected the path of a scene"
            )
        path = below(str(row["file"]))
        if look and (problem := _problem_of(path)):
            raise UsageError(f"--manifest {manifest}: {where}: {problem}")
        yield ListedScene(path, row.get("difficulty"), row.get("sha256"), row.get(OPENING))
    if empty:
        raise UsageError(f"--manifest {manifest}: lists no scene; expected one path per line")


def _problem_of(path: Path) -> str:
    """Return what is wrong with the path of a scene file; empty where it leads to a file."""
    try:
        return "" if path.is_file() else f"no such file: {path}"
    except OSError as error:  # what is listed need not be a path at all
        return f"{error.strerror}: '{path!s:.{_MAX_SHOWN}}'"


def _paths_below(folder: Path) -> Callable[[str], Path]:
    """Return the function that joins the folder of a manifest with the name of a file.

    Where no link is on the way, "certified" and "../scenes/1.xml" make "scenes/1.xml".
    """
    has_links = folder.resolve() != Path(os.path.normpath(folder.absolute()))

    def below(name: str) -> Path:
        if has_links or not name.startswith(".."):
            return folder / name
        parts = Path(name).parts
        up = [*takewhile("..".__eq__, parts)]
        return Path(os.path.normpath(folder.joinpath(*up)), *parts[len(up) :])

    return below


_Row = tuple[str, dict[str, Any]]
"""Its place in the manifest, and its entries."""


def _text_rows(manifest: Path) -> Iterator[_Row]:
    try:
        with manifest.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(map(str.strip, lines), start=1):
                if number == 1 and is_pointer(line):
                    raise UsageError(f"--manifest {manifest}: {ADVICE}")
                if line and not line.startswith("#"):
                    yield f"line {number}", {"file": line}
    except UnicodeDecodeError as error:
        raise UsageError(f"--manifest {manifest}: not UTF-8 text: {error}") from error


def _require_text(manifest: Path, table: pa.Table, columns: list[str]) -> None:
    from namo.scenes.parquet_files import is_text

    for name in columns:
        kind = table.schema.field(name).type
        if not is_text(kind):
            raise UsageError(f"--manifest {manifest}: column '{name}' is {kind}; it must be text")


def _opening_column(schema: pa.Schema) -> list[str]:
    """Return the name of the column with opening fractions, if a manifest has one.

    A column of this name that holds no numbers is something else, and not read.
    """
    from pyarrow import types

    if OPENING in schema.names and types.is_floating(schema.field(OPENING).type):
        return [OPENING]
    return []


def _parquet_rows(manifest: Path, split: str | None) -> list[_Row]:
    from namo.scenes.parquet_files import ParquetFileError, schema_of, table_of

    try:
        schema = schema_of(manifest)
        if problem := missing_columns(schema.names, ["file"], _SCENE_LIST):
            raise UsageError(f"--manifest {manifest}: {problem}")
        if PACKED_TEXT in schema.names:
            raise UsageError(
                f"--manifest {manifest}: its scenes are packed; `namo scenes unpack {manifest} "
                "--output FOLDER` writes them as files; then collect with FOLDER/scenes.parquet"
            )
        texts = [name for name in ("file", "difficulty", "sha256", "split") if name in schema.names]
        table = table_of(manifest, [*texts, *_opening_column(schema)])
    except ParquetFileError as error:
        raise UsageError(f"--manifest {manifest}: {error}") from error
    _require_text(manifest, table, texts)
    found = table.to_pylist()
    rows = [(f"row {number}", row) for number, row in enumerate(found, start=1)]
    if split is None:
        return rows
    there = sorted({str(row.get("split")) for row in found} - {"None"})
    if split not in there:
        hint = did_you_mean(split, there) if there else how_to_certify()
        raise UsageError(f"--manifest {manifest}: --split: no scene of split '{split}'; {hint}")
    return [(where, row) for where, row in rows if row["split"] == split]
