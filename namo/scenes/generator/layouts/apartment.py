"""Apartments: a rectangle divided recursively into rooms, with a door in every dividing wall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namo.scenes.generator.layouts.layout import FloorPlan, Layout, drawn
from namo.scenes.generator.settings import GeneratorSettings

SECOND_DOOR_FRACTION = 0.25


@dataclass(frozen=True)
class Apartment:
    """Rooms by binary space partitioning; the largest room is split until there are enough."""

    settings: GeneratorSettings

    def draw(self, rng: np.random.Generator) -> Layout:
        """See `namo.scenes.generator.layouts.layout.LayoutFamily`."""
        plan = FloorPlan(self.settings)
        count = int(rng.integers(*self.settings.rooms, endpoint=True))
        side = drawn(rng, self.settings.room_side_m)
        aspect = drawn(rng, (1.0, 1.4))
        width, height = round(side * aspect * count**0.5, 2), round(side * count**0.5 / aspect, 2)
        plan.outer(width, height)
        smallest = self.settings.room_side_m[0] / 2 + self.settings.wall_thickness_m
        rooms = [(0.0, 0.0, width, height)]
        while len(rooms) < count:
            rooms.sort(key=lambda room: -(room[2] - room[0]) * (room[3] - room[1]))
            x_low, y_low, x_high, y_high = rooms[0]
            across = x_high - x_low >= y_high - y_low
            start, end = (x_low, x_high) if across else (y_low, y_high)
            if end - start < 2 * smallest:
                break
            third = (end - start) / 3
            cut = drawn(
                rng, (max(start + third, start + smallest), min(end - third, end - smallest))
            )
            half = plan.half_thickness
            if across:
                plan.along_y(cut, y_low, y_high, self._doors(rng, plan, y_low, y_high))
                rooms[0:1] = [
                    (x_low, y_low, cut - half, y_high),
                    (cut + half, y_low, x_high, y_high),
                ]
            else:
                plan.along_x(cut, x_low, x_high, self._doors(rng, plan, x_low, x_high))
                rooms[0:1] = [
                    (x_low, y_low, x_high, cut - half),
                    (x_low, cut + half, x_high, y_high),
                ]
        return plan.layout("apartment")

    @staticmethod
    def _doors(
        rng: np.random.Generator, plan: FloorPlan, start: float, end: float
    ) -> tuple[tuple[float, float], ...]:
        """Return one door, or one in each half of a long wall."""
        middle = (start + end) / 2
        if rng.random() < SECOND_DOOR_FRACTION and end - start > 4 * plan.settings.door_width_m[1]:
            return plan.door(rng, start, middle), plan.door(rng, middle, end)
        return (plan.door(rng, start, end),)
