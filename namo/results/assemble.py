"""From parts to a collection: its tables, summary, run file and manifest.

The tables are metrics, pushes, plans and scenes. The report (`report.html`) is made from them
later, by `namo report`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pyarrow as pa

from namo.files import remove_leftovers, replacing
from namo.locks import lock_held
from namo.results.metadata_types import RunFile
from namo.results.records import file_entry, write_record
from namo.results.run_file import RUN_FILE, write_run_file
from namo.results.schema import FILES
from namo.results.spans import IndexSpan, files_of, rows_of, used_parts
from namo.results.summary import summarise
from namo.results.summary_text import summary_text
from namo.results.summary_types import Summary
from namo.results.tables import DATA_TABLES, write_table

LOCK = ".merge.lock"


@dataclass(frozen=True)
class Assembled:
    """What was assembled.

    Attributes:
        summary: content of the summary pickle.
        text: the summary as text.
        text_path: file that holds this text.
    """

    summary: Summary
    text: str
    text_path: Path


def assemble(
    output_dir: Path, label: str, source: str, listed: int, origin: RunFile | None = None
) -> Assembled:
    """Write tables, summary, run file and manifest of a collection from its parts.

    Environments appear once and in order, whatever the parts are called. Where parts overlap, as
    after a change of the chunk size, an environment's rows come from the part that was made last.

    Args:
        output_dir: folder of the collection.
        label: of the run, in the names of the summary's files.
        source: folder or manifest that the environments come from.
        listed: number of environments in it.
        origin: run file whose versions, machine and command are kept; None for those of this
            process.

    Raises:
        ResultFileError: there is no finished part, or one is damaged.
    """
    with lock_held(output_dir / LOCK, f"which is merging {output_dir}", wait=True):
        return _assemble(output_dir, label, source, listed, origin)


def _assemble(
    output_dir: Path, label: str, source: str, listed: int, origin: RunFile | None
) -> Assembled:
    run_path = output_dir / RUN_FILE
    summary_path = output_dir / f"collection_summary_{label}.pkl"
    text_path = output_dir / f"summary_{label}.txt"
    others = [summary_path, text_path, run_path]
    tables = [f"{name}.parquet" for name in (*DATA_TABLES, "manifest")]
    remove_leftovers(output_dir, [*tables, *(path.name for path in others)])
    spans, used = used_parts(output_dir)
    rows = {
        name: write_table(output_dir / f"{name}.parquet", schema, rows_of(spans, name))
        for name, schema in DATA_TABLES.items()
    }
    parts = list(used.values())
    write_run_file(run_path, source, listed, output_dir / "metrics.parquet", parts, origin)
    summary = summarise(output_dir / "metrics.parquet", output_dir / "pushes.parquet", parts)
    write_record(summary_path, summary)
    text = summary_text(summary, output_dir)
    with replacing(text_path) as handle:
        handle.write(text.encode())
    _write_manifest(output_dir, spans, rows, others)
    return Assembled(summary, text, text_path)


def _write_manifest(
    output_dir: Path, spans: Sequence[IndexSpan], rows: dict[str, int], others: list[Path]
) -> None:
    """Write the list of all result files; those of environments were hashed by their chunks."""
    written = [output_dir / f"{name}.parquet" for name in rows]
    entries = [
        *(file_entry(path, output_dir, rows[path.stem]) for path in written),
        *(file_entry(path, output_dir, None) for path in others),
    ]
    tables = chain(map(files_of, spans), [pa.Table.from_pylist(entries, FILES)])
    write_table(output_dir / "manifest.parquet", FILES, tables)
