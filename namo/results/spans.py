"""Spans of environments that come from one part, and their rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from namo.errors import ResultFileError
from namo.results.parts import Part, finished_parts
from namo.results.tables import read_table, row_groups


class IndexSpan(NamedTuple):
    """A run of consecutive environments that come from one part.

    Attributes:
        part: which part.
        start: first environment.
        end: one past the last.
    """

    part: Part
    start: int
    end: int


def require_parts(output_dir: Path) -> list[Part]:
    """Return the finished parts of a collection.

    Raises:
        ResultFileError: there are none.
    """
    parts = finished_parts(output_dir)
    if not parts:
        raise ResultFileError(f"{output_dir}: no finished part to make a summary of")
    return parts


def spans_of(
    parts: Sequence[Part], numbers: NDArray[np.intp], owners: NDArray[np.intp]
) -> list[IndexSpan]:
    """Return the spans of environments, in order.

    Args:
        parts: to take them from.
        numbers: (n,) the environments, ascending.
        owners: (n,) index in `parts` of the part that each environment comes from.
    """
    borders = np.flatnonzero((np.diff(numbers) != 1) | (np.diff(owners) != 0)) + 1
    firsts = [0, *borders.tolist()] if numbers.size else []
    lasts = [*borders.tolist(), numbers.size]
    return [
        IndexSpan(parts[owners[first]], int(numbers[first]), int(numbers[last - 1]) + 1)
        for first, last in zip(firsts, lasts, strict=False)
    ]


def rows_of(
    spans: Sequence[IndexSpan], name: str, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """Yield the rows of a table, one row group at a time, in order of the environments.

    Args:
        spans: which environments, and the parts they come from.
        name: of the table.
        columns: only these, `env_index` among them; None for all.
    """
    for part, start, end in spans:
        for table in row_groups(part.table(name), columns):
            index = table["env_index"]
            yield table.filter(pc.and_(pc.greater_equal(index, start), pc.less(index, end)))


def scene_files_of(spans: Sequence[IndexSpan]) -> Iterator[pa.Table]:
    """Yield the scene files of environments, each distinct one once, one row group at a time.

    Args:
        spans: which environments, and the parts they come from.
    """
    taken: set[str] = set()
    for span in spans:
        wanted: set[str] = set()
        for table in rows_of([span], "scenes", ["env_index", "scene_sha256"]):
            wanted.update(pc.unique(table["scene_sha256"]).to_pylist())
        wanted -= taken
        allowed = pa.array(wanted, pa.string())
        for table in row_groups(span.part.table("scene_files")) if wanted else ():
            yield table.filter(pc.is_in(table["scene_sha256"], allowed))
        taken |= wanted


def files_of(span: IndexSpan) -> pa.Table:
    """Return the file entries of a span's environments, one row per environment, in order."""
    table = read_table(span.part.table("files"))
    return table.slice(span.start - span.part.start, span.end - span.start)
