"""Rooms in a chain that turns back on itself, each connected to the next by a door."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from namo.scenes.generator.layouts.layout import FloorPlan, Layout, drawn
from namo.scenes.generator.settings import GeneratorSettings

Cell = tuple[int, int]


@dataclass(frozen=True)
class Winding:
    """Two rows of rooms of one size: a chain leads along one and back, or zigzags between them."""

    settings: GeneratorSettings

    def draw(self, rng: np.random.Generator) -> Layout:
        """See `namo.scenes.generator.layouts.layout.LayoutFamily`."""
        settings, plan = self.settings, FloorPlan(self.settings)
        columns = max(2, round(int(rng.integers(*settings.rooms, endpoint=True)) / 2))
        width, height = drawn(rng, settings.room_side_m), drawn(rng, settings.room_side_m)
        thickness, half = settings.wall_thickness_m, plan.half_thickness
        pitch_x, pitch_y = width + thickness, height + thickness
        plan.outer(columns * pitch_x - thickness, 2 * pitch_y - thickness)
        zigzags = bool(rng.integers(2))
        connected = {
            frozenset(pair) for pair in itertools.pairwise(_chain(columns, zigzags=zigzags))
        }
        for column in range(columns):
            x = column * pitch_x
            doors = (
                (plan.door(rng, x, x + width),)
                if frozenset(((column, 0), (column, 1))) in connected
                else ()
            )
            end = x + width + (thickness if column < columns - 1 else 0.0)
            plan.along_x(height + half, x, end, doors)
        for column, row in itertools.product(range(1, columns), range(2)):
            y = row * pitch_y
            is_open = frozenset(((column - 1, row), (column, row))) in connected
            doors = (plan.door(rng, y, y + height),) if is_open else ()
            plan.along_y(column * pitch_x - half, y, y + height, doors)
        return plan.layout("winding")


def _chain(columns: int, *, zigzags: bool) -> list[Cell]:
    """Return the rooms in the order of the chain, as (column, row)."""
    if zigzags:
        return [(column, (column + step) % 2) for column in range(columns) for step in range(2)]
    there = [(column, 0) for column in range(columns)]
    return there + [(column, 1) for column in reversed(range(columns))]
