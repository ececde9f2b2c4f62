"""A collection as a data set of the Hugging Face Hub: Parquet shards and a card.

Each table is a configuration: `datasets.load_dataset(FOLDER, "episodes")`. The tables are those of
the collection without what is specific to the machine that made it: the columns `LEFT_OUT` are
missing, and paths of scene files are relative to their common folder.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from namo.errors import UsageError
from namo.exporting.card import DatasetCard, Split
from namo.exporting.card_text import card_text
from namo.exporting.exporter import Export
from namo.exporting.progress import track_progress
from namo.files import replacing, sha256_of
from namo.results.export_folder import CARD, EXPORTED, exported_schema
from namo.results.shards import SPLITS, ShardWriter, shard_name
from namo.results.tables import (
    merged_table,
    open_table,
    read_table,
    row_groups,
    write_table,
)
from namo.scenes.manifest import listed_scenes
from namo.wording import counted

ONLY_SPLIT = "train"
"""Name of the single split without a manifest; the library requires one."""
SHARD_BYTES = 256_000_000
"""Size of the rows of a shard in memory (bytes); files are several times smaller."""

_SPLIT = re.compile(r"\w+", re.ASCII)  # names that the library accepts

Splits = dict[str, NDArray[np.bool_]]
"""Name of the split -> mask of its environments (n,), by environment index."""


class HuggingFaceExporter:
    """Writes a card, and a folder of shards per table."""

    SETTINGS: ClassVar[frozenset[str]] = frozenset({"licence", "citation", "manifest"})

    def write(self, export: Export) -> list[str]:
        """Write the shards, and the card last.

        Raises:
            UsageError: the citation or the manifest is invalid.
            ResultFileError: a file of the collection is missing or damaged.
        """
        card = DatasetCard.of(export)
        folder = export.collection.folder
        paths = {name: merged_table(folder, table) for name, table in EXPORTED.items()}
        splits, unassigned = _splits(paths["episodes"], export.settings.manifest)
        common = _common_folder(paths["episodes"])
        schemas = {name: exported_schema(table) for name, table in EXPORTED.items()}
        rows = {
            name: _write_table(export.folder / name, path, schemas[name], splits, common)
            for name, path in paths.items()
        }
        exported = [
            Split(split, int(members.sum()), {name: rows[name][split] for name in rows})
            for split, members in splits.items()
        ]
        digests = {name: digest_of(export.folder / name) for name in EXPORTED}
        digests["scene_files"] = sha256_of(export.folder / "scene_files.parquet")
        with replacing(export.folder / CARD) as handle:
            handle.write(card_text(card, exported, schemas, digests, unassigned).encode())
        return list(_messages(export, exported, unassigned))


def _messages(export: Export, splits: Sequence[Split], unassigned: int) -> Iterator[str]:
    count = counted(sum(split.environments for split in splits), "environment", "environments")
    rows = [f"{sum(split.rows[name] for split in splits):,} rows of {name}" for name in EXPORTED]
    yield f"{export.output}: {count}, {', '.join(rows)}"
    if unassigned:
        count = counted(unassigned, "environment", "environments")
        yield f"{count} left out: the scene could not be read, so it has no split"
    if export.settings.licence is None:
        yield "the card states that no licence was chosen; set one with --licence ID"
    yield "review the card and the column error_message before you publish the data"
    yield "load it in Python with"
    yield "    import datasets"
    yield f"    data = datasets.load_dataset({str(export.output)!r}, 'episodes')"


def _write_table(
    folder: Path, path: Path, schema: pa.Schema, splits: Splits, common: str
) -> dict[str, int]:
    """Write the shards of a table, one row group at a time, and return the rows per split.

    A split without rows has no shard if another split has rows: the library refuses to load a table
    of which a split is empty. A table without any rows has one shard per split, without row groups,
    from which readers take the columns.
    """
    counts = dict.fromkeys(splits, 0)

    def writer(split: str) -> ShardWriter[pa.Table]:
        def write(number: int, tables: list[pa.Table]) -> None:
            counts[split] += write_table(folder / shard_name(split, number), schema, tables)

        return ShardWriter(write, SHARD_BYTES, size_of=lambda table: int(table.nbytes))

    with open_table(path) as file:
        groups = file.num_row_groups
    with ExitStack() as stack:
        shards = {split: stack.enter_context(writer(split)) for split in splits}
        for table in track_progress(row_groups(path), groups, f"row groups of {path.stem}"):
            rows = _portable(table, common).select(schema.names)
            environments = rows["env_index"].to_numpy()
            for split, members in splits.items():
                selected = rows.filter(pa.array(members[environments]))
                if selected.num_rows:
                    shards[split].add(selected)
    for split in splits if not any(counts.values()) else ():
        with (
            replacing(folder / shard_name(split, 0)) as handle,
            pq.ParquetWriter(handle, schema),
        ):
            pass
    return counts


def digest_of(folder: Path) -> str:
    """Return a hash over the files of a table."""
    files = sorted(folder.glob("*.parquet"))
    lines = [f"{sha256_of(path)}  {path.name}\n" for path in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _splits(metrics: Path, manifest: Path | None) -> tuple[Splits, int]:
    """Return the splits, and the number of environments that are in none.

    Raises:
        UsageError: the manifest is invalid, or does not list a scene of the collection.
    """
    environments = read_table(metrics, ["env_index"])["env_index"].to_numpy()
    empty = np.zeros(int(environments.max(initial=-1)) + 1, np.bool_)
    if manifest is None:
        everything = empty.copy()
        everything[environments] = True
        return {ONLY_SPLIT: everything}, 0
    listed = listed_scenes(manifest)
    splits: Splits = {}
    unassigned = set()
    for table in row_groups(metrics, ["env_index", "scene_sha256", "xml_file"]):
        for environment, sha256, xml_file in zip(*table.to_pydict().values(), strict=True):
            if not sha256:
                unassigned.add(environment)  # the scene file could not be read
                continue
            if sha256 not in listed:
                raise UsageError(
                    f"{xml_file}: not listed in {manifest} (sha256 {sha256}), so it has no split"
                )
            split = listed[sha256].split
            if not _SPLIT.fullmatch(split):
                raise UsageError(
                    f"{manifest}: split is {split!r}; allowed: letters, digits and underscores"
                )
            if split not in splits:
                splits[split] = empty.copy()
            splits[split][environment] = True
    if not splits:
        raise UsageError(
            f"{metrics.parent}: none of its scenes could be read, so none has a split; leave "
            "--manifest out"
        )
    order = {name: index for index, name in enumerate(SPLITS)}
    names = sorted(splits, key=lambda name: (order.get(name, len(order)), name))
    return {name: splits[name] for name in names}, len(unassigned)


def _common_folder(metrics: Path) -> str:
    """Return the common folder of all scenes with absolute paths, with its slash.

    Empty if no path is absolute.
    """
    common: str | None = None
    for table in row_groups(metrics, ["xml_file"]):
        for path in map(Path, set(table["xml_file"].to_pylist())):
            if path.is_absolute():
                common = os.path.commonpath([common or path.parent, path.parent])
    return "" if common is None else common.rstrip("/") + "/"


def _portable(table: pa.Table, common: str) -> pa.Table:
    """Return rows in which the paths of scene files are relative to their common folder."""
    if len(common) <= 1:
        return table
    if "xml_file" in table.column_names:
        short = [path.removeprefix(common) for path in table["xml_file"].to_pylist()]
        table = _with(table, "xml_file", short)
    if "error_message" in table.column_names:
        messages = table["error_message"].to_pylist()
        prefix = re.compile(rf"(?<![\w./-]){re.escape(common)}")
        short = [message and prefix.sub("", message) for message in messages]
        table = _with(table, "error_message", short)
    return table


def _with(table: pa.Table, name: str, values: list[str | None]) -> pa.Table:
    field = table.schema.field(name)
    index = table.schema.get_field_index(name)
    return table.set_column(index, field, pa.array(values, field.type))
