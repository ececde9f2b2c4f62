"""One room divided in two by a wall with one or two doors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namo.scenes.generator.layouts.layout import FloorPlan, Layout, drawn
from namo.scenes.generator.settings import GeneratorSettings

TWO_DOORS_FRACTION = 0.3
STUB_FRACTION = 0.4
"""Of rooms that have an additional short wall, which robot and boxes have to go around."""


@dataclass(frozen=True)
class Room:
    """One room with one or two doors in the wall across it."""

    settings: GeneratorSettings

    def draw(self, rng: np.random.Generator) -> Layout:
        """See `namo.scenes.generator.layouts.layout.LayoutFamily`."""
        plan = FloorPlan(self.settings)
        width = drawn(rng, self.settings.room_side_m) + drawn(rng, self.settings.room_side_m)
        height = drawn(rng, self.settings.room_side_m)
        plan.outer(width, height)
        wall_x = drawn(rng, (0.4 * width, 0.6 * width))
        if rng.random() < TWO_DOORS_FRACTION:
            halves = ((0.0, height / 2), (height / 2, height))
            doors = tuple(plan.door(rng, *half) for half in halves)
        else:
            doors = (plan.door(rng, 0.0, height),)
        plan.along_y(wall_x, 0.0, height, doors)
        if rng.random() < STUB_FRACTION:
            beyond = wall_x + (width - wall_x) / 2
            length = drawn(rng, (0.2 * height, 0.4 * height))
            low = bool(rng.integers(2))
            plan.along_y(beyond, 0.0 if low else height - length, length if low else height)
        return plan.layout("room")
