"""Which episodes of a collection have a plan to export, and why the others have none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc

from namo.errors import UsageError
from namo.planning.planner import Termination
from namo.results.tables import merged_table, row_groups
from namo.wording import counted

PLAN, DIVERGED = "plan", "diverged"
OMISSIONS = {
    "unsolved": "no plan was found",
    "open": "the goal was reachable from the start",
    "dropped": "dropped by --filter-minimum-length",
    "failed": "the environment failed",
    DIVERGED: "the replay of the plan diverged, so its motion was not recorded",
}
"""Kinds of episodes without a plan to export -> reason."""


def count_kinds(folder: Path, *, recorded: bool = False) -> Counter[str]:
    """Return the number of episodes of each kind: `PLAN`, or a key of `OMISSIONS`.

    Args:
        folder: of the collection.
        recorded: whether plans need recorded motion.

    Raises:
        UsageError: no episode has a plan to export.
        ResultFileError: the metrics table is missing or damaged.
    """
    kinds = Counter(_kinds(folder, recorded=recorded))
    if not kinds[PLAN]:
        raise UsageError(
            f"{folder}: no episode has a plan with a push, so there is nothing to export"
        )
    return kinds


def omission_lines(kinds: Counter[str]) -> list[str]:
    """Return a line for each kind of episode that is left out, with its number and the reason."""
    return [
        f"{counted(kinds[kind], 'episode', 'episodes')} left out: {reason}"
        for kind, reason in OMISSIONS.items()
        if kinds[kind]
    ]


def max_movables(folder: Path) -> int:
    """Return the largest number of movables in a scene of a collection.

    Raises:
        ResultFileError: the scenes table is missing or damaged.
    """
    maxima = [
        pc.max(pc.list_value_length(table["movables"])).as_py()
        for table in row_groups(merged_table(folder, "scenes"), ["movables"])
    ]
    return max((number for number in maxima if number is not None), default=0)


def _kinds(folder: Path, *, recorded: bool) -> Iterator[str]:
    columns = ["solution_depth", "kept", "termination", "replayed"]
    for table in row_groups(merged_table(folder, "metrics"), columns):
        for row in table.to_pylist():
            if row["termination"] == Termination.ERROR.value:
                yield "failed"
            elif not row["kept"]:
                yield "dropped"
            elif row["solution_depth"] is None:
                yield "unsolved"
            elif not row["solution_depth"]:
                yield "open"
            else:
                yield DIVERGED if recorded and row["replayed"] is False else PLAN
