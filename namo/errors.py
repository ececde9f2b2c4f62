"""Every error this package raises on purpose.

All derive from `NamoError`. A message names the file or option, the value and what is allowed.
"""

from __future__ import annotations


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
