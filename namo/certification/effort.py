"""What certifying a scene may spend."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """What the search for plans of more than one push may spend.

    Attributes:
        pushes: simulated pushes.
        depth: longest plan (pushes).
        seed: of the planner's random numbers; every scene gets the same stream, so its figures do
            not depend on its place in a list.
    """

    pushes: int = 150
    depth: int = 4
    seed: int = 0
