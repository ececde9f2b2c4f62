"""Result files of environments: pickles of builtins only, sealed with a checksum.

Unpickling stops at the STOP opcode and ignores the bytes that follow it; the checksum is stored
there. `pickle.load` therefore reads the file anywhere, without this package, and truncated files
and flipped bits are detected.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar, cast

import pyarrow as pa

from namo.errors import ResultFileError
from namo.files import read_sealed, require_inside, sha256_of, write_sealed
from namo.results.list_columns import list_problem
from namo.results.metadata_types import FileEntry
from namo.results.plain_pickle import KEYS, LEAVES, PLAIN, PROTOCOL, load_plain
from namo.results.record_types import Columns, EnvironmentRecord
from namo.results.schema_version import require_schema_version
from namo.results.tables import DATA_TABLES, NULLABLE, VALUES
from namo.results.value_types import require_type
from namo.scenes.conditions import clearance_problem

Kind = TypeVar("Kind")

Record = dict[str, Any]
"""Plain values by name, for records without a declared type."""


def write_record(path: Path, record: Mapping[str, object]) -> None:
    """Write a record, whole or not at all.

    Args:
        path: the file.
        record: a dict of builtins only (dict, list, tuple, str, int, float, bool, None), without
            containers as keys, nested no deeper than `MAX_DEPTH`.

    Raises:
        ResultFileError: the record holds anything else; nothing is written.
        OSError: the file cannot be written.
    """
    _require_plain(record, f"{path}: not written, record")
    write_sealed(path, pickle.dumps(record, protocol=PROTOCOL))


def read_record(path: Path) -> Record:
    """Read a record without executing code from the file.

    Raises:
        ResultFileError: the file is damaged, has no checksum, or holds more than builtins.
        OSError: the file cannot be read.
    """
    body = read_sealed(path)
    try:
        record = load_plain(body)
    except ResultFileError as error:
        raise ResultFileError(f"{path}: {error}") from None
    if not isinstance(record, dict):
        raise ResultFileError(f"{path}: holds a {type(record).__name__}; allowed: a dict")
    _require_plain(record, f"{path}: record", MAX_EXPANSION * len(body))
    return cast(Record, record)


def read_typed(path: Path, kind: type[Kind]) -> Kind:
    """Read a record, likewise, and check its content against its declared type.

    Args:
        path: the file.
        kind: a TypedDict; for `EnvironmentRecord` its columns are checked too.

    Raises:
        ResultFileError: as for `read_record`, or the content has another type; names the value.
        OSError: likewise.
    """
    record = read_record(path)
    require_schema_version(_schema_version(record), path, path.parent)
    require_type(record, kind, f"{path}: record")
    if kind is EnvironmentRecord:
        _require_columns(path, cast(EnvironmentRecord, record))
    return cast(Kind, record)


def _schema_version(record: Record) -> object:
    """Return the schema version that a record names: summaries do so in their metadata."""
    metadata = record.get("collection_metadata", record)
    return metadata.get("schema_version") if isinstance(metadata, dict) else None


def read_environment(path: Path) -> EnvironmentRecord:
    """Read the record of an environment and check its content, likewise.

    Raises:
        ResultFileError: as for `read_typed`.
        OSError: likewise.
    """
    return read_typed(path, EnvironmentRecord)


def _require_columns(path: Path, record: EnvironmentRecord) -> None:
    """Make sure that a record has a metrics row, and columns of its tables."""
    if not record["metrics"]:
        raise ResultFileError(f"{path}: record['metrics'] is empty; allowed: a row or more")
    for number, row in enumerate(record["metrics"]):
        for name in ("termination", "physics"):
            if row[name] not in VALUES[name]:
                raise ResultFileError(
                    f"{path}: record['metrics'][{number}]['{name}'] is {row[name]!r:.40}; allowed: "
                    f"{', '.join(sorted(VALUES[name]))}"
                )
        if problem := clearance_problem(row["clearance"]):
            raise ResultFileError(f"{path}: record['metrics'][{number}]['clearance'] {problem}")
    for name, columns in (("pushes", record["pushes"]), ("plans", record["plans"])):
        problem = _columns_problem(name, columns)
        if problem is not None:
            raise ResultFileError(f"{path}: record['{name}']{problem}")


def _columns_problem(name: str, columns: Columns) -> str | None:
    schema = DATA_TABLES[name]
    if columns.keys() != set(schema.names):
        wrong = sorted(columns.keys() ^ set(schema.names))
        return f": column '{wrong[0]}' is missing or not one of the table"
    try:
        table = pa.table(columns, schema=schema)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        return f": {error}"
    empty = next(
        (name for name in schema.names if table[name].null_count and name not in NULLABLE), None
    )
    if empty is not None:
        return f"['{empty}'] holds None"
    problem = list_problem(name, table)
    return None if problem is None else f": {problem}"


MAX_DEPTH = 100
"""Greatest depth of nested values."""
MAX_EXPANSION = 10
"""Greatest number of values per byte of a file, shared values counted each time they occur; records
of this package have fewer."""


def _require_plain(record: object, where: str, limit: float = math.inf) -> None:
    """Raise unless a record consists of builtins alone; subclasses such as NumPy's do not count.

    Args:
        record: may share values and contain itself.
        where: prefix of messages.
        limit: greatest number of values, shared ones counted each time they occur.
    """
    violation = _PlainChecker(limit).first_violation(record)
    if violation is not None:
        raise ResultFileError(f"{where}{violation}")


class _PlainChecker:
    """Walks all values of a record."""

    def __init__(self, limit: float) -> None:
        self.left = limit

    def first_violation(self, value: object, depth: int = 0) -> str | None:
        """Return the position and type of the first value that is not allowed; None without one.

        Args:
            value: a container.
            depth: at which it is nested.
        """
        kind = type(value)
        if depth > MAX_DEPTH:
            return f" is nested deeper than {MAX_DEPTH}"
        if kind is dict:
            content = cast(dict[object, object], value)
            self.left -= len(content)
            for key, item in content.items():
                if type(key) not in LEAVES:
                    return f" has a key that is a {_full_name(type(key))}; allowed: {KEYS}"
                if type(item) not in LEAVES and (found := self.first_violation(item, depth + 1)):
                    return f"[{key!r}]{found}"
        elif kind is list or kind is tuple:
            items = cast(Sequence[object], value)
            self.left -= len(items)
            for index, item in enumerate(items):
                if type(item) not in LEAVES and (found := self.first_violation(item, depth + 1)):
                    return f"[{index}]{found}"
        else:
            return f" is a {_full_name(kind)}; allowed: {PLAIN}"
        return " expands to too many shared values" if self.left < 0 else None


def _full_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__name__}"


def resolve_inside(folder: Path, path: str) -> Path:
    """Return the path of a file that a list of a collection's files names.

    Args:
        folder: of the collection.
        path: as listed, relative to the folder.

    Raises:
        ResultFileError: the path leads out of the folder, as written or through a symbolic link.
    """
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts:
        raise ResultFileError(f"{folder}: lists '{path}', which leads out of the collection")
    require_inside(folder, folder / pure)
    return folder / pure


def read_listed_record(folder: Path, name: str, kind: type[Kind]) -> Kind:
    """Return a record that must be in a collection.

    Args:
        folder: of the collection.
        name: of the file, relative to the folder.
        kind: TypedDict that declares it.

    Raises:
        ResultFileError: it is missing or damaged, or leads out of the folder.
    """
    path = resolve_inside(folder, name)
    try:
        return read_typed(path, kind)
    except FileNotFoundError:
        raise ResultFileError(f"{path}: is missing; `namo verify` lists all problems") from None


def file_entry(path: Path, folder: Path, rows: int | None) -> FileEntry:
    """Return the entry of a file for a list of files: path, bytes, sha256, rows.

    Args:
        path: of the file.
        folder: of the collection.
        rows: episodes or table rows in the file; None where it has none.
    """
    return {
        "path": path.relative_to(folder).as_posix(),
        "bytes": path.stat().st_size,
        "sha256": sha256_of(path),
        "rows": rows,
    }
