"""Data sets: from the pushes of collections to shards of labelled candidates.

A data set is a folder: shards `train-00000.parquet`, ... of `CANDIDATE_ROWS`, the scenes as XML,
and a card (`card.json`, and `README.md` for people) with provenance, counts and class balance. All
rows of a layout are in one split.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from namo.errors import PhysicsError, ResultFileError, SceneError, UsageError
from namo.files import remove_leftovers, replacing, sha256_of
from namo.planning.planner import Termination
from namo.results.collected_scenes import CollectedScenes
from namo.results.environment_rows import all_rows, by_environment
from namo.results.run_file import read_run_file
from namo.results.shards import SPLITS, ShardWriter, shard_name
from namo.results.tables import COMPRESSION, read_table
from namo.scenes.conditions import Conditions
from namo.scenes.manifest import Listed, listed_scenes
from namo.scenes.parquet_files import ParquetFileError, schema_of
from namo.scenes.table_kinds import how_to_certify
from namo.signals import check_termination, end_at_once_on_signals
from namo.training.card import card_text
from namo.training.data_schema import (
    CANDIDATE_ROWS,
    CARD,
    DATA_SCHEMA_VERSION,
    LISTED_FEATURES,
    SCENE_ROWS,
    SCENES,
)
from namo.training.labelling import PUSH_COLUMNS, Row, SearchedScene, labelled_rows
from namo.training.labels import Label
from namo.version import __version__

ROWS_PER_SHARD = 4096
MAX_SCENES_AHEAD = 4
"""Scenes queued per process; keeps memory bounded."""


@dataclass
class _Counts:
    """Counts for the card, accumulated while rows are written."""

    rows: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    complete_states: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    difficulty: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    layouts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    scenes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    pushes: int = 0
    unmatched: int = 0
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, split: str, rows: Sequence[Row]) -> None:
        self.rows[split] += len(rows)
        share = {row["state"]: row["known_share"] for row in rows}
        self.states[split] += len(share)
        self.complete_states[split] += sum(known == 1.0 for known in share.values())
        for row in rows:
            label = row["label"]
            labels = self.labels[split]
            for kind in Label:
                labels[kind.name.lower()] += int((label == kind).sum())
            labels["implied"] += int(row["implied"].sum())
            labels["at_once"] += int((row["pushes_to_goal"] == 1).sum())
            labels["later"] += int((row["pushes_to_goal"] > 1).sum())
            self.difficulty[split][row["difficulty"] or "unknown"] += 1
            self.layouts[split].add(row["layout_id"])
            self.scenes[split].add(row["scene_sha256"])


def make_dataset(
    collections: Sequence[Path], manifest: Path, output: Path, jobs: int = 1
) -> dict[str, Any]:
    """Write a data set and return its card.

    Args:
        collections: folders of merged collections.
        manifest: Parquet scene manifest that lists every scene in them with layout and split.
        output: folder of the data set; its previous content is replaced.
        jobs: number of processes.

    Raises:
        UsageError: a collection or the manifest is missing, or does not cover the scenes, or none
            of these can be used.
        ResultFileError: a table of a collection is damaged.
    """
    if not collections:
        raise UsageError("a data set needs at least one collection")
    for folder in collections:
        _require_merged(folder)
    listed = _listed(manifest)
    (output / CARD).unlink(missing_ok=True)  # written last: a folder without it is incomplete
    remove_leftovers(output)
    for old in output.glob("*.parquet"):
        old.unlink()
    counts = _Counts()
    with ExitStack() as stack:
        shards = {split: stack.enter_context(_shard_writer(output, split)) for split in SPLITS}
        scenes: dict[tuple[str, Conditions], bytes] = {}
        searched = (
            scene
            for folder in collections
            for scene in _searched(folder, listed, manifest, counts.left_out)
        )
        for scene, rows, unmatched, pushes in _labelled(searched, counts.left_out, jobs):
            sha256 = scene.about["scene_sha256"]
            split = listed[sha256].split
            for row in rows:
                shards[split].add(row)
            counts.add(split, rows)
            counts.pushes, counts.unmatched = counts.pushes + pushes, counts.unmatched + unmatched
            scenes[sha256, scene.conditions] = scene.xml
    if counts.left_out and not scenes:
        path, why = next(iter(counts.left_out.items()))
        raise UsageError(f"no scene of the collections can be used: {path}: {why}")
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
                f"{folder / name}: no such file; a data set is made from merged collections"
            )
    for name in ("metrics.parquet", "pushes.parquet"):
        try:
            schema_of(folder / name)
        except ParquetFileError as error:
            raise ResultFileError(f"{folder / name}: {error}") from None


def _listed(manifest: Path) -> dict[str, Listed]:
    """Return layout and split of every scene of a manifest, by its sha256."""
    listed = listed_scenes(manifest)
    for scene in listed.values():
        if scene.split not in SPLITS:
            raise UsageError(
                f"--manifest {manifest}: split is '{scene.split}'; allowed: {', '.join(SPLITS)}"
            )
    return listed


LabelledRows = tuple[list[Row], int]
"""The rows of a scene, and the number of pushes that match no candidate."""
Labelled = tuple[SearchedScene, list[Row], int, int]
"""A scene, its rows, the number of pushes that match no candidate, the number of pushes."""


def _labelled(
    searched: Iterator[SearchedScene], left_out: dict[str, str], jobs: int
) -> Iterator[Labelled]:
    """Yield the scenes with their rows, in order; one that cannot be used is noted as left out."""

    def labelled(scene: SearchedScene, rows: Callable[[], LabelledRows]) -> Iterator[Labelled]:
        try:
            yield (scene, *rows(), len(scene.pushes))
        except (SceneError, PhysicsError) as error:
            left_out[scene.path] = str(error).removeprefix(f"{scene.path}: ")

    if jobs == 1:
        for scene in searched:
            check_termination()
            yield from labelled(scene, partial(labelled_rows, scene))
        return
    # Forked processes would inherit locks held by threads that do not exist in them.
    context = get_context("spawn")
    with ProcessPoolExecutor(jobs, context, end_at_once_on_signals) as pool:
        queue: list[tuple[SearchedScene, Future[LabelledRows]]] = []
        for scene in searched:
            check_termination()
            queue.append((scene, pool.submit(labelled_rows, scene)))
            if len(queue) >= MAX_SCENES_AHEAD * jobs:
                first, future = queue.pop(0)
                yield from labelled(first, future.result)
        for first, future in queue:
            yield from labelled(first, future.result)


def _searched(
    folder: Path, listed: Mapping[str, Listed], manifest: Path, left_out: dict[str, str]
) -> Iterator[SearchedScene]:
    """Yield the environments of a collection, in order, without those that failed.

    One whose scene is not stored, and whose file is gone or has changed, is noted as left out.
    """
    scenes = CollectedScenes(folder)
    columns = [
        *("env_id", "env_index", "xml_file", "scene_sha256"),
        *("difficulty", *Conditions._fields, "termination"),
    ]
    episodes = read_table(folder / "metrics.parquet", columns)
    error = pc.equal(episodes["termination"], Termination.ERROR.value)
    by_index = {row["env_index"]: row for row in episodes.filter(pc.invert(error)).to_pylist()}
    pushes = all_rows([folder / "pushes.parquet"], list(PUSH_COLUMNS))
    for index, rows in by_environment(pushes):
        row = by_index.get(index)
        if row is None:
            continue
        path, sha256 = row["xml_file"], row["scene_sha256"]
        try:
            xml = scenes.content(row)
        except SceneError as problem:
            left_out.setdefault(path, str(problem).removeprefix(f"{path}: "))
            continue
        if sha256 not in listed:
            raise UsageError(
                f"{path}: is not listed in {manifest} (sha256 {sha256}), which assigns scenes to "
                f"splits; {how_to_certify()}"
            )
        about = {
            "scene_sha256": sha256,
            "layout_id": listed[sha256].layout_id,
            "difficulty": row["difficulty"],
            "env_index": index,
        }
        yield SearchedScene(xml, path, Conditions.of(row), about, rows)


def _shard_writer(folder: Path, split: str) -> ShardWriter[Row]:
    """Return a writer of the rows of a split."""

    def write(number: int, rows: list[Row]) -> None:
        with replacing(folder / shard_name(split, number)) as handle:
            pq.write_table(
                pa.Table.from_pylist(rows, CANDIDATE_ROWS), handle, compression=COMPRESSION
            )

    return ShardWriter(write, ROWS_PER_SHARD)


def _write_scenes(path: Path, scenes: Mapping[tuple[str, Conditions], bytes]) -> None:
    rows = [
        {"scene_sha256": sha256, **conditions._asdict(), "xml": xml.decode()}
        for (sha256, conditions), xml in sorted(scenes.items())
    ]
    with replacing(path) as handle:
        pq.write_table(pa.Table.from_pylist(rows, SCENE_ROWS), handle, compression=COMPRESSION)


def _card(
    counts: _Counts, collections: Sequence[Path], manifest: Path, output: Path
) -> dict[str, Any]:
    files = {path.name: sha256_of(path) for path in sorted(output.glob("*.parquet"))}
    sources = []
    for folder in collections:
        run = read_run_file(folder)
        sources.append(
            {"collection": folder.name, "config": run["config"], "models": run["models"]}
        )
    layouts = {split: sorted(counts.layouts[split]) for split in SPLITS}
    digest = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    return {
        "schema_version": DATA_SCHEMA_VERSION,
        "namo_version": __version__,
        "features": LISTED_FEATURES,
        "data_sha256": digest,  # over the checksums of all files
        "files": files,
        "sources": sources,
        "manifest_sha256": sha256_of(manifest),
        "pushes": counts.pushes,
        "pushes_without_candidate": counts.unmatched,
        "scenes_left_out": counts.left_out,
        "splits": {
            split: {
                "rows": counts.rows[split],
                "states": counts.states[split],
                "complete_states": counts.complete_states[split],
                "scenes": len(counts.scenes[split]),
                "layouts": len(layouts[split]),
                "labels": dict(counts.labels[split]),
                "rows_by_difficulty": dict(sorted(counts.difficulty[split].items())),
            }
            for split in SPLITS
        },
        "layouts": layouts,
    }
