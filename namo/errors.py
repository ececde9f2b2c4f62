"""Every error this package raises on purpose.

All derive from `NamoError`. A message names the file or option, the value and what is allowed.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class NamoError(Exception):
    """Base of all errors raised on purpose."""


class UsageError(NamoError):
    """Wrong arguments or configuration: found before anything is written, exit code 2."""


class ModelError(UsageError):
    """A model cannot be used: damaged, of another kind, made for other input, or not finite.

    Ends the run, also in the middle of it: nothing falls back to a strategy without a model.
    """


class SceneError(NamoError):
    """A scene file cannot be used. Costs the environments of that scene and nothing else."""


class PhysicsError(NamoError):
    """The simulation left the range in which its results mean anything."""


class BusyError(NamoError):
    """Another process is at work on the same results; nothing was changed."""


class ConflictError(NamoError):
    """Collections that do not belong together; nothing was written."""


class ResultFileError(NamoError):
    """A result file is damaged, of another schema, or not ours."""


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """Return what may stand in place of `name`, nearest first.

    Args:
        name: the name that was not found.
        allowed: the names that exist.

    Returns:
        A clause for the end of a message, such as "did you mean 'idfs'? Allowed: idfs, tree_idfs".
    """
    names = list(allowed)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"{hint}Allowed: {', '.join(names)}"


def some(items: Iterable[object], most: int, between: str = ", ") -> str:
    """Return the first few of many for a message: "a, b and 3 more".

    Args:
        items: to name.
        most: of them to name.
        between: two of them.
    """
    texts = [str(item) for item in items]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return between.join(texts[:most]) + more
