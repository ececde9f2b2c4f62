"""Difficulty classes of scenes."""

from __future__ import annotations

from enum import StrEnum

EASY_FRACTION = 0.30
MEDIUM_FRACTION = 0.05


class Difficulty(StrEnum):
    """Classes by what it takes to make the robot's goal reachable."""

    OPEN = "open"
    """The goal is reachable at the start."""
    EASY = "easy"
    """One push is enough; at least 30 % of the candidate pushes open the goal."""
    MEDIUM = "medium"
    """One push is enough; 5 to 30 % of the candidate pushes open the goal."""
    HARD = "hard"
    """One push is enough; fewer than 5 % of the candidate pushes open the goal."""
    TWO_PUSHES = "two_pushes"
    THREE_OR_MORE = "three_or_more"
    NOT_FOUND = "not_found"
    """No plan was found within the budget, which does not prove that there is none."""


def difficulty_of(pushes_needed: int | None, opening_share: float | None) -> Difficulty:
    """Return the class of a scene.

    Args:
        pushes_needed: length of the shortest plan found; None if none was found.
        opening_share: fraction of candidate pushes that open the goal, 0 to 1; None if it is open
            at the start.
    """
    match pushes_needed:
        case None:
            return Difficulty.NOT_FOUND
        case 0:
            return Difficulty.OPEN
        case 1:
            fraction = opening_share or 0.0
            if fraction >= EASY_FRACTION:
                return Difficulty.EASY
            return Difficulty.MEDIUM if fraction >= MEDIUM_FRACTION else Difficulty.HARD
        case 2:
            return Difficulty.TWO_PUSHES
        case _:
            return Difficulty.THREE_OR_MORE
