"""Unsolved environments, and what is odd about their scenes, grouped by the kind of remark.

A remark is not proof of a cause. How many environments with the same remark were solved tells which
ones matter, so it is counted too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from namo.planning.planner import Termination
from namo.results.remark_text import MergedText
from namo.results.summary_types import RemarkGroup, Unsolved
from namo.results.tables import row_groups

MAX_LISTED = 20
"""Number of environments that a group lists."""

_Numbers = NDArray[np.int64]


def unsolved_environments(metrics: Path, scenes: Path) -> Unsolved:
    """Return how many environments are unsolved, and the remarks on their scenes.

    An environment is unsolved if none of its episodes has a plan; failed ones do not count.

    Args:
        metrics: the metrics table of a collection.
        scenes: its scenes table.
    """
    unsolved = _unsolved(metrics)
    groups: dict[str, _Group] = {}
    remarked = unknown = 0
    for rows in row_groups(scenes, ["env_index", "remarks"]):
        index = rows["env_index"].to_numpy()
        is_unsolved = np.isin(index, unsolved, assume_unique=True)
        lengths = pc.list_value_length(rows["remarks"])
        unknown += int(np.count_nonzero(is_unsolved & lengths.is_null().to_numpy()))
        has_remark = pc.fill_null(pc.greater(lengths, 0), False).to_numpy()
        remarked += int(np.count_nonzero(is_unsolved & has_remark))
        for kind, number, text, counts in _remarks(rows["remarks"], index, is_unsolved):
            groups.setdefault(kind, _Group()).add(number, text, is_unsolved=counts)
    found = [group.as_record(kind) for kind, group in groups.items() if group.unsolved]
    found.sort(key=lambda each: (-each["unsolved"] / each["environments"], -each["unsolved"]))
    return {
        "environments": int(unsolved.size),
        "remarked": remarked,
        "unknown": unknown,
        "remarks": found,
    }


def _unsolved(metrics: Path) -> _Numbers:
    """Return the unsolved environments (n,), in order."""
    ran, others = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for rows in row_groups(metrics, ["env_index", "solution_found", "termination"]):
        failed = pc.equal(rows["termination"], Termination.ERROR.value)
        index = rows["env_index"].to_numpy()
        is_other = pc.or_(failed, rows["solution_found"]).to_numpy()
        ran.append(np.unique(index[~is_other]))
        others.append(np.unique(index[is_other]))
    return np.setdiff1d(np.concatenate(ran), np.concatenate(others))


def _remarks(
    column: Any,  # noqa: ANN401 - pyarrow is untyped
    index: _Numbers,
    is_unsolved: NDArray[np.bool_],
) -> Iterator[tuple[str, int, str, bool]]:
    """Yield kind, environment, text, and whether the environment is unsolved, of every remark."""
    remarks = pc.list_flatten(column)
    rows = pc.list_parent_indices(column).to_numpy()
    yield from zip(
        pc.struct_field(remarks, "kind").to_pylist(),
        index[rows].tolist(),
        pc.struct_field(remarks, "text").to_pylist(),
        is_unsolved[rows].tolist(),
        strict=True,
    )


@dataclass
class _Group:
    """Environments with remarks of one kind, in order of their numbers."""

    environments: int = 0
    unsolved: int = 0
    text: MergedText = field(default_factory=MergedText)
    listed: list[int] = field(default_factory=list)
    _last: int = -1
    _last_unsolved: int = -1

    def add(self, number: int, text: str, *, is_unsolved: bool) -> None:
        """Count a remark."""
        self.environments += number != self._last
        self._last = number
        if not is_unsolved:
            return
        self.text.add(text)
        if number == self._last_unsolved:
            return
        self.unsolved, self._last_unsolved = self.unsolved + 1, number
        if len(self.listed) < MAX_LISTED:
            self.listed.append(number)

    def as_record(self, kind: str) -> RemarkGroup:
        return {
            "kind": kind,
            "text": str(self.text),
            "unsolved": self.unsolved,
            "environments": self.environments,
            "listed": self.listed,
        }
