"""The search budget of certification."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Budget of the searches that follow if no candidate push opens the goal, and of a proof.

    Attributes:
        pushes: maximum simulated pushes, for each of the two searches.
        depth: maximum length of a plan (pushes).
        seed: of the planner's random numbers; every scene gets the same stream, so that its figures
            do not depend on its index in a list.
        clearance: room that must be left around the robot where it drives (m).
        prove: longest sequences of straight pushes that are enumerated, to show how many a scene
            needs at least; 0 to leave that out.
    """

    pushes: int = 150
    depth: int = 4
    seed: int = 0
    clearance: float = 0.0
    prove: int = 0
