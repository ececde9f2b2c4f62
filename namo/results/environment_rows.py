"""Rows of the tables by environment, without reading the tables as a whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from namo.results.records import Record
from namo.results.tables import open_table, require_values, row_groups
from namo.signals import check_termination

BATCH_ROWS = 4096
"""Rows to load at once; a plan of a few pushes takes 10 kB."""


def all_rows(paths: Iterable[Path], columns: Sequence[str] | None = None) -> Iterator[Record]:
    """Yield the rows of tables.

    Args:
        paths: of the tables.
        columns: to read; None for all.

    Raises:
        ResultFileError: a table is missing or damaged, or a value is not allowed in its column.
    """
    for path in paths:
        for table in row_groups(path, columns):
            for batch in table.to_batches(BATCH_ROWS):
                yield from batch.to_pylist()


def environments_in(path: Path) -> set[int]:
    """Return the environments that have rows in a table.

    Args:
        path: of a table with the column `env_index`, of any schema version.

    Raises:
        ResultFileError: the table is missing or damaged.
    """
    return {
        number
        for rows in row_groups(path, ["env_index"])
        for number in rows["env_index"].to_pylist()
    }


def by_environment(rows: Iterable[Record]) -> Iterator[tuple[int, list[Record]]]:
    """Yield environments with their rows, which are neighbours; those of one are in memory."""
    for number, group in groupby(rows, key=itemgetter("env_index")):
        yield number, list(group)


def rows_of_environments(
    path: Path, environments: Collection[int], columns: Sequence[str]
) -> Iterator[Record]:
    """Yield the rows of some environments, skipping row groups that hold none of them.

    Args:
        path: of a table with the column `env_index`.
        environments: their indices.
        columns: to read, `env_index` among them.

    Raises:
        ResultFileError: the table is missing or damaged, or a value is not allowed in its column.
    """
    wanted = np.array(sorted(environments), np.int64)
    values = pa.array(wanted)
    with open_table(path) as file:
        column = file.schema_arrow.get_field_index("env_index")
        groups = [
            group
            for group in range(file.num_row_groups)
            if _may_hold(file.metadata.row_group(group).column(column).statistics, wanted)
        ]
        if not groups:
            return
        for rows in file.iter_batches(BATCH_ROWS, row_groups=groups, columns=list(columns)):
            check_termination()
            require_values(path, rows)
            yield from rows.filter(pc.is_in(rows["env_index"], values)).to_pylist()


def _may_hold(statistics: Any, wanted: NDArray[np.int64]) -> bool:  # noqa: ANN401 - pyarrow is untyped
    if statistics is None or not statistics.has_min_max:
        return True
    return bool(((wanted >= statistics.min) & (wanted <= statistics.max)).any())
