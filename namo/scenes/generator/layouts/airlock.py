"""Two rooms joined by a chamber with a door at either end that is too narrow for what is inside.

A square box that nearly spans the chamber cannot leave it, and the robot cannot pass beside it:
such a scene is impossible although every box slides. For a box of side s in a chamber of width w
and length d this needs s > w - 0.3 m (the robot's diameter), s wider than the doors, and d < 2 s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namo.scenes.generator.layouts.layout import FloorPlan, Layout, drawn
from namo.scenes.generator.settings import GeneratorSettings

CHAMBER_LENGTH_M = (1.16, 1.3)
VESTIBULE_M = 0.5
"""Depth of the space between a door and the screen before it: no place for a box to block the door
from outside."""
DOOR_OFFSET_M = (0.06, 0.14)
"""Of the doors from the middle of the chamber, so that they count as passages of their own."""


@dataclass(frozen=True)
class Airlock:
    """Two rooms and a chamber between them; its width is that of a corridor."""

    settings: GeneratorSettings

    def draw(self, rng: np.random.Generator) -> Layout:
        """See `namo.scenes.generator.layouts.layout.LayoutFamily`."""
        settings, plan = self.settings, FloorPlan(self.settings)
        left, right = drawn(rng, settings.room_side_m), drawn(rng, settings.room_side_m)
        height = max(drawn(rng, settings.room_side_m), 3.0)
        width = drawn(rng, settings.corridor_width_m)
        length = drawn(rng, CHAMBER_LENGTH_M)
        thickness, half = settings.wall_thickness_m, plan.half_thickness
        plan.outer(left + length + right + 2 * thickness, height)
        low = drawn(rng, (0.8, height - width - 0.8))
        start, end = left + thickness, left + thickness + length
        plan.block(left, 0.0, end + thickness, low)
        plan.block(left, low + width, end + thickness, height)
        before = VESTIBULE_M + half
        for x, screen in (
            (start - half, left - before),
            (end + half, end + thickness + before),
        ):
            offset = drawn(rng, DOOR_OFFSET_M) * (1 if rng.integers(2) else -1)
            middle = low + width / 2 + offset
            plan.along_y(x, low, low + width, ((middle, drawn(rng, settings.door_width_m)),))
            plan.along_y(screen, low - 0.1, low + width + 0.1)
        return plan.layout("airlock")
