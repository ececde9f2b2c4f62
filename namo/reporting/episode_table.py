"""The table of episodes for the page's script: columns, with repeated text stored once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TypedDict

import numpy as np

from namo.reporting.episodes import Episodes, Integers, display_name, evenly_spaced, rows_at
from namo.results.terminations import termination_name

MAX_ROWS = 10_000
MAX_ROWS_PER_KIND = MAX_ROWS // 4
"""Limit for failures, and for unsolved episodes, in a table that leaves rows out."""


class TableColumns(TypedDict):
    """What the script reads; columns have one entry per listed row, codes are list indices.

    Attributes:
        classes: names of difficulty classes.
        outcomes: names of terminations.
        folder: common folder of all scene files, with its slash.
        environment: environment indices.
        episode: episode numbers.
        difficulty: codes of difficulty classes.
        outcome: codes of outcomes.
        length: plan lengths (pushes); None if unsolved.
        pushes: simulated pushes.
        seconds: wall times (s).
        file: scene files, relative to `folder`.
        shown: row number -> `episode_id` of its gallery card.
    """

    classes: list[str]
    outcomes: list[str]
    folder: str
    environment: list[int]
    episode: list[int]
    difficulty: list[int]
    outcome: list[int]
    length: list[int | None]
    pushes: list[int]
    seconds: list[float]
    file: list[str]
    shown: dict[str, str]


@dataclass(frozen=True)
class EpisodeTable:
    """The table that the page lists.

    Attributes:
        columns: for the script.
        note: which rows are left out; empty if none are.
    """

    columns: TableColumns
    note: str


def episode_table(episodes: Episodes, metrics: Path, shown: set[str]) -> EpisodeTable:
    """Return the table of a collection.

    Args:
        episodes: of the collection.
        metrics: path of its metrics table.
        shown: `episode_id` of each episode in the gallery.
    """
    positions, note = _listed(episodes)
    rows = rows_at(metrics, positions, ["episode_id", "episode", "xml_file"])
    files = [row["xml_file"] for row in rows]
    folder = _common_folder(files)
    solved = episodes.solved[positions]
    columns: TableColumns = {
        "classes": [display_name(name) for name in episodes.classes],
        "outcomes": [termination_name(name) for name in episodes.terminations],
        "folder": folder,
        "environment": episodes.environment[positions].tolist(),
        "episode": [row["episode"] for row in rows],
        "difficulty": episodes.difficulty[positions].tolist(),
        "outcome": episodes.termination[positions].tolist(),
        "length": [
            int(length) if found else None
            for length, found in zip(episodes.length[positions], solved, strict=True)
        ],
        "pushes": episodes.pushes[positions].tolist(),
        "seconds": [float(f"{value:.3g}") for value in episodes.seconds[positions]],
        "file": [name.removeprefix(folder) for name in files],
        "shown": {
            str(number): row["episode_id"]
            for number, row in enumerate(rows)
            if row["episode_id"] in shown
        },
    }
    return EpisodeTable(columns, note)


def _listed(episodes: Episodes) -> tuple[Integers, str]:
    """Return the rows to list (n,), in order, and a note on what is left out."""
    total = episodes.solved.size
    if total <= MAX_ROWS:
        return np.arange(total), ""
    ran = episodes.ran
    failed = evenly_spaced(np.flatnonzero(episodes.failed | episodes.diverged), MAX_ROWS_PER_KIND)
    unsolved = evenly_spaced(np.flatnonzero(ran & ~episodes.solved), MAX_ROWS_PER_KIND)
    solved = evenly_spaced(
        np.flatnonzero(ran & episodes.solved & ~episodes.diverged),
        MAX_ROWS - failed.size - unsolved.size,
    )
    note = (
        f"Showing {failed.size:,} failures, {unsolved.size:,} unsolved episodes and "
        f"{solved.size:,} solved ones, evenly spaced over all {total:,}; metrics.parquet lists "
        "them all."
    )
    return np.sort(np.concatenate([failed, unsolved, solved])), note


def _common_folder(files: Sequence[str]) -> str:
    """Return the common folder of all files, with its slash; empty if there is none."""
    if not files:
        return ""
    folders = [name.split("/")[:-1] for name in files]
    # The smallest and the largest share exactly the parts that all share.
    pairs = zip(min(folders), max(folders), strict=False)
    return "".join(f"{part}/" for part, other in takewhile(lambda pair: pair[0] == pair[1], pairs))
