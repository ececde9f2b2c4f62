"""Where environments come from: a folder, a manifest, or the demo scenes.

The command line and the pipeline ask here before MuJoCo is loaded, so this module imports no heavy
library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from namo.errors import UsageError
from namo.wording import did_you_mean

DEMO_SCENES = (
    Path(__file__).resolve().parents[2] / "resources" / "scenes" / "demo" / "scenes.parquet"
)

TO_THE_END = -1


@dataclass(frozen=True, slots=True)
class ListedScene:
    """A scene file, and what its manifest says of it.

    Attributes:
        path: of the file.
        difficulty: class; None where it is not known.
        sha256: of the file the manifest was written for; None where the manifest has none.
    """

    path: Path
    difficulty: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class EnvironmentList:
    """The environments that indices point into.

    Attributes:
        source: the folder or manifest they come from, as given.
        scenes: the index of an environment is its place here.
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

    A folder is searched for `*.xml` at any depth, sorted by the path relative to it, written with
    forward slashes and compared character by character; so an index means the same scene on every
    machine. A manifest keeps its own order. It is a text file with one scene a line (blank lines
    and lines that begin with `#` are skipped) or a Parquet file with a column `file`, and where it
    has them `difficulty`, `sha256` and `split`; relative paths start at the manifest's folder.

    Args:
        xml_dir: a folder of scenes.
        manifest: a list of scenes.
        split: only the rows of a Parquet manifest with this split; indices count those alone.
        look: make sure that every file of a manifest is there; on a shared file system a look at a
            million files takes minutes.

    Raises:
        UsageError: both are given, or what is given does not exist, is empty or names a missing
            file, or there is no such split.
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
            f"the demo scenes are not there ({DEMO_SCENES}); "
            "name scenes with --xml-dir FOLDER or --manifest FILE"
        )
    return EnvironmentList(str(DEMO_SCENES), tuple(_listed(DEMO_SCENES, None, look=look)))


def resolve_range(start: int, end: int, count: int) -> range:
    """Return the indices from `start` to `end`, exclusive.

    Args:
        start: first index.
        end: one past the last index; -1 stands for the end of the list.
        count: how many environments there are.

    Raises:
        UsageError: the range is empty or reaches beyond the list.
    """
    there_are = f"there are {count} environments, 0 to {count - 1}"
    if start < 0:
        raise UsageError(f"--start-idx {start} is negative; {there_are}")
    if end < TO_THE_END:
        raise UsageError(
            f"--end-idx {end} is not allowed; it is {TO_THE_END} (to the end) or an index, "
            f"exclusive; {there_are}"
        )
    stop = count if end == TO_THE_END else end
    if stop > count:
        raise UsageError(
            f"--end-idx {end} is too large; {there_are}, so at most {count}; {TO_THE_END}: all"
        )
    if start >= stop:
        raise UsageError(
            f"--start-idx {start} and --end-idx {end} leave no environment "
            f"(the end is exclusive); {there_are}"
        )
    return range(start, stop)


def range_name(start: int, end: int) -> str:
    """Return how a range of environments is called: by its bounds, not by a chunk's number."""
    return f"{start:06d}-{end:06d}"


def _found(folder: Path, label: str) -> tuple[ListedScene, ...]:
    if not folder.exists():
        raise UsageError(f"{label}: no such folder")
    if not folder.is_dir():
        raise UsageError(f"{label}: not a folder; a list of scenes is given with --manifest")
    paths = [path for path in folder.rglob("*.xml") if path.is_file()]
    if not paths:
        raise UsageError(f"{label}: holds no .xml file at any depth")
    paths.sort(key=lambda path: path.relative_to(folder).as_posix())
    return tuple(map(ListedScene, paths))


def _listed(manifest: Path, split: str | None, *, look: bool) -> Iterator[ListedScene]:
    """Yield the scenes that a manifest names, in its order."""
    if not manifest.is_file():
        raise UsageError(f"--manifest {manifest}: no such file")
    rows: Iterable[_Row]
    if manifest.suffix == ".parquet":
        rows = _parquet_rows(manifest, split)
    elif split is None:
        rows = _text_rows(manifest)
    else:
        raise UsageError(f"--split {split}: --manifest {manifest} is a text file without splits")
    nothing = True
    for where, row in rows:
        nothing = False
        path = manifest.parent / str(row["file"])
        if look and not path.is_file():
            raise UsageError(f"--manifest {manifest}: {where}: no such file: {path}")
        yield ListedScene(path, row.get("difficulty"), row.get("sha256"))
    if nothing:
        raise UsageError(f"--manifest {manifest}: names no scene; one path a line is expected")


_Row = tuple[str, dict[str, str | None]]
"""Where in the manifest it stands, and what it says."""


def _text_rows(manifest: Path) -> Iterator[_Row]:
    try:
        with manifest.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(map(str.strip, lines), start=1):
                if line and not line.startswith("#"):
                    yield f"line {number}", {"file": line}
    except UnicodeDecodeError as error:
        raise UsageError(f"--manifest {manifest}: not UTF-8 text: {error}") from error


def _require_text(manifest: Path, columns: list[str]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    schema = parquet.read_schema(manifest)
    for name in columns:
        kind = schema.field(name).type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise UsageError(f"--manifest {manifest}: column '{name}' is {kind}; it must be text")


def _parquet_rows(manifest: Path, split: str | None) -> list[_Row]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        columns = parquet.read_schema(manifest).names
        if "file" not in columns:
            raise UsageError(
                f"--manifest {manifest}: no column 'file'; it has: {', '.join(columns) or 'none'}"
            )
        wanted = [name for name in ("file", "difficulty", "sha256", "split") if name in columns]
        _require_text(manifest, wanted)
        found = parquet.read_table(manifest, columns=wanted).to_pylist()
    except pa.ArrowInvalid as error:
        raise UsageError(f"--manifest {manifest}: not a Parquet file: {error}") from error
    rows = [(f"row {number}", row) for number, row in enumerate(found, start=1)]
    if split is None:
        return rows
    there = sorted({str(row.get("split")) for row in found} - {"None"})
    if split not in there:
        raise UsageError(f"--manifest {manifest}: --split: {did_you_mean(split, there)}")
    return [(where, row) for where, row in rows if row["split"] == split]
