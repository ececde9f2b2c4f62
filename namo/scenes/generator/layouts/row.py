"""Rooms in a row, each connected to the next by a door."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namo.portable_math import total
from namo.scenes.generator.layouts.layout import FloorPlan, Layout, drawn
from namo.scenes.generator.settings import GeneratorSettings


@dataclass(frozen=True)
class Row:
    """A row of rooms: the path from end to end passes every door."""

    settings: GeneratorSettings

    def draw(self, rng: np.random.Generator) -> Layout:
        """See `namo.scenes.generator.layouts.layout.LayoutFamily`."""
        plan = FloorPlan(self.settings)
        count = int(rng.integers(*self.settings.rooms, endpoint=True))
        widths = [drawn(rng, self.settings.room_side_m) for _ in range(count)]
        height = drawn(rng, self.settings.room_side_m)
        length = total(widths) + (count - 1) * self.settings.wall_thickness_m
        plan.outer(length, height)
        x = -plan.half_thickness
        for width in widths[:-1]:
            x += width + self.settings.wall_thickness_m
            plan.along_y(x, 0.0, height, (plan.door(rng, 0.0, height),))
        return plan.layout("row")
