"""Episodes and environments to look into, each with the command that collects it again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from namo.reporting.episodes import Episodes, evenly_spaced, rows_at
from namo.reporting.failure_causes import failure_cause_of
from namo.reporting.outcomes import unsolved_text
from namo.results.again import redo_command, rerun_command
from namo.wording import number as rounded

MAX_SLOWEST = 10
MAX_LISTED = 2000


@dataclass(frozen=True)
class RerunEntry:
    """An episode or environment.

    Attributes:
        environment: environment index.
        text: outcome and effort, or the error message.
        command: that collects it again.
    """

    environment: int
    text: str
    command: str


@dataclass(frozen=True)
class FailureList:
    """Failed environments.

    Attributes:
        total: number of failed environments.
        listed: at most `MAX_LISTED` of them.
    """

    total: int
    listed: list[RerunEntry]


def slowest_episodes(episodes: Episodes, folder: str) -> list[RerunEntry]:
    """Return the episodes with the longest searches, the longest first.

    Args:
        episodes: of the collection.
        folder: of the collection, as commands name it.
    """
    seconds = np.where(episodes.ran, episodes.seconds, -1.0)
    order = np.argsort(-seconds, kind="stable")[:MAX_SLOWEST]
    return [_entry(episodes, int(row), folder) for row in order if episodes.ran[row]]


def diverged_replays(episodes: Episodes, folder: str) -> list[RerunEntry]:
    """Return the episodes whose replay diverged, evenly spaced if there are very many.

    Args:
        episodes: of the collection.
        folder: of the collection, as commands name it.
    """
    rows = evenly_spaced(np.flatnonzero(episodes.diverged), MAX_LISTED)
    return [_entry(episodes, row, folder) for row in rows.tolist()]


def failed_environments(episodes: Episodes, metrics: Path, folder: str) -> FailureList:
    """Return failed environments, unexplained ones first, evenly spaced if there are very many.

    Args:
        episodes: of the collection.
        metrics: path of its metrics table.
        folder: of the collection, as commands name it.
    """
    failed = np.flatnonzero(episodes.failed)
    columns = ["env_index", "error_kind", "error_message"]
    rows = rows_at(metrics, evenly_spaced(failed, MAX_LISTED), columns)
    rows.sort(key=lambda row: failure_cause_of(row["error_kind"]))
    numbered = [(row["env_index"], row["error_message"]) for row in rows]
    return FailureList(
        int(failed.size),
        [RerunEntry(number, text, redo_command(folder, number)) for number, text in numbered],
    )


def pushes_text(count: int) -> str:
    """Return a number of pushes with its noun: "1 push", "1,200 pushes"."""
    return f"{count:,} {'push' if count == 1 else 'pushes'}"


def _entry(episodes: Episodes, row: int, folder: str) -> RerunEntry:
    if episodes.solved[row]:
        outcome = f"solved with {pushes_text(int(episodes.length[row]))}"
    else:
        outcome = unsolved_text(episodes.terminations[episodes.termination[row]])
    simulated = pushes_text(int(episodes.pushes[row]))
    seconds, environment = float(episodes.seconds[row]), int(episodes.environment[row])
    text = f"{rounded(seconds)} s, {simulated} simulated, {outcome}"
    return RerunEntry(environment, text, rerun_command(folder, environment))
