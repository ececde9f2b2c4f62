"""Arms of an evaluation: the episodes of collections of the same scenes, paired by episode."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from namo.errors import ResultFileError, UsageError
from namo.geometry import Floats
from namo.planning.planner import Termination
from namo.wording import truncated_list

MAX_NAMED_PAIRS = 5
"""Pairs named in a message."""

_KEYS = ["env_index", "episode"]
_SAME = ["scene_sha256", "seed", "physics", "clearance", "difficulty"]
_MEASURED = ["solution_found", "pushes_simulated", "search_time_ms", "termination"]
_CPU = "search_cpu_time_ms"
"""Not in collections of earlier versions, and null in those of them that were upgraded."""
_CLOSED = [Termination.EXHAUSTED.value, Termination.IMPOSSIBLE.value]
"""Terminations of searches that say that there is nothing to find."""
_MAY_BE_NULL = {"difficulty", _CPU}


@dataclass(frozen=True, eq=False)
class ArmEpisodes:
    """The episodes of an arm, one row per episode, ordered by environment and episode.

    Attributes:
        name: of the arm.
        folder: of the collection, with `metrics.parquet`.
        pairs: columns that must agree between arms (n rows).
        solved: whether a plan was found, (n,) bool.
        pushes: simulated pushes, (n,).
        seconds: wall time of the search (s), (n,).
        cpu_s: processor time of the search (s), (n,); NaN where it is not known.
        closed: whether the search ended without a plan because nothing was left to try, (n,) bool.
        failed: indices of environments that failed, of which no episode is here.
    """

    name: str
    folder: Path
    pairs: pa.Table = field(repr=False)
    solved: NDArray[np.bool_] = field(repr=False)
    pushes: Floats = field(repr=False)
    seconds: Floats = field(repr=False)
    cpu_s: Floats = field(repr=False)
    closed: NDArray[np.bool_] = field(repr=False)
    failed: frozenset[int] = frozenset()

    def without(self, environments: Collection[int]) -> ArmEpisodes:
        """Return the episodes of all other environments.

        Args:
            environments: indices.
        """
        kept = ~np.isin(self.pairs["env_index"].to_numpy(), sorted(environments))
        return replace(
            self,
            pairs=self.pairs.filter(pa.array(kept)),
            solved=self.solved[kept],
            pushes=self.pushes[kept],
            seconds=self.seconds[kept],
            cpu_s=self.cpu_s[kept],
            closed=self.closed[kept],
        )


def read_arm(name: str, folder: Path) -> ArmEpisodes:
    """Read the episodes of an arm.

    Args:
        name: of the arm.
        folder: of its collection.

    Raises:
        UsageError: the collection is missing or empty, or all its environments failed.
        ResultFileError: the table is damaged, or lacks a column or a value.
    """
    path = folder / "metrics.parquet"
    if not path.is_file():
        raise UsageError(f"--arm {name}: {path}: no such file; an arm is a merged collection")
    try:
        columns = pq.read_schema(path).names
        absent = [column for column in (*_KEYS, *_SAME, *_MEASURED) if column not in columns]
        if absent:
            raise ResultFileError(f"{path}: has no column {', '.join(absent)}")
        known = [_CPU] if _CPU in columns else []
        table = pq.read_table(path, columns=[*_KEYS, *_SAME, *_MEASURED, *known])
    except (OSError, pa.ArrowException) as error:
        raise ResultFileError(f"{path}: cannot be read as Parquet: {error}") from error
    if not table.num_rows:
        raise UsageError(f"--arm {name}: {path} has no episodes")
    failed_rows = table.filter(pc.equal(table["termination"], Termination.ERROR.value))
    failed = frozenset(failed_rows["env_index"].to_pylist())
    table = table.filter(
        pc.invert(pc.is_in(table["env_index"], pa.array(sorted(failed), pa.int64())))
    )
    if not table.num_rows:
        raise UsageError(
            f"--arm {name}: all environments failed in {path}; `namo status` names why"
        )
    for column in table.column_names:
        if column not in _MAY_BE_NULL and table[column].null_count:
            raise ResultFileError(f"{path}: {column} is null in {table[column].null_count} rows")
    table = table.sort_by([(key, "ascending") for key in _KEYS])
    keys = _key_rows(table)
    if len(set(keys)) < len(keys):
        raise ResultFileError(f"{path}: has two rows of the same environment and episode")
    seconds = table["search_time_ms"].to_numpy().astype(np.float64) / 1000.0
    if not np.isfinite(seconds).all():
        raise ResultFileError(f"{path}: search_time_ms has non-finite values")
    cpu_s = np.full(len(table), np.nan)
    if known:
        cpu_s = table[_CPU].to_numpy().astype(np.float64) / 1000.0
    solved = table["solution_found"].to_numpy()
    pushes = table["pushes_simulated"].to_numpy().astype(np.float64)
    closed = pc.is_in(table["termination"], pa.array(_CLOSED)).to_numpy()
    pairs = table.select([*_KEYS, *_SAME])
    return ArmEpisodes(name, folder, pairs, solved, pushes, seconds, cpu_s, closed, failed)


def require_pairs(arm: ArmEpisodes, baseline: ArmEpisodes) -> None:
    """Check that an arm has the same episodes as the baseline.

    Raises:
        UsageError: names the first few that are missing, extra or different.
    """
    own, wanted = _key_rows(arm.pairs), _key_rows(baseline.pairs)
    for problem, keys in (
        (f"missing episodes that arm {baseline.name} has", set(wanted) - set(own)),
        (f"extra episodes that arm {baseline.name} does not have", set(own) - set(wanted)),
    ):
        if keys:
            each = (f"environment {index} episode {n}" for index, n in sorted(keys))
            which = truncated_list(each, MAX_NAMED_PAIRS)
            raise UsageError(f"--arm {arm.name}: {problem}: {which}; arms are compared in pairs")
    for column in _SAME:
        theirs = baseline.pairs[column].to_pylist()
        for key, value, other in zip(own, arm.pairs[column].to_pylist(), theirs, strict=True):
            if value != other:
                raise UsageError(
                    f"--arm {arm.name}: {column} of environment {key[0]} episode {key[1]} is "
                    f"{value}, in arm {baseline.name} {other}; arms are compared in pairs"
                )


def _key_rows(table: pa.Table) -> list[tuple[int, int]]:
    return list(zip(*(table[key].to_pylist() for key in _KEYS), strict=True))
