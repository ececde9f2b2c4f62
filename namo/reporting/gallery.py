"""Which searches to show as pictures, and what the tables keep of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from namo.reporting.searches import Integers, Searches, evenly, rows_at
from namo.results.schema import PLANS, SCENES

Record = dict[str, Any]

SHOWN_PLANS, SHOWN_UNSOLVED = 36, 6
BATCH = 4096
"""Rows of plans or scenes that are looked at together: a plan of a few pushes takes 10 kB."""


@dataclass
class Shown:
    """A search to show.

    Attributes:
        metrics: its row of the metrics table.
        scene: its row of the scenes table.
        pushes: its rows of the plans table, in order; empty when unsolved.
    """

    metrics: Record
    scene: Record = field(repr=False)
    pushes: list[Record] = field(repr=False)


def choose(searches: Searches) -> Integers:
    """Return the rows (n,) to show: of every difficulty and plan length, then some unsolved ones.

    Kinds take turns, the easiest class and the shortest plan first, and of a kind those shown are
    spread evenly; the same searches give the same choice. A goal that was open has no plan to show.
    """
    planned = np.flatnonzero(searches.solved & (searches.length > 0))
    keys = np.stack([searches.difficulty[planned], searches.length[planned]])
    kinds = [planned[(kind == keys.T).all(axis=1)] for kind in np.unique(keys, axis=1).T]
    shares = _turns([kind.size for kind in kinds], SHOWN_PLANS)
    plans = [evenly(kind, share) for kind, share in zip(kinds, shares, strict=True)]
    unsolved = evenly(np.flatnonzero(searches.ran & ~searches.solved), SHOWN_UNSOLVED)
    return np.concatenate([*plans, unsolved]).astype(np.int64)


def _turns(sizes: list[int], number: int) -> list[int]:
    """Return how many each gets when they take turns until so many are taken, or all."""
    shares = [0] * len(sizes)
    left = min(number, sum(sizes))
    while left:
        for place, size in enumerate(sizes):
            if left and shares[place] < size:
                shares[place] += 1
                left -= 1
    return shares


def read_shown(folder: Path, chosen: Integers) -> list[Shown]:
    """Read what is to be shown of a collection; searches whose scene is not there are left out.

    Args:
        folder: of the collection.
        chosen: (n,) rows of its metrics table.
    """
    columns = [
        *("episode_id", "env_index", "episode", "xml_file", "difficulty", "solution_depth"),
        *("termination", "pushes_simulated", "search_time_ms"),
    ]
    metrics = rows_at(folder / "metrics.parquet", chosen, columns)
    numbers = sorted({row["env_index"] for row in metrics})
    scenes = {
        row["env_index"]: row for row in _of(folder / "scenes.parquet", numbers, SCENES.names)
    }
    wanted = {row["episode_id"]: row["env_index"] for row in metrics}
    steps: dict[str, list[Record]] = {name: [] for name in wanted}
    for row in _of(folder / "plans.parquet", numbers, PLANS.names):
        if row["episode_id"] in wanted:
            steps[row["episode_id"]].append(row)
    return [
        Shown(row, scenes[row["env_index"]], steps[row["episode_id"]])
        for row in metrics
        if row["env_index"] in scenes
    ]


def _of(path: Path, environments: list[int], columns: list[str]) -> Iterator[Record]:
    """Yield the rows of some environments; row groups without them are not read."""
    wanted = np.array(environments)
    with pq.ParquetFile(path) as file:
        place = file.schema_arrow.get_field_index("env_index")
        groups = [
            group
            for group in range(file.num_row_groups)
            if _may_hold(file.metadata.row_group(group).column(place).statistics, wanted)
        ]
        if not groups:
            return
        for rows in file.iter_batches(BATCH, row_groups=groups, columns=columns):
            here = pc.is_in(rows["env_index"], pa.array(environments, pa.int64()))
            yield from rows.filter(here).to_pylist()


def _may_hold(statistics: Any, wanted: Integers) -> bool:  # noqa: ANN401 - pyarrow is untyped
    if statistics is None or not statistics.has_min_max:
        return True
    return bool(((wanted >= statistics.min) & (wanted <= statistics.max)).any())
