"""The learned strategies: their names are taken, their models are still to come."""

from __future__ import annotations

from typing import NoReturn

from namo.errors import UsageError


def refuse_learned(kind: str) -> NoReturn:
    """Say that a learned strategy cannot be had.

    Args:
        kind: "object" or "goal".

    Raises:
        UsageError: always.
    """
    raise UsageError(
        f"--{kind}-strategy ml is not part of this version, whatever --ml-{kind}-model names; "
        f"choose another {kind} strategy"
    )


class LearnedObjects:
    """`--object-strategy ml`: refuses to start rather than fall back to a heuristic."""

    def __init__(self) -> None:
        refuse_learned("object")


class LearnedGoals:
    """`--goal-strategy ml`: refuses to start rather than fall back to a heuristic."""

    def __init__(self) -> None:
        refuse_learned("goal")
