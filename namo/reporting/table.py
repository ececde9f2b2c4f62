"""The searches as a table for the page's script: columns, texts once, numbers short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np

from namo.reporting.choices import in_words
from namo.reporting.searches import Integers, Searches, evenly, rows_at

Record = dict[str, Any]

MOST_ROWS = 10_000
MOST_OF_A_KIND = MOST_ROWS // 4
"""Failures, and unsolved searches, that are listed where not everything is."""


@dataclass(frozen=True)
class Table:
    """What the page can list.

    Attributes:
        content: columns for the script.
        note: what is left out; empty where nothing is.
    """

    content: Record
    note: str


def table_of(searches: Searches, metrics: Path, shown: set[str]) -> Table:
    """Return the table of a collection.

    Args:
        searches: all of them.
        metrics: their table.
        shown: `episode_id` of those that the page has a picture of.
    """
    positions, note = _listed(searches)
    rows = rows_at(metrics, positions, ["episode_id", "episode", "xml_file"])
    files = [row["xml_file"] for row in rows]
    folder = _common_folder(files)
    solved = searches.solved[positions]
    content = {
        "classes": [in_words(name) for name in searches.classes],
        "outcomes": [in_words(name) for name in searches.terminations],
        "folder": folder,
        "environment": searches.environment[positions].tolist(),
        "episode": [row["episode"] for row in rows],
        "difficulty": searches.difficulty[positions].tolist(),
        "outcome": searches.termination[positions].tolist(),
        "length": [
            int(length) if found else None
            for length, found in zip(searches.length[positions], solved, strict=True)
        ],
        "pushes": searches.pushes[positions].tolist(),
        "seconds": [float(f"{value:.3g}") for value in searches.seconds[positions]],
        "file": [name.removeprefix(folder) for name in files],
        "shown": {
            str(place): row["episode_id"]
            for place, row in enumerate(rows)
            if row["episode_id"] in shown
        },
    }
    return Table(content, note)


def _listed(searches: Searches) -> tuple[Integers, str]:
    """Return the rows to list, in order, and what is left out."""
    total = searches.solved.size
    if total <= MOST_ROWS:
        return np.arange(total), ""
    ran = searches.ran
    failed = evenly(np.flatnonzero(searches.failed | searches.differs), MOST_OF_A_KIND)
    unsolved = evenly(np.flatnonzero(ran & ~searches.solved), MOST_OF_A_KIND)
    solved = evenly(
        np.flatnonzero(ran & searches.solved & ~searches.differs),
        MOST_ROWS - failed.size - unsolved.size,
    )
    note = (
        f"Listed are {failed.size:,} failures, {unsolved.size:,} unsolved searches and "
        f"{solved.size:,} solved ones, spread evenly over all {total:,}; metrics.parquet has "
        "every one."
    )
    return np.sort(np.concatenate([failed, unsolved, solved])), note


def _common_folder(files: Sequence[str]) -> str:
    """Return the folder that all files are in, with its slash; empty where there is none."""
    if not files:
        return ""
    folders = [name.split("/")[:-1] for name in files]
    ends = zip(min(folders), max(folders), strict=False)  # what these two share all share
    return "".join(f"{part}/" for part, other in takewhile(lambda both: both[0] == both[1], ends))
