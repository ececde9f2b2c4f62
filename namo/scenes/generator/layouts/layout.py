"""`Layout`: the walls of a floor plan, with an ID that is invariant to rotation and reflection.

A family makes walls, doors and openings only. Where boxes can block the way is derived from the
walls (`namo.scenes.generator.passages`), so that templates are populated like any other layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.footprint import Rectangle
from namo.scenes.generator.settings import GeneratorSettings, Interval
from namo.scenes.importers.importer import scaled_solid
from namo.scenes.layout_id import layout_id_of
from namo.scenes.scene import Bounds, Wall

WALL_HALF_HEIGHT_M = 0.3

Door = tuple[float, float]
"""Centre of an opening along its wall, and width of the opening (m)."""


@dataclass(frozen=True)
class Layout:
    """The walls of a floor plan.

    Attributes:
        family: that drew it.
        walls: all of them, the outer ones included.
    """

    family: str
    walls: tuple[Wall, ...]

    @cached_property
    def bounds(self) -> Bounds:
        """Bounding rectangle of all walls (m)."""
        corners = np.concatenate([wall.corners() for wall in self.walls])
        (x_min, y_min), (x_max, y_max) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        return Bounds(x_min, y_min, x_max, y_max)

    @cached_property
    def layout_id(self) -> str:
        """ID that turning, mirroring and moving the walls does not change."""
        return layout_id_of(self.walls)


def scaled_layout(layout: Layout, factor: float) -> Layout:
    """Return a layout with all lengths scaled, the heights of its walls included."""
    walls = tuple(scaled_solid(wall, factor) for wall in layout.walls)
    return layout if factor == 1.0 else Layout(layout.family, walls)


class LayoutFamily(Protocol):
    """Draws layouts of one kind."""

    def __init__(self, settings: GeneratorSettings) -> None:
        """Prepare to draw.

        Raises:
            UsageError: the settings are invalid for the family.
        """

    def draw(self, rng: np.random.Generator) -> Layout:
        """Return a layout; the same random numbers give the same one.

        Raises:
            SceneError: these random numbers give no layout; the part before a colon is the reason.
        """


class FloorPlan:
    """Collects the walls of a layout: axis-aligned, with gaps for doors.

    Lengths and positions are in metres and rounded to millimetres in the end, so that files hold
    round numbers.

    Attributes:
        settings: of the generator.
        half_thickness: of all walls (m).
    """

    def __init__(self, settings: GeneratorSettings) -> None:
        self.settings = settings
        self.half_thickness = settings.wall_thickness_m / 2
        self._rows: list[tuple[float, float, float, float]] = []  # x, y, half_x, half_y

    def outer(self, width: float, height: float) -> None:
        """Add four walls around a room of this inner size (m), its lower left corner at (0, 0)."""
        t = self.half_thickness
        for x in (-t, width + t):
            self._add(x, height / 2, t, height / 2 + 2 * t)
        for y in (-t, height + t):
            self._add(width / 2, y, width / 2, t)

    def along_x(self, y: float, start: float, end: float, doors: tuple[Door, ...] = ()) -> None:
        """Add a wall at `y` from x = `start` to `end` (m), with doors."""
        for low, high in _between(start, end, doors):
            self._add((low + high) / 2, y, (high - low) / 2, self.half_thickness)

    def along_y(self, x: float, start: float, end: float, doors: tuple[Door, ...] = ()) -> None:
        """Add a wall at `x` from y = `start` to `end` (m), with doors."""
        for low, high in _between(start, end, doors):
            self._add(x, (low + high) / 2, self.half_thickness, (high - low) / 2)

    def block(self, x_low: float, y_low: float, x_high: float, y_high: float) -> None:
        """Add a solid rectangle between two corners (m)."""
        self._add(
            (x_low + x_high) / 2, (y_low + y_high) / 2, (x_high - x_low) / 2, (y_high - y_low) / 2
        )

    def door(self, rng: np.random.Generator, start: float, end: float) -> Door:
        """Return a door at a random place in a wall from `start` to `end` (m), clear of its ends.

        Raises:
            SceneError: the wall is too short.
        """
        width = drawn(rng, self.settings.door_width_m)
        margin = width / 2 + 0.1
        if end - start <= 2 * margin:
            raise SceneError(f"no layout: a wall of {end - start:.2f} m has no place for its door")
        return drawn(rng, (start + margin, end - margin)), width

    def _add(self, x: float, y: float, half_x: float, half_y: float) -> None:
        if min(half_x, half_y) > 0.004:
            self._rows.append((x, y, half_x, half_y))

    def layout(self, family: str) -> Layout:
        """Return the layout, the centre of its bounding rectangle at the origin.

        Args:
            family: that drew the walls.
        """
        low = min(x - half for x, _, half, _ in self._rows), min(y - h for _, y, _, h in self._rows)
        high = (
            max(x + half for x, _, half, _ in self._rows),
            max(y + h for _, y, _, h in self._rows),
        )
        middle = (low[0] + high[0]) / 2, (low[1] + high[1]) / 2
        return Layout(
            family,
            tuple(
                Wall(
                    f"wall_{number}",
                    Pose2D(_millimetres(x - middle[0]), _millimetres(y - middle[1]), 0.0),
                    Rectangle(_millimetres(half_x), _millimetres(half_y)),
                    WALL_HALF_HEIGHT_M,
                    WALL_HALF_HEIGHT_M,
                )
                for number, (x, y, half_x, half_y) in enumerate(self._rows, start=1)
            ),
        )


def drawn(rng: np.random.Generator, interval: Interval, step: float = 0.02) -> float:
    """Return a multiple of `step` drawn uniformly from an interval, in its unit."""
    low, high = interval
    return min(max(round(round(float(rng.uniform(low, high)) / step) * step, 4), low), high)


def _millimetres(value: float) -> float:
    return round(value, 3) + 0.0  # no negative zeros in the file


def _between(start: float, end: float, doors: tuple[Door, ...]) -> list[tuple[float, float]]:
    """Return the segments of a wall between its doors."""
    segments, reached = [], start
    for middle, width in sorted(doors):
        segments.append((reached, middle - width / 2))
        reached = max(reached, middle + width / 2)
    return [(low, high) for low, high in (*segments, (reached, end)) if high > low]
