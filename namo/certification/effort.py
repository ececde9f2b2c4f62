"""What certifying a scene may spend."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """What the searches may spend where no candidate push opens the goal.

    Attributes:
        pushes: simulated pushes, of the search for one push and again of that for more.
        depth: longest plan (pushes).
        seed: of the planner's random numbers; every scene gets the same stream, so its figures do
            not depend on its place in a list.
    """

    pushes: int = 150
    depth: int = 4
    seed: int = 0
