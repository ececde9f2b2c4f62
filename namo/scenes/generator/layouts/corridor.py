"""A corridor with rooms on both sides."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from namo.portable_math import total
from namo.scenes.generator.layouts.layout import FloorPlan, Layout, drawn
from namo.scenes.generator.settings import GeneratorSettings


@dataclass(frozen=True)
class Corridor:
    """A corridor along the whole length, with rooms above and below, each with a door to it."""

    settings: GeneratorSettings

    def draw(self, rng: np.random.Generator) -> Layout:
        """See `namo.scenes.generator.layouts.layout.LayoutFamily`."""
        settings, plan = self.settings, FloorPlan(self.settings)
        thickness = settings.wall_thickness_m
        low, high = settings.rooms
        below, above = (int(rng.integers(low // 2, high // 2, endpoint=True)) for _ in range(2))
        depths = [drawn(rng, settings.room_side_m) for _ in range(2)]
        width = drawn(rng, settings.corridor_width_m)
        longest = max(below, above)
        length = total(drawn(rng, settings.room_side_m) for _ in range(longest))
        length += (longest - 1) * thickness
        height = depths[0] + width + depths[1] + 2 * thickness
        plan.outer(length, height)
        lower = depths[0] + thickness / 2
        upper = lower + width + thickness
        for wall_y, count, start, end in (
            (lower, below, 0.0, depths[0]),
            (upper, above, height - depths[1], height),
        ):
            edges = self._edges(rng, length, count)
            sections = list(itertools.pairwise(edges))
            doors = tuple(plan.door(rng, a + thickness, b - thickness) for a, b in sections)
            plan.along_x(wall_y, 0.0, length, doors)
            for x in edges[1:-1]:
                plan.along_y(x, start, end)
        return plan.layout("corridor")

    @staticmethod
    def _edges(rng: np.random.Generator, length: float, count: int) -> list[float]:
        """Return the room boundaries along the corridor, roughly evenly spaced (m)."""
        shift = 0.15 * length / count
        inner = [length * k / count + drawn(rng, (-shift, shift)) for k in range(1, count)]
        return [0.0, *inner, length]
