"""The commands that collect environments of a collection again, as messages print them."""

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
