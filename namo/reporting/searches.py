"""The searches of a collection as columns of numbers, gathered a row group at a time.

Of a million searches a dozen numbers each are kept; the texts of the few that are shown are read
again (`rows_at`).
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
from namo.reporting.causes import Cause, cause_of
from namo.results.tables import row_groups
from namo.scenes.difficulty import Difficulty

Record = dict[str, Any]
Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]

STRATEGY = ("algorithm", "object_strategy", "goal_strategy")
UNSOLVED = -1
"""Length of the plan of a search that found none."""
_CLOSED = (Termination.EXHAUSTED.value, Termination.DEPTH.value)
_COLUMNS = [
    *("env_index", "difficulty", "termination", "solution_found", "solution_depth", "replayed"),
    *("pushes_simulated", "nodes_expanded", "search_time_ms", "error_kind"),
    *STRATEGY,
]


@dataclass(frozen=True, eq=False)
class Searches:
    """One entry a row of the metrics table, in its order.

    Attributes:
        environment: place in the list of environments, (n,).
        failed: whether the row stands for a failed environment, not for a search, (n,).
        solved: whether a plan was found, (n,).
        closed: whether the search ended since nothing was left to try, (n,).
        differs: whether the plan was carried out again and something else happened, (n,).
        verified: whether it was, and all states were the same to the last bit, (n,).
        length: pushes of the plan, `UNSOLVED` where there is none, (n,).
        pushes: simulated by the search, (n,).
        nodes: pushes the search tried, (n,).
        seconds: wall time of the search (s), (n,).
        difficulty: place in `classes`, (n,).
        strategy: place in `strategies`, (n,).
        termination: place in `terminations`, (n,).
        classes: difficulty classes that occur, easiest first; "" for scenes without one.
        strategies: planner, object strategy and goal strategy, each combination that occurs.
        terminations: reasons why searches ended, those that occur.
        causes: why environments failed.
    """

    environment: Integers
    failed: Bools
    solved: Bools
    closed: Bools
    differs: Bools
    verified: Bools
    length: Integers
    pushes: Integers
    nodes: Integers
    seconds: Floats
    difficulty: Integers
    strategy: Integers
    termination: Integers
    classes: tuple[str, ...]
    strategies: tuple[tuple[str, ...], ...]
    terminations: tuple[str, ...]
    causes: Counter[Cause]

    @property
    def ran(self) -> Bools:
        """Whether each row is a search, (n,)."""
        return np.asarray(~self.failed)

    def environments(self, rows: Bools) -> int:
        """Return how many environments these rows are of; each (n,) is in or not."""
        return int(np.unique(self.environment[rows]).size)


def gather(metrics: Path) -> Searches:
    """Read the metrics table of a collection."""
    classes, strategies, terminations = _Codes(), _Codes(), _Codes()
    causes: Counter[Cause] = Counter()
    blocks: list[dict[str, NDArray[Any]]] = []
    for rows in row_groups(metrics, _COLUMNS):
        solved = _numbers(rows["solution_found"], False).astype(np.bool_)
        ended = rows["termination"]
        replayed = rows["replayed"]
        blocks.append(
            {
                "environment": _numbers(rows["env_index"], 0),
                "failed": _is_in(ended, [Termination.ERROR.value]),
                "solved": solved,
                "closed": _is_in(ended, _CLOSED),
                "differs": _numbers(pc.invert(replayed), False).astype(np.bool_),
                "verified": _numbers(replayed, False).astype(np.bool_),
                "length": np.where(solved, _numbers(rows["solution_depth"], UNSOLVED), UNSOLVED),
                "pushes": _numbers(rows["pushes_simulated"], 0),
                "nodes": _numbers(rows["nodes_expanded"], 0),
                "seconds": _numbers(rows["search_time_ms"], 0.0) / 1000.0,
                "difficulty": classes.of(rows["difficulty"].fill_null("")),
                "strategy": strategies.of_each(rows, STRATEGY),
                "termination": terminations.of(ended),
            }
        )
        failed = rows.filter(pc.equal(ended, Termination.ERROR.value))
        causes.update(map(cause_of, failed["error_kind"].to_pylist()))
    columns = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    ordered = _by_difficulty(classes.values)
    place = np.array([ordered.index(name) for name in classes.values], np.int64)
    columns["difficulty"] = place[columns["difficulty"]]
    return Searches(
        **columns,
        classes=tuple(ordered),
        strategies=tuple(strategies.values),
        terminations=tuple(terminations.values),
        causes=causes,
    )


def rows_at(path: Path, positions: Integers, columns: Sequence[str]) -> list[Record]:
    """Return some rows of a table, by their places (n,) in it, in the order they are asked for."""
    found: dict[int, Record] = {}
    first, wanted = 0, np.unique(positions)
    for rows in row_groups(path, columns):
        here = wanted[(wanted >= first) & (wanted < first + rows.num_rows)]
        if here.size:
            found.update(zip(here.tolist(), rows.take(here - first).to_pylist(), strict=True))
        first += rows.num_rows
    return [found[position] for position in positions.tolist()]


def evenly(rows: Integers, number: int) -> Integers:
    """Return at most so many (m,) of these (n,), spread evenly, the first among them."""
    if rows.size <= number:
        return rows
    return rows[np.arange(number) * rows.size // number]


class _Codes:
    """Numbers for the values of a column, the same in all row groups."""

    def __init__(self) -> None:
        self._code: dict[Any, int] = {}

    @property
    def values(self) -> list[Any]:
        return list(self._code)

    def of(self, column: pa.ChunkedArray) -> Integers:
        encoded = column.combine_chunks().dictionary_encode()
        own = [self._of(value) for value in encoded.dictionary.to_pylist()]
        place = encoded.indices.to_numpy(zero_copy_only=False)
        return np.asarray(np.array(own, np.int64)[place])

    def of_each(self, rows: pa.Table, names: Sequence[str]) -> Integers:
        """Return the codes of tuples of columns."""
        parts = [_Codes() for _ in names]
        own = np.stack([part.of(rows[name]) for part, name in zip(parts, names, strict=True)])
        if not own.size:
            return np.empty(0, np.int64)
        combinations, place = np.unique(own, axis=1, return_inverse=True)
        codes = [
            self._of(tuple(part.values[code] for part, code in zip(parts, each, strict=True)))
            for each in combinations.T.tolist()
        ]
        return np.array(codes, np.int64)[place.ravel()]

    def _of(self, value: Hashable) -> int:
        return self._code.setdefault(value, len(self._code))


def _numbers(column: pa.ChunkedArray, missing: float | bool) -> NDArray[Any]:
    return np.asarray(column.fill_null(missing).to_numpy())


def _is_in(column: pa.ChunkedArray, values: Sequence[str]) -> Bools:
    return np.asarray(pc.is_in(column, pa.array(values)).to_numpy(), np.bool_)


def _by_difficulty(found: Sequence[str]) -> list[str]:
    """Return classes easiest first, then those of the manifest's own, then scenes without one."""
    known = [each.value for each in Difficulty if each.value in found]
    return [*known, *sorted(set(found) - {*known, ""}), *([""] if "" in found else [])]
