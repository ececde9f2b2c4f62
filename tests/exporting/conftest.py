"""A small collection to export, and helpers to inspect exports."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import namo
from namo.exporting.exporter import export_with
from namo.exporting.registry import EXPORTERS
from namo.exporting.settings import ExportSettings
from namo.results.collection import Collection
from namo.results.tables import DATA_TABLES
from tests.training.conftest import collect, write_scenes


@pytest.fixture(scope="session")
def collection(rooms, tmp_path_factory) -> Collection:
    """Two episodes each of: two rooms that need a push, an open, a sealed and a broken one.

    Read only.
    """
    folder = tmp_path_factory.mktemp("exporting")
    options = rooms.SLEEPING
    scenes = write_scenes(
        folder / "scenes",
        {
            "a": rooms.plugged(options=options),
            "b": rooms.plugged(rooms.box(0.9, 0.5, 0.3, number=2), options=options),
            "c": rooms.room(rooms.box(0.9, -0.9), options=options),
            "d": rooms.sealed(rooms.box(-1.0, 0.5), options=options),
        },
    )
    broken = folder / "scenes" / "e.xml"
    broken.write_text("<mujoco/>")
    collected = collect(
        [*scenes, broken],
        folder / "results" / "mine",
        algorithm="best_first",
        object_strategy="nearest_first",
        episodes_per_env=2,
        max_depth=3,
        max_goals_per_object=10,
        max_pushes=40,
    )
    return namo.load(collected)


@pytest.fixture
def copied(collection, tmp_path) -> Collection:
    """A copy of the collection that tests may change."""
    shutil.copytree(collection.folder, tmp_path / "mine")
    return namo.load(tmp_path / "mine")


@pytest.fixture
def datasets(tmp_path, monkeypatch) -> Any:
    """The `datasets` library of Hugging Face, with a temporary cache."""
    import datasets

    datasets.disable_progress_bars()
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return datasets


def exported(collection: Collection, form: str, output: Path, **settings: Any) -> list[str]:
    """Export a collection and return the lines to print."""
    return export_with(EXPORTERS.load(form)(), collection, output, ExportSettings(**settings))


def hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file of a folder, by name."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rewrite_metrics(collection: Collection, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Change the metrics rows of a copied collection."""
    rows = collection.episodes.to_pylist()
    change(rows)
    table = pa.Table.from_pylist(rows, DATA_TABLES["metrics"])
    pq.write_table(table, collection.folder / "metrics.parquet")
