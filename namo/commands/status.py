"""Show the progress of a collection: done, running, stopped, failed and why, rate and time left.

Works while the collection runs and on any machine that sees its folder.

Finished chunks are compared with what the last run asked for: its settings and its list of scenes.

Exit codes: 0 nothing has failed or stopped or is outdated; 1 something has or is; 2 wrong usage.
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
    from namo.results.run_file import subset_in
    from namo.wording import counted, duration

    subset = subset_in(folder)
    if subset is not None:
        count = counted(subset["environments"], "environment", "environments")
        print(f"{folder}: {count} of {subset['of']} of {subset['collection']}, {subset['choice']}")
        print("a subset is complete: nothing is collected into it")
        return 0

    seldom = (ChunkState.OUTDATED, ChunkState.UNUSED)
    resumed = (ChunkState.STOPPED, ChunkState.OUTDATED)
    status = status_of(folder)
    done, total, failed = status.done, status.environments, status.failed
    print(
        f"{folder}: {done} of {counted(total, 'environment', 'environments')} done "
        f"({done / max(total, 1):.0%}), {status.solved} solved, {len(failed)} failed"
    )
    shown = [state for state in ChunkState if status.of(state) or state not in seldom]
    numbers = ", ".join(f"{len(status.of(state))} {state}" for state in shown)
    print(f"chunks: {numbers}")
    if status.rate is not None and status.left_s is not None:
        print(f"{60 * status.rate:.1f} environments per minute, {duration(status.left_s)} left")
    for state in (ChunkState.RUNNING, ChunkState.STOPPED):
        _print_some(
            [
                f"{state} {chunk.name}: {chunk.worker}{_at(chunk.environments)}"
                for chunk in status.of(state)
            ]
        )
    _print_some([line for chunk in status.chunks for line in chunk.objections])
    _print_some([f"failed {number}: {text}" for number, text in failed.items()])
    unfinished = [state for state in resumed if status.of(state)]
    if unfinished:
        print(f"rerun the same command to resume {' and '.join(unfinished)} chunks")
    return int(bool(failed) or bool(unfinished))


def _at(environments: list[int]) -> str:
    """Return which environments a chunk is at, in words."""
    from namo.wording import truncated_list

    if not environments:
        return ""
    named = truncated_list([str(each) for each in sorted(environments)], SHOWN)
    return f", environment{'s' if len(environments) > 1 else ''} {named}"


def _print_some(lines: list[str]) -> None:
    for line in lines[:SHOWN]:
        print(line)
    if len(lines) > SHOWN:
        print(f"... and {len(lines) - SHOWN} more")
