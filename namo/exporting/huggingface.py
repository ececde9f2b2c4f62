"""A collection as a data set of the Hugging Face Hub: shards of Parquet and a card.

Every table is a configuration: `datasets.load_dataset(FOLDER, "episodes")`. The tables are those of
the collection but for what only means something on the machine it was made on: the columns of
`LEFT_OUT` are missing, and scene files go by their path below the folder that they share.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from namo.errors import UsageError
from namo.exporting.card import Card, Split
from namo.exporting.card_text import card_text
from namo.exporting.counting import counting
from namo.exporting.exporter import Export
from namo.files import replacing, sha256_of
from namo.results.shards import SPLITS, shard_name
from namo.results.tables import DATA_TABLES, merged_table, row_groups, write_table
from namo.scenes.manifest import listed_scenes
from namo.wording import counted

TABLES = {"episodes": "metrics", "pushes": "pushes", "plans": "plans", "scenes": "scenes"}
"""Configuration -> table of the collection."""
LEFT_OUT = ("hostname", "worker_hostname", "rerun_command")
ONLY_SPLIT = "train"
"""What the one split is called where there is no manifest: the library wants a name."""
SHARD_BYTES = 256_000_000
"""Of a shard's rows in memory; files are several times smaller."""

_SPLIT = re.compile(r"\w+", re.ASCII)  # as the library wants them

Splits = dict[str, NDArray[np.bool_]]
"""Name -> which environments are in it, by number."""


class HuggingFace:
    """Writes the card and a folder of shards for each table."""

    SETTINGS: ClassVar[frozenset[str]] = frozenset({"licence", "citation", "manifest"})

    def write(self, export: Export) -> list[str]:
        """Write the shards, and the card last.

        Raises:
            UsageError: the citation or the manifest cannot be used.
            ResultFileError: a file of the collection is missing or damaged.
        """
        card = Card.of(export)
        folder = export.collection.folder
        paths = {name: merged_table(folder, table) for name, table in TABLES.items()}
        splits, unknown = _splits(paths["episodes"], export.settings.manifest)
        shared = _shared_folder(paths["episodes"])
        schemas = {name: _exported_schema(DATA_TABLES[table]) for name, table in TABLES.items()}
        rows = {
            name: _write_table(export.folder / name, path, schemas[name], splits, shared)
            for name, path in paths.items()
        }
        described = [
            Split(split, int(inside.sum()), {name: rows[name][split] for name in rows})
            for split, inside in splits.items()
        ]
        digests = {name: _digest(export.folder / name) for name in TABLES}
        with replacing(export.folder / "README.md") as handle:
            handle.write(card_text(card, described, schemas, digests, unknown).encode())
        return list(_lines(export, described, unknown))


def _lines(export: Export, splits: Sequence[Split], unknown: int) -> Iterator[str]:
    count = counted(sum(split.environments for split in splits), "environment", "environments")
    rows = [f"{sum(split.rows[name] for split in splits):,} rows of {name}" for name in TABLES]
    yield f"{export.output}: {count}, {', '.join(rows)}"
    if unknown:
        count = counted(unknown, "environment", "environments")
        yield f"{count} left out: the scene could not be read, so it has no split"
    if export.settings.licence is None:
        yield "no licence was chosen, and the card says so; --licence ID names one"
    yield "look through the card and the column error_message before you publish it"
    yield "it is loaded in Python with"
    yield "    import datasets"
    yield f"    data = datasets.load_dataset({str(export.output)!r}, 'episodes')"


def _write_table(
    folder: Path, path: Path, schema: pa.Schema, splits: Splits, shared: str
) -> dict[str, int]:
    """Write the shards of a table, a row group at a time, and return the rows of each split."""
    shards = {split: _Shards(folder, split, schema) for split in splits}
    with pq.ParquetFile(path) as file:
        groups = file.num_row_groups
    for table in counting(row_groups(path), groups, f"row groups of {path.stem}"):
        rows = _portable(table, shared).select(schema.names)
        numbers = rows["env_index"].to_numpy()
        for split, inside in splits.items():
            shards[split].add(rows.filter(pa.array(inside[numbers])))
    return {split: each.finish() for split, each in shards.items()}


