"""The commands that collect, replay or explain environments again, as messages print them."""

from __future__ import annotations

import shlex

FAILED = "--failed"
"""In place of environments: all that failed."""


def rerun_command(folder: str, *environments: int) -> str:
    """Return the command that collects environments again beside the collection, to look at.

    Args:
        folder: of the collection.
        *environments: by number.
    """
    return shlex.join(["namo", "rerun", folder, *map(str, environments)])


def redo_command(folder: str, *environments: int | str) -> str:
    """Return the command that replaces the results of environments in the collection.

    Args:
        folder: of the collection.
        *environments: by number, or `FAILED`.
    """
    return shlex.join(["namo", "redo", folder, *map(str, environments)])


def replay_command(what: str, *options: str | int) -> str:
    """Return the command that replays simulated pushes.

    Args:
        what: folder of a collection, or the file of an environment.
        *options: of the command; the environment by number first, if a folder was given.
    """
    return shlex.join(["namo", "replay", what, *map(str, options)])


def explain_command(folder: str) -> str:
    """Return the command that explains an unsolved environment, `ENV`, of a collection."""
    return shlex.join(["namo", "explain", folder, "ENV"])
