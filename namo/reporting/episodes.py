"""The episodes of a collection as NumPy columns, read one row group at a time.

A dozen numbers per episode stay in memory, even for a million episodes; the texts of the few that
the page shows are read separately (`rows_at`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from namo.geometry import Floats
from namo.planning.planner import Termination
from namo.reporting.failure_causes import FailureCause, failure_cause_of
from namo.results.records import Record
from namo.results.tables import row_groups
from namo.scenes.difficulty import Difficulty

Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]

STRATEGY = ("algorithm", "object_strategy", "goal_strategy")
NO_PLAN = -1
"""Plan length of an unsolved episode."""
_CLOSED = tuple(
    each.value for each in (Termination.IMPOSSIBLE, Termination.EXHAUSTED, Termination.DEPTH)
)
_COLUMNS = [
    *("env_index", "difficulty", "termination", "solution_found", "solution_depth", "replayed"),
    *("pushes_simulated", "nodes_expanded", "search_time_ms", "error_kind", "opening_fraction"),
    *STRATEGY,
]


@dataclass(frozen=True, eq=False)
class Episodes:
    """Columns with one entry per row of the metrics table, in the same order.

    Attributes:
        environment: environment index, (n,).
        failed: whether the row is a failed environment rather than an episode, (n,).
        solved: whether a plan was found, (n,).
        closed: whether the search ended because nothing was left to try, (n,).
        diverged: whether the plan was replayed with a different result, (n,).
        verified: whether the plan was replayed with bitwise identical states, (n,).
        length: plan length in pushes, `NO_PLAN` if unsolved, (n,).
        pushes: simulated pushes, (n,).
        nodes: expanded nodes, that is, pushes tried, (n,).
        seconds: wall time of the search (s), (n,).
        difficulty: index into `classes`, (n,).
        opening: fraction of candidate pushes that open the goal at once, 0 to 1, as it was
            measured for the scene; NaN where it is unknown, (n,).
        strategy: index into `strategies`, (n,).
        termination: index into `terminations`, (n,).
        classes: difficulty classes that occur, easiest first; "" for scenes without one.
        strategies: combinations of planner, object strategy and goal strategy that occur.
        terminations: termination reasons that occur.
        failure_causes: number of failed environments per cause.
    """

    environment: Integers
    failed: Bools
    solved: Bools
    closed: Bools
    diverged: Bools
    verified: Bools
    length: Integers
    pushes: Integers
    nodes: Integers
    seconds: Floats
    difficulty: Integers
    opening: NDArray[np.float32]
    strategy: Integers
    termination: Integers
    classes: tuple[str, ...]
    strategies: tuple[tuple[str, ...], ...]
    terminations: tuple[str, ...]
    failure_causes: Counter[FailureCause]

    @property
    def ran(self) -> Bools:
        """Whether each row is an episode, not a failed environment, (n,)."""
        return np.asarray(~self.failed)

    def environments(self, rows: Bools) -> int:
        """Return the number of environments among the rows selected by a mask (n,)."""
        return int(np.unique(self.environment[rows]).size)


def read_episodes(metrics: Path) -> Episodes:
    """Read the metrics table of a collection."""
    classes, strategies, terminations = _Codes(), _Codes(), _Codes()
    failure_causes: Counter[FailureCause] = Counter()
    blocks: list[dict[str, NDArray[Any]]] = []
    for rows in row_groups(metrics, _COLUMNS):
        solved = _to_numpy(rows["solution_found"], False).astype(np.bool_)
        termination = rows["termination"]
        replayed = rows["replayed"]
        length = np.where(solved, _to_numpy(rows["solution_depth"], NO_PLAN), NO_PLAN)
        blocks.append(
            {
                "environment": _to_numpy(rows["env_index"], 0),
                "failed": _is_in(termination, [Termination.ERROR.value]),
                "solved": solved,
                "closed": _is_in(termination, _CLOSED),
                "diverged": _to_numpy(pc.invert(replayed), False).astype(np.bool_),
                "verified": _to_numpy(replayed, False).astype(np.bool_),
                "length": length,
                "pushes": _to_numpy(rows["pushes_simulated"], 0),
                "nodes": _to_numpy(rows["nodes_expanded"], 0),
                "seconds": _to_numpy(rows["search_time_ms"], 0.0) / 1000.0,
                "difficulty": classes.encode(rows["difficulty"].fill_null("")),
                "opening": _to_numpy(rows["opening_fraction"], np.nan).astype(np.float32),
                "strategy": strategies.encode_tuples(rows, STRATEGY),
                "termination": terminations.encode(termination),
            }
        )
        failed = rows.filter(pc.equal(termination, Termination.ERROR.value))
        failure_causes.update(map(failure_cause_of, failed["error_kind"].to_pylist()))
    columns = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    ordered = _by_difficulty(classes.values)
    position = np.array([ordered.index(name) for name in classes.values], np.int64)
    columns["difficulty"] = position[columns["difficulty"]]
    return Episodes(
        **columns,
        classes=tuple(ordered),
        strategies=tuple(strategies.values),
        terminations=tuple(terminations.values),
        failure_causes=failure_causes,
    )


def rows_at(path: Path, positions: Integers, columns: Sequence[str]) -> list[Record]:
    """Return the rows of a table at some positions (n,), in the order of the positions."""
    found: dict[int, Record] = {}
    first, wanted = 0, np.unique(positions)
    for rows in row_groups(path, columns):
        here = wanted[(wanted >= first) & (wanted < first + rows.num_rows)]
        if here.size:
            found.update(zip(here.tolist(), rows.take(here - first).to_pylist(), strict=True))
        first += rows.num_rows
    return [found[position] for position in positions.tolist()]


def evenly_spaced(rows: Integers, limit: int) -> Integers:
    """Return at most `limit` of these rows (n,) as (m,), evenly spaced, starting with the first."""
    if rows.size <= limit:
        return rows
    return rows[np.arange(limit) * rows.size // limit]


def display_name(name: str) -> str:
    """Return a value of the tables, such as a difficulty class, as readable text."""
    return name.replace("_", " ") or "unknown"


class _Codes:
    """Integer codes for the values of a column, consistent across row groups."""

    def __init__(self) -> None:
        self._code: dict[Any, int] = {}

    @property
    def values(self) -> list[Any]:
        return list(self._code)

    def encode(self, column: pa.ChunkedArray) -> Integers:
        encoded = column.combine_chunks().dictionary_encode()
        codes = [self._code_of(value) for value in encoded.dictionary.to_pylist()]
        indices = encoded.indices.to_numpy(zero_copy_only=False)
        return np.asarray(np.array(codes, np.int64)[indices])

    def encode_tuples(self, rows: pa.Table, names: Sequence[str]) -> Integers:
        """Return the codes of tuples of columns."""
        parts = [_Codes() for _ in names]
        encoded = np.stack(
            [part.encode(rows[name]) for part, name in zip(parts, names, strict=True)]
        )
        if not encoded.size:
            return np.empty(0, np.int64)
        combinations, indices = np.unique(encoded, axis=1, return_inverse=True)
        codes = [
            self._code_of(tuple(part.values[code] for part, code in zip(parts, each, strict=True)))
            for each in combinations.T.tolist()
        ]
        return np.array(codes, np.int64)[indices.ravel()]

    def _code_of(self, value: Hashable) -> int:
        return self._code.setdefault(value, len(self._code))


def _to_numpy(column: pa.ChunkedArray, missing: float | bool) -> NDArray[Any]:
    return np.asarray(column.fill_null(missing).to_numpy())


def _is_in(column: pa.ChunkedArray, values: Sequence[str]) -> Bools:
    return np.asarray(pc.is_in(column, pa.array(values)).to_numpy(), np.bool_)


def _by_difficulty(found: Sequence[str]) -> list[str]:
    """Return known classes easiest first, then other classes, then "" for scenes without one."""
    known = [each.value for each in Difficulty if each.value in found]
    return [*known, *sorted(set(found) - {*known, ""}), *([""] if "" in found else [])]
