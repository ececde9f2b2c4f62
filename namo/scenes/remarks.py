"""Remarks on valid scenes: what they are about, and what counts as information only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

TOUCHING_M = 0.001
"""Solids that overlap by less merely touch."""


class RemarkKind(StrEnum):
    """Subject of a remark, short enough for a caption."""

    UNITS = "units"
    OVERLAP = "overlap"
    GOAL_AT_WALL = "goal at wall"
    GOAL_CUT_OFF = "goal cut off"
    ROBOT_STUCK = "robot stuck"
    FLOOR_CUT_OFF = "floor cut off"
    TOO_WIDE = "too wide for doors"
    TOO_HEAVY = "too heavy"
    ROBOT_IN_FLOOR = "robot in floor"
    PHYSICS = "physics"
    GOAL_FREE = "goal free"
    OPEN_PLAN = "open plan"


NOTES = frozenset({RemarkKind.GOAL_FREE, RemarkKind.OPEN_PLAN})
"""Kinds that are information rather than peculiarities."""


@dataclass(frozen=True)
class Remark:
    """A peculiarity of a scene, or information on it.

    Attributes:
        kind: its subject.
        text: a clause with the measured values.
    """

    kind: RemarkKind
    text: str

    @property
    def is_note(self) -> bool:
        """Whether it is information only."""
        return self.kind in NOTES
