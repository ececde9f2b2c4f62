"""Packed scenes: a manifest that also holds the text of its scenes, as one small file.

A frozen set of hundreds of scenes is kept so; unpacked, it is a folder like any generated set.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from namo.arrow_fields import described_field
from namo.errors import UsageError
from namo.files import replacing
from namo.scenes.manifest import MANIFEST, PROVEN_DEPTH, SCENES
from namo.scenes.parquet_files import ParquetFileError, schema_of, table_of, text_problem
from namo.scenes.sources import PACKED_TEXT
from namo.scenes.table_kinds import missing_columns

LISTED = pa.schema(
    [
        *SCENES,
        described_field("set", pa.string(), "", "what the scene was drawn for", unit_first=True),
        PROVEN_DEPTH,
    ],
    metadata=SCENES.metadata,
)
"""Columns of a manifest of unpacked scenes."""
PACKED = LISTED.append(
    described_field(PACKED_TEXT, pa.string(), "", "text of the scene file", unit_first=True)
)

_FILE_NAME = re.compile(r"[^/\\\x00-\x1f]{1,200}\.xml")


def pack(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write packed scenes; the same rows give the same bytes.

    Args:
        path: of the file.
        rows: values by name of a column of `PACKED`.
    """
    with replacing(path) as handle:
        table = pa.Table.from_pylist(list(rows), PACKED)
        pq.write_table(table, handle, compression="zstd", compression_level=19)


def read_packed(path: Path) -> list[dict[str, Any]]:
    """Return the rows of packed scenes, by name of a column of `PACKED`.

    Raises:
        UsageError: the file is missing, no packed scenes, or damaged; or the text of a scene has
            another hash.
    """
    table = _columns(path, PACKED.names)
    if problem := text_problem(table, ("file", "sha256", PACKED_TEXT)):
        raise UsageError(f"{path}: no packed scenes: {problem}")
    rows: list[dict[str, Any]] = table.to_pylist()
    twice = [name for name, count in Counter(row["file"] for row in rows).items() if count > 1]
    if twice:
        raise UsageError(f"{path}: lists '{twice[0]}' more than once")
    for row in rows:
        if not _FILE_NAME.fullmatch(row["file"]):
            raise UsageError(f"{path}: '{row['file']}' is not the plain name of a scene file")
        if hashlib.sha256(row[PACKED_TEXT].encode()).hexdigest() != row["sha256"]:
            raise UsageError(f"{path}: {row['file']}: checksum mismatch")
    return rows


def first_of_classes(path: Path | str, per_class: int | None) -> list[int]:
    """Return the places of the first packed scenes of each class, in order.

    Args:
        path: of the packed scenes.
        per_class: at most so many of each; None for all.

    Raises:
        UsageError: the file is missing or holds no packed scenes.
    """
    seen: Counter[str | None] = Counter()
    places = []
    for place, kind in enumerate(_columns(Path(path), ["difficulty"])["difficulty"].to_pylist()):
        seen[kind] += 1
        if per_class is None or seen[kind] <= per_class:
            places.append(place)
    return places


def unpack(path: Path, folder: Path, per_class: int | None = None) -> int:
    """Write packed scenes as files, with a manifest, and return their number.

    Args:
        path: of the packed scenes.
        folder: of the files; those of the same names are replaced.
        per_class: at most so many scenes of each class, the first; None for all.

    Raises:
        UsageError: as `read_packed`.
    """
    packed = read_packed(path)
    rows = [packed[place] for place in first_of_classes(path, per_class)]
    for row in rows:
        with replacing(folder / row["file"]) as handle:
            handle.write(row.pop(PACKED_TEXT).encode())
    with replacing(folder / MANIFEST) as handle:
        pq.write_table(pa.Table.from_pylist(rows, LISTED), handle, compression="zstd")
    return len(rows)


def _columns(path: Path, names: list[str]) -> pa.Table:
    try:
        if problem := missing_columns(schema_of(path).names, names, "packed scenes"):
            raise UsageError(f"{path}: {problem}")
        schema = pa.schema([PACKED.field(name) for name in names])
        return table_of(path, names).cast(schema)
    except (ParquetFileError, pa.ArrowException) as error:
        raise UsageError(f"{path}: no packed scenes: {error}") from error
