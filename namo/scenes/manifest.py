"""`scenes.parquet`: one row a scene, and the splits that training relies on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from namo.arrow_fields import described_field
from namo.errors import UsageError
from namo.files import replacing, sha256_of

MANIFEST = "scenes.parquet"
MANIFEST_VERSION = 1
SETTINGS = "settings"
"""Key of the metadata of a manifest that holds the settings of its set."""


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


def split_of(layout_id: str, splits: Mapping[str, float]) -> str:
    """Return the split of a layout: the same whatever else is in the set.

    Args:
        layout_id: name of the layout.
        splits: share of the layouts in each, adding up to 1.
    """
    digest = hashlib.sha256(layout_id.encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    passed = 0.0
    for name, share in splits.items():
        passed += share
        if place < passed:
            return name
    return next(reversed([name for name, share in splits.items() if share > 0.0]))


def write_manifest(path: Path, rows: list[dict[str, Any]], metadata: Mapping[str, str]) -> None:
    """Write a manifest, whole or not at all.

    Args:
        path: of the file.
        rows: by column name.
        metadata: kept with the schema; `SETTINGS` marks the manifest as one of the generator.
    """
    schema = SCENES.with_metadata({**(SCENES.metadata or {}), **metadata})
    with replacing(path) as handle:
        pq.write_table(pa.Table.from_pylist(rows, schema), handle, compression="zstd")


def audit_manifest(path: Path) -> list[str]:
    """Return what is wrong with a manifest; nothing where train, val and test are kept apart.

    Args:
        path: of a Parquet file; columns that are not there are not looked at.

    Returns:
        A sentence for each layout or scene that is in two splits, for each scene that is listed
        twice, and for each file that is missing or not the one the manifest was written for.

    Raises:
        UsageError: the file is no manifest.
    """
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise UsageError(f"{path}: not a manifest: {error}") from error
    names = table.column_names
    for name in ("file", "sha256", "layout_id", "split"):
        if name in names and (not pa.types.is_string(table[name].type) or table[name].null_count):
            raise UsageError(f"{path}: column '{name}' must be text in every row")
    problems = split_problems(table)
    if {"sha256", "file"} <= set(names):
        for row in table.select(["file", "sha256"]).to_pylist():
            file = path.parent / row["file"]
            if not file.is_file():
                problems.append(f"{row['file']}: is missing")
            elif sha256_of(file) != row["sha256"]:
                problems.append(f"{row['file']}: is not the file the manifest was written for")
    return problems


@dataclass(frozen=True)
class Listed:
    """What a manifest says of a scene.

    Attributes:
        layout_id: of its walls.
        split: that it belongs to.
    """

    layout_id: str
    split: str


def listed_scenes(manifest: Path) -> dict[str, Listed]:
    """Return layout and split of every scene of a manifest, by its hash.

    Raises:
        UsageError: it cannot be read, lacks a column, or has a layout or scene in two splits.
    """
    columns = ["sha256", "layout_id", "split"]
    try:
        table = pq.read_table(manifest, columns=columns)
    except (OSError, pa.ArrowInvalid) as error:
        raise UsageError(f"--manifest {manifest}: {error}; needs {', '.join(columns)}") from error
    if problems := split_problems(table):
        raise UsageError(f"--manifest {manifest}: {'; '.join(problems[:3])}")
    return {row["sha256"]: Listed(row["layout_id"], row["split"]) for row in table.to_pylist()}


def split_problems(table: pa.Table) -> list[str]:
    """Return a sentence for each layout or scene that is in two splits or listed twice."""
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
