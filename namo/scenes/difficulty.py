"""Difficulty classes of scenes."""

from __future__ import annotations

from enum import StrEnum

EASY_SHARE = 0.30
MEDIUM_SHARE = 0.05


class Difficulty(StrEnum):
    """How hard it is to open the robot's goal."""

    OPEN = "open"
    """Reachable at the start."""
    EASY = "easy"
    """One push is enough, and at least 30 % of all candidate pushes will do."""
    MEDIUM = "medium"
    """One push is enough, and 5 to 30 % will do."""
    HARD = "hard"
    """One push is enough, and fewer than 5 % will do."""
    TWO_PUSHES = "two_pushes"
    THREE_OR_MORE = "three_or_more"
    NOT_FOUND = "not_found"
    """Nothing was found within the budget; that is no proof that there is nothing."""


def difficulty_of(pushes_needed: int | None, opening_share: float | None) -> Difficulty:
    """Return the class of a scene.

    Args:
        pushes_needed: fewest pushes found; None where none were.
        opening_share: of all candidate pushes, those that open the goal at once, 0 to 1; None where
            it is open at the start.
    """
    match pushes_needed:
        case None:
            return Difficulty.NOT_FOUND
        case 0:
            return Difficulty.OPEN
        case 1:
            share = opening_share or 0.0
            if share >= EASY_SHARE:
                return Difficulty.EASY
            return Difficulty.MEDIUM if share >= MEDIUM_SHARE else Difficulty.HARD
        case 2:
            return Difficulty.TWO_PUSHES
        case _:
            return Difficulty.THREE_OR_MORE
