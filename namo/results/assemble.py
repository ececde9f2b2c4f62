"""From parts to a collection: tables, summary, report and manifest of the whole folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from namo.errors import ResultFileError
from namo.files import remove_leftovers, replacing
from namo.locks import lock_held
from namo.results.parts import Part, age_of, finished_parts
from namo.results.records import file_entry, write_record
from namo.results.run_file import RUN_FILE, write_run_file
from namo.results.schema import FILES
from namo.results.summary import summarise
from namo.results.summary_text import summary_text
from namo.results.tables import DATA_TABLES, row_groups, write_table

Record = dict[str, Any]

LOCK = ".merge.lock"


@dataclass(frozen=True)
class Assembled:
    """What a merge wrote.

    Attributes:
        summary: the content of the summary pickle.
        report: the text of the report.
        report_path: where it is.
    """

    summary: Record
    report: str
    report_path: Path


def assemble(output_dir: Path, label: str, source: str, listed: int) -> Assembled:
    """Write metrics, pushes, summary, report and manifest of a collection from its parts.

    Environments appear once and in order, whatever the parts were called. Where parts overlap, as
    after a change of the chunk size, an environment's rows come from the part that was made last.

    Args:
        output_dir: folder of the collection.
        label: of the run, in the names of the summary and the report.
        source: folder or manifest that the environments come from.
        listed: how many environments there are.

    Raises:
        ResultFileError: there is no finished part, or one is damaged.
    """
    with lock_held(output_dir / LOCK, f"which merges {output_dir}", wait=True):
        return _assemble(output_dir, label, source, listed)


def _assemble(output_dir: Path, label: str, source: str, listed: int) -> Assembled:
    run_path = output_dir / RUN_FILE
    summary_path = output_dir / f"collection_summary_{label}.pkl"
    report_path = output_dir / f"summary_{label}.txt"
    others = [summary_path, report_path, run_path]
    tables = [f"{name}.parquet" for name in (*DATA_TABLES, "manifest")]
    remove_leftovers(output_dir, [*tables, *(path.name for path in others)])
    stretches, used = used_parts(output_dir)
    rows = {
        name: write_table(output_dir / f"{name}.parquet", schema, rows_of(stretches, name))
        for name, schema in DATA_TABLES.items()
    }
    write_run_file(run_path, source, listed, output_dir / "metrics.parquet", [*used.values()])
    summary = summarise(
        output_dir / "metrics.parquet", output_dir / "pushes.parquet", [*used.values()]
    )
    write_record(summary_path, summary)
    report = summary_text(summary, output_dir)
    with replacing(report_path) as handle:
        handle.write(report.encode())
    _write_manifest(output_dir, stretches, rows, others)
    return Assembled(summary, report, report_path)


def require_parts(output_dir: Path) -> list[Part]:
    """Return the finished parts of a collection.

    Raises:
        ResultFileError: there are none.
    """
    parts = finished_parts(output_dir)
    if not parts:
        raise ResultFileError(f"{output_dir}: no finished part to make a summary of")
    return parts


Stretch = tuple[Part, int, int]
"""A part and the run of environments, start and end, that is taken from it."""


def used_parts(output_dir: Path) -> tuple[list[Stretch], dict[Part, Record]]:
    """Return which environments come from which part, and what the markers of these parts say.

    Raises:
        ResultFileError: there is no finished part, or one is damaged.
    """
    information = {part: part.information() for part in require_parts(output_dir)}
    stretches = _stretches(sorted(information, key=lambda part: age_of(information[part])))
    used = {part: information[part] for part, _, _ in stretches}
    for part, said in used.items():
        part.verify(said)
    return stretches, used


def _stretches(oldest_first: list[Part]) -> list[Stretch]:
    """Return which environments come from which part, in order of the environments."""
    owner = np.full(max(part.end for part in oldest_first), -1)
    for number, part in enumerate(oldest_first):
        owner[part.start : part.end] = number
    borders = np.flatnonzero(np.diff(owner, prepend=-2, append=-2))
    return [
        (oldest_first[owner[start]], int(start), int(end))
        for start, end in pairwise(borders)
        if owner[start] >= 0
    ]


def rows_of(
    stretches: list[Stretch], name: str, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """Yield the rows of a table, a row group at a time, in order of the environments.

    Args:
        stretches: which environments, and from where.
        name: of the table.
        columns: only these, `env_index` among them.
    """
    for part, start, end in stretches:
        for table in row_groups(part.table(name), columns):
            index = table["env_index"]
            yield table.filter(pc.and_(pc.greater_equal(index, start), pc.less(index, end)))


def _write_manifest(
    output_dir: Path, stretches: list[Stretch], rows: dict[str, int], others: list[Path]
) -> None:
    """Write the list of all result files; those of environments were hashed by their chunks."""
    written = [output_dir / f"{name}.parquet" for name in rows]
    entries = [
        *(file_entry(path, output_dir, rows[path.stem]) for path in written),
        *(file_entry(path, output_dir, None) for path in others),
    ]
    tables = chain(map(files_of, stretches), [pa.Table.from_pylist(entries, FILES)])
    write_table(output_dir / "manifest.parquet", FILES, tables)


def files_of(stretch: Stretch) -> pa.Table:
    """Return the part's lines on the files of a run of environments: one a file, in order."""
    part, start, end = stretch
    table = pq.read_table(part.table("files"))
    return table.slice(start - part.start, end - start)
