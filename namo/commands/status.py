"""Show the progress of a collection: done, running, stopped, failed and why, rate and time left.

Works while the collection runs and on any machine that sees its folder.

Exit codes: 0 nothing has failed or stopped; 1 something has; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from namo.commands.arguments import add_folder, require_folder

HELP = "show the progress of a collection"
SHOWN = 10
"""Chunks and failures to name, of each kind."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_folder(parser)


def run(options: argparse.Namespace) -> int:
    """Print the status and return the exit code.

    Raises:
        UsageError: there is no such folder.
    """
    folder: Path = options.folder
    require_folder(folder)
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
        print(f"{60 * status.rate:.1f} environments per minute, {duration(status.left_s)} left")
    for state in (ChunkState.RUNNING, ChunkState.STOPPED):
        lines = []
        for chunk in status.of(state):
            at = "" if chunk.environment is None else f", environment {chunk.environment}"
            lines.append(f"{state} {chunk.name}: {chunk.worker}{at}")
        _print_some(lines)
    _print_some([f"failed {number}: {text}" for number, text in failed.items()])
    if status.of(ChunkState.STOPPED):
        print("rerun the same command to resume stopped chunks")
    return int(bool(failed) or bool(status.of(ChunkState.STOPPED)))


def _print_some(lines: list[str]) -> None:
    for line in lines[:SHOWN]:
        print(line)
    if len(lines) > SHOWN:
        print(f"... and {len(lines) - SHOWN} more")
