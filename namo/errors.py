"""Every error this package raises on purpose.

All derive from `NamoError`. A message names the file or option, the value and what is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable

from namo.wording import did_you_mean


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


class UnknownMovableError(NamoError, KeyError):
    """A scene has no movable of that name; the message offers the nearest one.

    Attributes:
        name: the name that was not found.
        movables: names of the movables that exist.
    """

    def __init__(self, name: str, movables: Iterable[str]) -> None:
        self.name, self.movables = name, tuple(movables)
        super().__init__(name, self.movables)

    def __str__(self) -> str:
        return f"no movable '{self.name}'; {did_you_mean(self.name, self.movables)}"
