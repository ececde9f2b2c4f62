"""From parts to a collection: its tables, summary, run file and manifest.

The tables are metrics, pushes, plans, scenes and scene files. The report (`report.html`) is made
from them later, by `namo report`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pyarrow as pa

from namo.errors import ResultFileError
from namo.files import remove_leftovers, replacing
from namo.locks import lock_held
from namo.results.metadata_types import (
    AskedRecord,
    PartMarker,
    PartMetadata,
    RunFile,
    SubsetRecord,
)
from namo.results.part_costs import used_costs
from namo.results.parts import Part, finished_parts
from namo.results.plan import CollectionPlan
from namo.results.records import file_entry, write_record
from namo.results.run_file import RUN_FILE, write_run_file
from namo.results.schema import FILES
from namo.results.selection import SHOWN, Selection, select, used_parts
from namo.results.spans import IndexSpan, files_of, rows_of, scene_files_of
from namo.results.summary import summarise
from namo.results.summary_text import summary_text
from namo.results.summary_types import Summary
from namo.results.tables import DATA_TABLES, MERGED_TABLES, write_table
from namo.wording import truncated_list

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
    output_dir: Path,
    label: str,
    source: str,
    listed: int,
    plan: CollectionPlan | None = None,
    asked: AskedRecord | None = None,
    final: Path | None = None,
    origin: RunFile | None = None,
    only: Collection[int] | None = None,
) -> Assembled:
    """Write tables, summary, run file and manifest of a collection from its parts.

    Environments appear once and in order, whatever the parts are called. What does not belong to
    the plan is left out and named in the summary. Where parts overlap, as after a change of the
    chunk size, an environment's rows come from the part that was made last.

    Args:
        output_dir: folder of the collection.
        label: of the run, in the names of the summary's files.
        source: folder or manifest that the environments come from.
        listed: number of environments in it.
        plan: what the collection was asked to hold; None where all parts are known to belong
            together.
        asked: record of the plan for `run.json`, where `plan` is None.
        final: folder that `output_dir` will be renamed to; None if it will not.
        origin: run file whose versions, machine and command are kept; None for those of this
            process.
        only: environments to take, all of which must be there and belong to the plan; None for all.

    Raises:
        ResultFileError: there is no finished part, one is damaged, or an environment that was asked
            for is stored only as the plan does not ask for it, one of `only` is missing, nothing
            belongs to the plan, or a part was collected again while it was merged: the manifest is
            then not replaced.
    """
    with lock_held(output_dir / LOCK, f"which is merging {output_dir}", wait=True):
        replaced = {part: part.replaced() for part in finished_parts(output_dir)}
        if plan is None:
            spans, used = used_parts(output_dir, only=only)
            notes: list[str] = []
        else:
            selection = select(output_dir, plan, only=only)
            selection.require_current()
            if not selection.spans:
                left_out = truncated_list(selection.left_out(), SHOWN, "; ")
                raise ResultFileError(
                    f"{output_dir}: nothing in it belongs to what is asked for: {left_out}"
                )
            spans, used = selection.spans, selection.used
            notes, asked = _notes(selection), plan.as_record()
        about = About(label, source, listed, asked, notes, origin)
        rows: dict[str, Iterable[pa.Table]] = {name: rows_of(spans, name) for name in DATA_TABLES}
        rows["scene_files"] = scene_files_of(spans)
        parts, files = used_costs(spans, used), _files_of(spans, used, replaced)
        return write_collection(output_dir, final or output_dir, rows, files, parts, about)


def _files_of(
    spans: Sequence[IndexSpan],
    used: Mapping[Part, PartMarker],
    replaced: Mapping[Part, frozenset[int]],
) -> Iterator[pa.Table]:
    """Yield the file entries of spans, then make sure that all rows were read from the same parts.

    The manifest takes these entries after the tables are written, so none is written for tables
    that hold the rows of several runs.

    Raises:
        ResultFileError: a part was collected again in the meantime.
    """
    yield from map(files_of, spans)
    for part, marker in used.items():
        if (
            not part.is_finished
            or part.metadata() != marker
            or part.replaced() != replaced.get(part)
        ):
            raise ResultFileError(
                f"{part.folder}: was collected again while it was merged; merge again when no "
                "process collects into it"
            )


@dataclass(frozen=True)
class About:
    """What the run file and the summary say about a collection.

    Attributes:
        label: in the names of the summary's files.
        source: folder or manifest that the environments come from.
        listed: number of environments in it.
        asked: the plan; None if there was none.
        notes: lines of the summary.
        origin: run file whose versions, machine and command are kept; None for those of this
            process.
        subset: of which collection this is a subset; None for a collection of its own.
    """

    label: str
    source: str
    listed: int
    asked: AskedRecord | None
    notes: list[str]
    origin: RunFile | None = None
    subset: SubsetRecord | None = None


def _notes(selection: Selection) -> list[str]:
    """Return lines that say where the collection and the plan differ."""
    outside, plan = selection.outside(), selection.plan
    missing = selection.missing
    bounds = f"{plan.wanted.start} to {plan.wanted.stop - 1}"
    lines = [f"not used: {line}" for line in selection.left_out()]
    if outside and plan.wanted:  # a collection that was merged from others has no range of its own
        lines.append(
            f"beside {bounds}, as they were collected in the same way: "
            f"{truncated_list(outside, SHOWN)}"
        )
    if missing:
        lines.append(f"of {bounds} not collected: {truncated_list(missing, SHOWN)}")
    return lines


def write_collection(
    output_dir: Path,
    final: Path,
    content: Mapping[str, Iterable[pa.Table]],
    files: Iterable[pa.Table],
    parts: Sequence[PartMetadata],
    about: About,
) -> Assembled:
    """Write tables, summary, run file and manifest of a collection.

    Args:
        output_dir: to write into; holds the files of environments.
        final: folder that it will be renamed to; itself if it will not.
        content: rows of each of `MERGED_TABLES`, in order of the environments.
        files: entries of the files of environments, in that order.
        parts: settings and costs of what was collected.
        about: the rest.
    """
    run_path = output_dir / RUN_FILE
    summary_path = output_dir / f"collection_summary_{about.label}.pkl"
    text_path = output_dir / f"summary_{about.label}.txt"
    others = [summary_path, text_path, run_path]
    tables = [f"{name}.parquet" for name in (*MERGED_TABLES, "manifest")]
    remove_leftovers(output_dir, [*tables, *(path.name for path in others)])
    rows = {
        name: write_table(output_dir / f"{name}.parquet", schema, content[name])
        for name, schema in MERGED_TABLES.items()
    }
    metrics = output_dir / "metrics.parquet"
    write_run_file(
        run_path,
        final.resolve().name,
        about.source,
        about.listed,
        metrics,
        parts,
        about.asked,
        about.origin,
        about.subset,
    )
    summary = summarise(output_dir, parts, about.notes, final)
    write_record(summary_path, summary)
    text = summary_text(summary, final)
    with replacing(text_path) as handle:
        handle.write(text.encode())
    _write_manifest(output_dir, files, rows, others)
    return Assembled(summary, text, final / text_path.name)


def _write_manifest(
    output_dir: Path, files: Iterable[pa.Table], rows: dict[str, int], others: list[Path]
) -> None:
    """Write the list of all result files; those of environments were hashed by their chunks."""
    written = [output_dir / f"{name}.parquet" for name in rows]
    entries = [
        *(file_entry(path, output_dir, rows[path.stem]) for path in written),
        *(file_entry(path, output_dir, None) for path in others),
    ]
    tables = chain(files, [pa.Table.from_pylist(entries, FILES)])
    write_table(output_dir / "manifest.parquet", FILES, tables)
