"""The learned strategies: their names are taken, their models are still to come."""

from __future__ import annotations

from typing import NoReturn

from namo.errors import UsageError


def _not_yet(kind: str, option: str) -> NoReturn:
    raise UsageError(
        f"the learned {kind} strategy 'ml' is not part of this version, whatever {option} "
        f"names; choose another {kind} strategy"
    )


class LearnedObjects:
    """`--object-strategy ml`: refuses to start rather than fall back to a heuristic."""

    def __init__(self) -> None:
        _not_yet("object", "--ml-object-model")


class LearnedGoals:
    """`--goal-strategy ml`: refuses to start rather than fall back to a heuristic."""

    def __init__(self) -> None:
        _not_yet("goal", "--ml-goal-model")