def _digest(folder: Path) -> str:
    """Return the hash over the files of a table."""
    files = sorted(folder.glob("*.parquet"))
    lines = [f"{sha256_of(path)}  {path.name}\n" for path in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _splits(metrics: Path, manifest: Path | None) -> tuple[Splits, int]:
    """Return the splits, and how many environments are in none.

    Raises:
        UsageError: the manifest cannot be used, or does not list a scene of the collection.
    """
    numbers = pq.read_table(metrics, columns=["env_index"])["env_index"].to_numpy()
    nobody = np.zeros(int(numbers.max(initial=-1)) + 1, np.bool_)
    if manifest is None:
        everybody = nobody.copy()
        everybody[numbers] = True
        return {ONLY_SPLIT: everybody}, 0
    listed = listed_scenes(manifest)
    splits: Splits = {}
    unknown = set()
    for table in row_groups(metrics, ["env_index", "scene_sha256", "xml_file"]):
        for number, sha256, xml_file in zip(*table.to_pydict().values(), strict=True):
            if not sha256:
                unknown.add(number)  # a file that could not even be read
                continue
            if sha256 not in listed:
                raise UsageError(
                    f"{xml_file}: is not in {manifest} (sha256 {sha256}), which is to say which "
                    "split a scene is in"
                )
            split = listed[sha256].split
            if not _SPLIT.fullmatch(split):
                raise UsageError(
                    f"{manifest}: split is {split!r}; allowed: letters, digits and underscores"
                )
            if split not in splits:
                splits[split] = nobody.copy()
            splits[split][number] = True
    if not splits:
        raise UsageError(
            f"{metrics.parent}: no scene of it could be read, so none has a split; leave "
            "--manifest out"
        )
    order = {name: place for place, name in enumerate(SPLITS)}
    names = sorted(splits, key=lambda name: (order.get(name, len(order)), name))
    return {name: splits[name] for name in names}, len(unknown)


def _shared_folder(metrics: Path) -> str:
    """Return the folder that all scenes with absolute paths are below, with a slash at its end.

    Empty where no path is absolute.
    """
    shared: str | None = None
    for table in row_groups(metrics, ["xml_file"]):
        for path in map(Path, set(table["xml_file"].to_pylist())):
            if path.is_absolute():
                shared = os.path.commonpath([shared or path.parent, path.parent])
    return "" if shared is None else shared.rstrip("/") + "/"


def _exported_schema(schema: pa.Schema) -> pa.Schema:
    kept = [field for field in schema if field.name not in LEFT_OUT]
    return pa.schema(kept, metadata=schema.metadata)


def _portable(table: pa.Table, shared: str) -> pa.Table:
    """Return rows with scene files as they are called below the folder that they share."""
    if len(shared) <= 1:
        return table
    if "xml_file" in table.column_names:
        short = [path.removeprefix(shared) for path in table["xml_file"].to_pylist()]
        table = _with(table, "xml_file", short)
    if "error_message" in table.column_names:
        texts = table["error_message"].to_pylist()
        whole = re.compile(rf"(?<![\w./-]){re.escape(shared)}")
        short = [text and whole.sub("", text) for text in texts]
        table = _with(table, "error_message", short)
    return table


def _with(table: pa.Table, name: str, values: list[str | None]) -> pa.Table:
    field = table.schema.field(name)
    place = table.schema.get_field_index(name)
    return table.set_column(place, field, pa.array(values, field.type))


class _Shards:
    """Writes the rows of a split of a table, `SHARD_BYTES` to a file.

    Where there are no rows there is no file: the library cannot read one without rows.
    """

    def __init__(self, folder: Path, split: str, schema: pa.Schema) -> None:
        self._folder, self._split, self._schema = folder, split, schema
        self._waiting: list[pa.Table] = []
        self._bytes = self._written = self._rows = 0

    def add(self, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        self._waiting.append(rows)
        self._bytes += rows.nbytes
        if self._bytes >= SHARD_BYTES:
            self._write()

    def finish(self) -> int:
        """Write what waits, and return how many rows there are."""
        if self._waiting:
            self._write()
        return self._rows

    def _write(self) -> None:
        path = self._folder / shard_name(self._split, self._written)
        self._rows += write_table(path, self._schema, self._waiting)
        self._written += 1
        self._waiting, self._bytes = [], 0
