"""What decides a search or a replay beside the scene file, the same for a whole collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from namo.errors import UsageError
from namo.scenes.physics import with_physics

if TYPE_CHECKING:  # so that settings can be checked without loading NumPy
    from namo.scenes.scene import Scene

DEFAULT_CLEARANCE_M = 0.01
"""Of collections, and of whatever stands for them where no collection is named."""
MAX_CLEARANCE_M = 1.0


def clearance_problem(clearance: float) -> str | None:
    """Return what is wrong with a clearance (m), as the end of a message; None if nothing is."""
    if 0.0 <= clearance <= MAX_CLEARANCE_M:
        return None
    return f"is {clearance}; allowed: 0 to {MAX_CLEARANCE_M:g} (m)"


def require_clearance(clearance: float, what: str = "--clearance") -> None:
    """Make sure that a clearance (m) is one.

    Raises:
        UsageError: it is negative, not a number, or too large for any scene; names `what`.
    """
    if problem := clearance_problem(clearance):
        raise UsageError(f"{what} {problem}")


class Conditions(NamedTuple):
    """What decides the simulation of a scene beside its file.

    Attributes:
        physics: a name in `namo.scenes.presets.PHYSICS_PRESETS`.
        clearance: room that must be left around the robot where it drives (m).
    """

    physics: str
    clearance: float

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Return the conditions of a row of the metrics table.

        Raises:
            KeyError: the row lacks one of them.
        """
        return cls(*(row[name] for name in cls._fields))

    def applied_to(self, scene: Scene) -> Scene:
        """Return the scene under these conditions; `path` and `sha256` are unchanged."""
        return replace(with_physics(scene, self.physics), clearance=self.clearance)
