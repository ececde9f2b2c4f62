"""Read Parquet files that anyone may have written: whatever is wrong with one is one error.

`pyarrow` raises errors of a dozen classes, some of them only when a value is looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from namo.errors import NamoError
from namo.regular_files import require_regular
from namo.scenes.git_lfs import ADVICE, HEAD_BYTES, is_pointer


class ParquetFileError(NamoError):
    """A Parquet file cannot be read; the text says why, as a clause without the file's name."""


def schema_of(path: Path) -> pa.Schema:
    """Return the schema of a Parquet file.

    Raises:
        ParquetFileError: it cannot be read, is no Parquet file, is damaged, or has two columns of
            one name.
    """
    with _explained(path):
        require_regular(path)
        schema = pq.read_schema(path)
        names = Counter(schema.names)  # which need not be text
    for name, count in names.items():
        if count > 1:
            raise ParquetFileError(f"has {count} columns '{name}'; expected one")
    return schema


def table_of(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Return a Parquet file whose values have been checked: text is UTF-8, lists have their ends.

    Args:
        path: of the file.
        columns: to read, which it has; None for all.

    Raises:
        ParquetFileError: as for `schema_of`.
    """
    schema_of(path)
    with _explained(path):
        table = pq.read_table(path, columns=columns)
        table.validate(full=True)
        return table


def metadata_of(path: Path) -> dict[bytes, bytes]:
    """Return the metadata of a Parquet file.

    Raises:
        ParquetFileError: as for `schema_of`.
    """
    return dict(schema_of(path).metadata or {})


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, pa.ArrowInvalid) and _is_pointer(path):
            raise ParquetFileError(ADVICE) from None
        raise ParquetFileError(f"not a Parquet file, or damaged: {error}") from error


def _is_pointer(path: Path) -> bool:
    with path.open("rb") as handle:
        return is_pointer(handle.read(HEAD_BYTES))


def is_text(kind: pa.DataType) -> bool:
    """Return whether values of a type are text, however long."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def text_problem(table: pa.Table, columns: Iterable[str]) -> str:
    """Return what is wrong with the first of some columns that is not text in every row."""
    for name in columns:
        if not is_text(table.schema.field(name).type) or table[name].null_count:
            return f"column '{name}' must be text in every row"
    return ""
