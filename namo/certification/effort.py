"""The search budget of certification."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Budget of the searches that follow if no candidate push opens the goal.

    Attributes:
        pushes: maximum simulated pushes, for each of the two searches.
        depth: maximum length of a plan (pushes).
        seed: of the planner's random numbers; every scene gets the same stream, so that its figures
            do not depend on its index in a list.
        clearance: room that must be left around the robot where it drives (m).
    """

    pushes: int = 150
    depth: int = 4
    seed: int = 0
    clearance: float = 0.0
