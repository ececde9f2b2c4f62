"""Why environments failed: what is unexplained comes first."""

from __future__ import annotations

from dataclasses import dataclass

from namo.results.schema import CRASHED, SCENE


@dataclass(frozen=True, order=True)
class Cause:
    """A reason why environments failed; sorted, the unexplained ones come first.

    Attributes:
        explained: whether it is known to be the scene's fault, and not ours.
        text: what happened, a few words.
    """

    explained: bool
    text: str


UNUSABLE = Cause(explained=True, text="scene cannot be used")
DIED = Cause(explained=False, text="the process died")


def cause_of(kind: str) -> Cause:
    """Return the cause of a failure; `kind` is the `error_kind` of its row."""
    return {SCENE: UNUSABLE, CRASHED: DIED}.get(kind) or Cause(explained=False, text=kind)
