"""The scene manifest, generated or of scenes of others: one row per scene, with its split.

Not to be confused with the scenes table of a collection and the scenes of a data set, which are
files of the same name; see `namo.scenes.table_kinds`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from namo.arrow_fields import described_field
from namo.errors import UsageError
from namo.files import replacing, sha256_of
from namo.scenes.parquet_files import (
    ParquetFileError,
    metadata_of,
    schema_of,
    table_of,
    text_problem,
)
from namo.scenes.table_kinds import how_to_certify, missing_columns

MANIFEST = "scenes.parquet"
MANIFEST_VERSION = 1
LEFT_OUT = "left_out"
"""Metadata key of the files that a manifest of a folder does not list, and why, as JSON."""
SETTINGS = "settings"
"""Metadata key of the settings of the set."""

_WITH_LAYOUTS = "a scene manifest, or columns of these names"


_field = partial(described_field, unit_first=True)

SCENES = pa.schema(
    [
        _field("index", pa.int64(), "", "place in the list, from 0: the environment index"),
        _field("file", pa.string(), "", "scene file, relative to the manifest"),
        _field("sha256", pa.string(), "", "of the scene file"),
        _field("family", pa.string(), "", "layout family that drew the walls"),
        _field(
            "layout_id",
            pa.string(),
            "",
            "the same for the same walls, wherever and however turned or mirrored they lie",
        ),
        _field("split", pa.string(), "", "train, val or test; all scenes of a layout share one"),
        _field("difficulty", pa.string(), "", "class; null where it was not measured"),
        _field(
            "pushes_needed",
            pa.int32(),
            "pushes",
            "fewest found that open the goal, 0 where it is open; null where none were found",
        ),
        _field(
            "opening_share",
            pa.float64(),
            "share",
            "of candidate pushes that open the goal at once; null where it is open",
        ),
        _field(
            "candidate_pushes", pa.int32(), "pushes", "reachable contact points times push lengths"
        ),
        _field("box_count", pa.int32(), "", "movables"),
        _field("free_area_m2", pa.float64(), "m2", "where the robot's centre can be, all regions"),
        _field("seed", pa.int64(), "", "of the generator"),
        _field("candidate", pa.int64(), "", "number of the candidate under that seed"),
        _field("generator_version", pa.int32(), "", "of the generator"),
    ],
    metadata={"manifest_version": str(MANIFEST_VERSION)},
)

PART = _field("part", pa.string(), "", "of the mixture that the scene was drawn for")
"""Column of manifests of mixtures."""
PROVEN_DEPTH = _field(
    "proven_depth",
    pa.int32(),
    "pushes",
    "straight pushes that are shown to be needed, by enumeration; null where it was not tried",
)
"""Column of manifests of scenes for which that was tried."""


def write_manifest(
    path: Path,
    rows: list[dict[str, Any]],
    metadata: Mapping[str, str],
    more: Iterable[pa.Field] = (),
) -> None:
    """Write a scene manifest atomically.

    Args:
        path: of the file.
        rows: values by column name.
        metadata: of the schema; `SETTINGS` marks a manifest of the generator.
        more: columns, beyond those of `SCENES`.
    """
    schema = pa.schema([*SCENES, *more]).with_metadata({**(SCENES.metadata or {}), **metadata})
    with replacing(path) as handle:
        pq.write_table(pa.Table.from_pylist(rows, schema), handle, compression="zstd")


def audit_manifest(path: Path) -> list[str]:
    """Return the problems of a scene manifest; none if its splits are disjoint.

    Args:
        path: of a Parquet file; missing columns are not checked.

    Returns:
        A sentence for each layout or scene in two splits, for each scene that is listed twice, and
        for each file that is missing or whose checksum differs.

    Raises:
        UsageError: the file is not a scene manifest.
    """
    try:
        there = schema_of(path).names
        names = [name for name in ("file", "sha256", "layout_id", "split") if name in there]
        table = table_of(path, names)
    except ParquetFileError as error:
        raise UsageError(f"{path}: not a scene manifest: {error}") from error
    if problem := text_problem(table, names):
        raise UsageError(f"{path}: {problem}")
    problems = split_problems(table)
    if {"sha256", "file"} <= set(names):
        for row in table.select(["file", "sha256"]).to_pylist():
            file = path.parent / row["file"]
            try:
                if not file.is_file():
                    problems.append(f"{row['file']}: is missing")
                elif sha256_of(file) != row["sha256"]:
                    problems.append(
                        f"{row['file']}: checksum mismatch; changed since the manifest was written"
                    )
            except OSError as error:
                problems.append(f"{row['file']}: cannot be read: {error.strerror}")
    return problems


def left_out_of(path: Path) -> dict[str, str]:
    """Return the files that a manifest of a folder does not list, and why.

    Args:
        path: of a Parquet file; one of another kind leaves nothing out.

    Raises:
        UsageError: the file is damaged, or what it says of them.
    """
    try:
        stored = metadata_of(path).get(LEFT_OUT.encode(), b"{}")
        return {str(name): str(why) for name, why in json.loads(stored).items()}
    except ParquetFileError as error:
        raise UsageError(f"{path}: {error}") from error
    except (ValueError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path}: its list of files left out is damaged: {error}") from error


@dataclass(frozen=True)
class Listed:
    """The entries of a scene in a manifest that training needs.

    Attributes:
        layout_id: see `namo.scenes.layout_id`.
        split: of its layout.
    """

    layout_id: str
    split: str


def listed_scenes(manifest: Path) -> dict[str, Listed]:
    """Return layout and split of every scene of a manifest, by the SHA-256 of its file.

    Raises:
        UsageError: the manifest cannot be read, lacks a column, or has a layout or scene in two
            splits.
    """
    table = read_columns(manifest, ["sha256", "layout_id", "split"])
    if problems := split_problems(table):
        raise UsageError(f"--manifest {manifest}: {'; '.join(problems[:3])}")
    return {row["sha256"]: Listed(row["layout_id"], row["split"]) for row in table.to_pylist()}


def read_columns(manifest: Path, columns: list[str]) -> pa.Table:
    """Return columns of a scene manifest.

    Args:
        manifest: Parquet file.
        columns: names of the columns, which hold text.

    Raises:
        UsageError: it does not exist, cannot be read or lacks a column; says what makes one.
    """
    if not manifest.exists():
        raise UsageError(f"--manifest {manifest}: no such file; {how_to_certify(manifest)}")
    try:
        problem = missing_columns(schema_of(manifest).names, columns, _WITH_LAYOUTS)
        if not problem:
            table = table_of(manifest, columns)
            problem = text_problem(table, columns)
            if not problem:
                return table
    except ParquetFileError as error:
        problem = str(error)
    raise UsageError(f"--manifest {manifest}: {problem}; {how_to_certify()}")


def split_problems(table: pa.Table) -> list[str]:
    """Return a sentence for each layout or scene in two splits, and each scene listed twice."""
    problems = []
    for column, what in (("layout_id", "layout"), ("sha256", "scene")):
        if {column, "split"} <= set(table.column_names):
            problems += _in_two_splits(table, column, what)
    if {"sha256", "file"} <= set(table.column_names):
        problems += _listed_twice(table)
    return problems


def _in_two_splits(table: pa.Table, column: str, what: str) -> list[str]:
    pairs = table.group_by([column, "split"]).aggregate([]).to_pylist()
    splits: dict[str, list[str]] = {}
    for pair in pairs:
        splits.setdefault(pair[column], []).append(str(pair["split"]))
    return [
        f"{what} {name} is in {len(names)} splits: {', '.join(sorted(names))}"
        for name, names in sorted(splits.items())
        if len(names) > 1
    ]


def _listed_twice(table: pa.Table) -> list[str]:
    files: dict[str, list[str]] = {}
    for row in table.select(["file", "sha256"]).to_pylist():
        files.setdefault(row["sha256"], []).append(row["file"])
    return [
        f"the same scene is listed {len(names)} times: {', '.join(sorted(names))}"
        for names in files.values()
        if len(names) > 1
    ]
