"""Causes of failed environments; unexplained ones sort first."""

from __future__ import annotations

from dataclasses import dataclass

from namo.results.schema import CRASHED, SCENE


@dataclass(frozen=True, order=True)
class FailureCause:
    """Why an environment failed; unexplained causes sort before explained ones.

    Attributes:
        explained: whether the scene is known to be at fault, not this software.
        text: short description.
    """

    explained: bool
    text: str


UNUSABLE_SCENE = FailureCause(explained=True, text="unusable scene")
CRASHED_PROCESS = FailureCause(explained=False, text="process crashed")


def failure_cause_of(kind: str) -> FailureCause:
    """Return the cause of a failure, given the `error_kind` of its metrics row."""
    known = {SCENE: UNUSABLE_SCENE, CRASHED: CRASHED_PROCESS}
    return known.get(kind) or FailureCause(explained=False, text=kind)
