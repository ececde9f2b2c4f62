"""Data sets: from the pushes of collections to shards of labelled candidates.

A data set is a folder: shards `train-00000.parquet`, ... of `CANDIDATE_ROWS`, the scenes as text,
and a card (`card.json`, and `README.md` for people) that says where everything comes from and how
it is balanced. All rows of a layout are in one split.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from namo.errors import ResultFileError, UsageError
from namo.files import replacing, sha256_of
from namo.planning.planner import Termination
from namo.results.tables import COMPRESSION, row_groups
from namo.scenes.manifest import Listed, listed_scenes
from namo.training.card import card_text
from namo.training.data_schema import (
    CANDIDATE_ROWS,
    CARD,
    DATA_SCHEMA_VERSION,
    SCENE_ROWS,
    SCENES,
    SPLITS,
    shard_name,
)
from namo.training.labelling import PUSH_COLUMNS, Row, SearchedScene, labelled_rows
from namo.training.labels import Label
from namo.version import __version__

ROWS_A_SHARD = 4096
AHEAD = 4
"""Scenes that are worked on for each process, so that memory stays bounded."""


@dataclass
class _Counts:
    """What the card says, counted as rows are written."""

    rows: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    difficulty: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    layouts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    scenes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    pushes: int = 0
    unmatched: int = 0

    def add(self, split: str, rows: Sequence[Row]) -> None:
        self.rows[split] += len(rows)
        for row in rows:
            label = row["label"]
            counted = self.labels[split]
            for kind in Label:
                counted[kind.name.lower()] += int((label == kind).sum())
            counted["implied"] += int(row["implied"].sum())
            counted["at_once"] += int((row["pushes_to_goal"] == 1).sum())
            counted["later"] += int((row["pushes_to_goal"] > 1).sum())
            self.difficulty[split][row["difficulty"] or "unknown"] += 1
            self.layouts[split].add(row["layout_id"])
            self.scenes[split].add(row["scene_sha256"])


def make_dataset(
    collections: Sequence[Path], manifest: Path, output: Path, jobs: int = 1
) -> dict[str, Any]:
    """Write a data set and return its card.

    Args:
        collections: folders of collections, merged.
        manifest: Parquet manifest that lists every scene in them with layout and split.
        output: folder of the data set; what it held before is replaced.
        jobs: processes.

    Raises:
        UsageError: a collection or the manifest is not there or does not fit.
    """
    if not collections:
        raise UsageError("a data set needs at least one collection")
    for folder in collections:
        _require_merged(folder)
    listed = _listed(manifest)
    (output / CARD).unlink(missing_ok=True)  # comes last again: a folder without one is no data set
    for old in output.glob("*.parquet"):
        old.unlink()
    counts = _Counts()
    with ExitStack() as stack:
        shards = {split: stack.enter_context(_Shards(output, split)) for split in SPLITS}
        scenes: dict[tuple[str, str], bytes] = {}
        for scene, rows, unmatched, pushes in _labelled(collections, listed, manifest, jobs):
            sha256 = scene.about["scene_sha256"]
            split = listed[sha256].split
            shards[split].add(rows)
            counts.add(split, rows)
            counts.pushes, counts.unmatched = counts.pushes + pushes, counts.unmatched + unmatched
            scenes[sha256, scene.physics] = scene.xml
    _write_scenes(output / SCENES, scenes)
    card = _card(counts, collections, manifest, output)
    with replacing(output / CARD) as handle:
        handle.write((json.dumps(card, indent=2) + "\n").encode())
    with replacing(output / "README.md") as handle:
        handle.write(card_text(card).encode())
    return card


def _require_merged(folder: Path) -> None:
    for name in ("metrics.parquet", "pushes.parquet", "run.json"):
        if not (folder / name).is_file():
            raise UsageError(
                f"{folder / name}: no such file; a data set is made of merged collections"
            )
    for name in ("metrics.parquet", "pushes.parquet"):
        try:
            pq.read_schema(folder / name)
        except pa.ArrowInvalid as error:
            raise ResultFileError(f"{folder / name}: cannot be read as Parquet: {error}") from None


def _listed(manifest: Path) -> dict[str, Listed]:
    """Return layout and split of every scene of a manifest, by its hash."""
    listed = listed_scenes(manifest)
    for scene in listed.values():
        if scene.split not in SPLITS:
            raise UsageError(
                f"--manifest {manifest}: split is '{scene.split}'; allowed: {', '.join(SPLITS)}"
            )
    return listed


Labelled = tuple[SearchedScene, list[Row], int, int]
"""A scene, its rows, pushes that aimed at no candidate, pushes in all."""


def _labelled(
    collections: Sequence[Path], listed: Mapping[str, Listed], manifest: Path, jobs: int
) -> Iterator[Labelled]:
    searched = (scene for folder in collections for scene in _searched(folder, listed, manifest))
    if jobs == 1:
        for scene in searched:
            yield (scene, *labelled_rows(scene), len(scene.pushes))
        return
    # Forked processes would inherit locks of threads that are not there.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        ahead: list[tuple[SearchedScene, Future[tuple[list[Row], int]]]] = []
        for scene in searched:
            ahead.append((scene, pool.submit(labelled_rows, scene)))
            if len(ahead) >= AHEAD * jobs:
                first, future = ahead.pop(0)
                yield (first, *future.result(), len(first.pushes))
        for first, future in ahead:
            yield (first, *future.result(), len(first.pushes))


def _searched(
    folder: Path, listed: Mapping[str, Listed], manifest: Path
) -> Iterator[SearchedScene]:
    """Yield the environments of a collection, in order; those that failed are left out."""
    columns = ["env_index", "xml_file", "scene_sha256", "difficulty", "physics", "termination"]
    episodes = pq.read_table(folder / "metrics.parquet", columns=columns)
    error = pc.equal(episodes["termination"], Termination.ERROR.value)
    by_index = {row["env_index"]: row for row in episodes.filter(pc.invert(error)).to_pylist()}
    rows = (
        row
        for table in row_groups(folder / "pushes.parquet", list(PUSH_COLUMNS))
        for batch in table.to_batches(4096)
        for row in batch.to_pylist()
    )
    for index, group in groupby(rows, key=lambda row: row["env_index"]):
        row = by_index.get(index)
        if row is None:
            continue
        path, sha256 = Path(row["xml_file"]), row["scene_sha256"]
        try:
            xml = path.read_bytes()
        except OSError as problem:
            raise UsageError(f"{problem}; it is a scene of {folder}") from None
        if hashlib.sha256(xml).hexdigest() != sha256:
            raise UsageError(f"{path}: is not the scene that was collected in (sha256 {sha256})")
        if sha256 not in listed:
            raise UsageError(
                f"{path}: is not in {manifest} (sha256 {sha256}); the manifest says which split "
                "a scene belongs to"
            )
        about = {
            "scene_sha256": sha256,
            "layout_id": listed[sha256].layout_id,
            "difficulty": row["difficulty"],
            "env_index": index,
        }
        yield SearchedScene(xml, str(path), row["physics"], about, list(group))


class _Shards:
    """Writes the rows of a split, `ROWS_A_SHARD` to a file."""

    def __init__(self, folder: Path, split: str) -> None:
        self._folder, self._split = folder, split
        self._waiting: list[Row] = []
        self._written = 0

    def __enter__(self) -> _Shards:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._waiting:
            self._write(self._waiting)

    def add(self, rows: Iterable[Row]) -> None:
        self._waiting += rows
        while len(self._waiting) >= ROWS_A_SHARD:
            self._write(self._waiting[:ROWS_A_SHARD])
            del self._waiting[:ROWS_A_SHARD]

    def _write(self, rows: list[Row]) -> None:
        with replacing(self._folder / shard_name(self._split, self._written)) as handle:
            pq.write_table(
                pa.Table.from_pylist(rows, CANDIDATE_ROWS), handle, compression=COMPRESSION
            )
        self._written += 1


def _write_scenes(path: Path, scenes: Mapping[tuple[str, str], bytes]) -> None:
    rows = [
        {"scene_sha256": sha256, "physics": physics, "xml": xml.decode()}
        for (sha256, physics), xml in sorted(scenes.items())
    ]
    with replacing(path) as handle:
        pq.write_table(pa.Table.from_pylist(rows, SCENE_ROWS), handle, compression=COMPRESSION)


def _card(
    counts: _Counts, collections: Sequence[Path], manifest: Path, output: Path
) -> dict[str, Any]:
    files = {path.name: sha256_of(path) for path in sorted(output.glob("*.parquet"))}
    sources = []
    for folder in collections:
        run = json.loads((folder / "run.json").read_text())
        sources.append(
            {"collection": folder.name, "config": run["config"], "models": run["models"]}
        )
    layouts = {split: sorted(counts.layouts[split]) for split in SPLITS}
    digest = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    return {
        "schema_version": DATA_SCHEMA_VERSION,
        "namo_version": __version__,
        "data_sha256": digest,  # of the hashes of all files
        "files": files,
        "sources": sources,
        "manifest_sha256": sha256_of(manifest),
        "pushes": counts.pushes,
        "pushes_without_candidate": counts.unmatched,
        "splits": {
            split: {
                "rows": counts.rows[split],
                "scenes": len(counts.scenes[split]),
                "layouts": len(layouts[split]),
                "labels": dict(counts.labels[split]),
                "rows_by_difficulty": dict(sorted(counts.difficulty[split].items())),
            }
            for split in SPLITS
        },
        "layouts": layouts,
    }
