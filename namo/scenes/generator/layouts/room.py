"""One room, divided by a wall with doors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namo.scenes.generator.layouts.layout import FloorPlan, Layout, drawn
from namo.scenes.generator.settings import GeneratorSettings

TWO_DOORS_SHARE = 0.3
STUB_SHARE = 0.4
"""How many rooms have a short wall besides, that robot and boxes go around."""


@dataclass(frozen=True)
class Room:
    """One room with doors in the wall across it."""

    settings: GeneratorSettings

    def draw(self, rng: np.random.Generator) -> Layout:
        """See `namo.scenes.generator.layouts.layout.LayoutFamily`."""
        plan = FloorPlan(self.settings)
        width = drawn(rng, self.settings.room_side_m) + drawn(rng, self.settings.room_side_m)
        height = drawn(rng, self.settings.room_side_m)
        plan.outer(width, height)
        wall_x = drawn(rng, (0.4 * width, 0.6 * width))
        if rng.random() < TWO_DOORS_SHARE:
            halves = ((0.0, height / 2), (height / 2, height))
            doors = tuple(plan.door(rng, *half) for half in halves)
        else:
            doors = (plan.door(rng, 0.0, height),)
        plan.along_y(wall_x, 0.0, height, doors)
        if rng.random() < STUB_SHARE:
            beyond = wall_x + (width - wall_x) / 2
            length = drawn(rng, (0.2 * height, 0.4 * height))
            low = bool(rng.integers(2))
            plan.along_y(beyond, 0.0 if low else height - length, length if low else height)
        return plan.layout("room")
