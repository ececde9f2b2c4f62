"""Say how far a collection is: done, running, stopped, failed and why, rate and time left.

Works while the collection runs and from any machine that sees its folder. Exit codes: 0 nothing
failed so far, 1 something did or has stopped, 2 wrong usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from namo.errors import UsageError

HELP = "say how far a collection is"
SHOWN = 10
"""Chunks and failures that are named, of each kind."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder of the collection")


def run(options: argparse.Namespace) -> int:
    """Print the status and return the exit code.

    Raises:
        UsageError: there is no such folder.
    """
    folder: Path = options.folder
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    from namo.collection.status import ChunkState, status_of
    from namo.wording import counted, duration

    status = status_of(folder)
    done, total, failed = status.done, status.environments, status.failed
    print(
        f"{folder}: {done} of {counted(total, 'environment', 'environments')} done "
        f"({done / total:.0%}), {status.solved} solved, {len(failed)} failed"
    )
    numbers = ", ".join(f"{len(status.of(state))} {state}" for state in ChunkState)
    print(f"chunks: {numbers}")
    if status.rate is not None and status.left_s is not None:
        print(f"{60 * status.rate:.1f} environments a minute, {duration(status.left_s)} left")
    for state in (ChunkState.RUNNING, ChunkState.STOPPED):
        lines = []
        for chunk in status.of(state):
            at = "" if chunk.environment is None else f", environment {chunk.environment}"
            lines.append(f"{state} {chunk.name}: {chunk.worker}{at}")
        _print_some(lines)
    _print_some([f"failed {number}: {text}" for number, text in failed.items()])
    if status.of(ChunkState.STOPPED):
        print("what has stopped goes on when the same run is started again")
    return int(bool(failed) or bool(status.of(ChunkState.STOPPED)))


def _print_some(lines: list[str]) -> None:
    for line in lines[:SHOWN]:
        print(line)
    if len(lines) > SHOWN:
        print(f"... and {len(lines) - SHOWN} more")
