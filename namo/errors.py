"""The errors that this package raises deliberately, and the exit code that a command ends with.

    NamoError                  1
      UsageError               2; nothing was written
        ModelError             2 before the first environment, 1 after it
      UnknownMovableError      1; also a KeyError
      SceneError               1; only the environments of that scene fail
      PhysicsError             recorded as a diverged push
      BusyError                1
      ConflictError            1
      ResultFileError          1

A message names the file or option, the value and what is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable

from namo.wording import did_you_mean


class NamoError(Exception):
    """Base of all errors raised deliberately."""


class UsageError(NamoError):
    """Invalid arguments or configuration, found before anything is written; exit code 2."""


class ModelError(UsageError):
    """A model cannot be used: damaged, of another kind or input format, or not finite.

    Ends the run at any time: there is no fallback to a strategy without a model.
    """


class UnknownMovableError(NamoError, KeyError):
    """A scene has no movable of that name.

    Attributes:
        name: the name asked for.
        allowed: names of the movables of the scene.
    """

    def __init__(self, name: str, allowed: Iterable[str]) -> None:
        self.name, self.allowed = name, tuple(allowed)
        super().__init__(f"no movable '{name}'; {did_you_mean(name, self.allowed)}")

    def __reduce__(self) -> tuple[type[UnknownMovableError], tuple[str, tuple[str, ...]]]:
        return type(self), (self.name, self.allowed)

    __str__ = Exception.__str__  # that of KeyError is a repr


class SceneError(NamoError):
    """A scene file cannot be used. Only the environments of that scene fail."""


class PhysicsError(NamoError):
    """The simulation diverged: its state is no longer meaningful."""


class BusyError(NamoError):
    """Another process is working on the same results; nothing was changed."""


class ConflictError(NamoError):
    """Collections that cannot be merged; nothing was written."""


class ResultFileError(NamoError):
    """A result file is damaged, of another schema, or not one of this package."""


class NotRegularFileError(ResultFileError, OSError):
    """A folder, device, pipe or socket stands where a file is expected; it is not opened."""


class MachineError(NamoError):
    """The machine or the installation failed, not an environment: it ends the run."""
