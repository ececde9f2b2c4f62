"""Mazes of square cells, with a fraction of their inner walls removed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namo.scenes.generator.layouts.layout import FloorPlan, Layout, drawn
from namo.scenes.generator.settings import GeneratorSettings

Cell = tuple[int, int]


@dataclass(frozen=True)
class Maze:
    """A perfect maze (depth-first with backtracking), some walls of which are removed for loops."""

    settings: GeneratorSettings

    def draw(self, rng: np.random.Generator) -> Layout:
        """See `namo.scenes.generator.layouts.layout.LayoutFamily`."""
        settings, plan = self.settings, FloorPlan(self.settings)
        columns, rows = (int(rng.integers(*settings.maze_cells, endpoint=True)) for _ in range(2))
        side = drawn(rng, settings.maze_cell_m)
        pitch = side + settings.wall_thickness_m
        walls = self._walls(rng, columns, rows)
        removed = round(drawn(rng, settings.maze_walls_removed) * len(walls))
        kept = sorted(walls[index] for index in rng.permutation(len(walls))[removed:])
        thickness = settings.wall_thickness_m
        plan.outer(columns * pitch - thickness, rows * pitch - thickness)
        half = plan.half_thickness
        for (column, row), (next_column, _) in kept:
            # From the middle of one wall post to the middle of the next.
            if next_column > column:
                x = next_column * pitch - half
                plan.along_y(x, row * pitch - half, (row + 1) * pitch - half)
            else:
                y = (row + 1) * pitch - half
                plan.along_x(y, column * pitch - half, (column + 1) * pitch - half)
        return plan.layout("maze")

    @staticmethod
    def _walls(rng: np.random.Generator, columns: int, rows: int) -> list[tuple[Cell, Cell]]:
        """Return the walls of a perfect maze, each as the pair of cells that it separates."""
        pairs = [
            ((column, row), (column + dx, row + dy))
            for column in range(columns)
            for row in range(rows)
            for dx, dy in ((1, 0), (0, 1))
            if column + dx < columns and row + dy < rows
        ]
        neighbours: dict[Cell, list[Cell]] = {}
        for first, second in pairs:
            neighbours.setdefault(first, []).append(second)
            neighbours.setdefault(second, []).append(first)
        path, seen, opened = [(0, 0)], {(0, 0)}, set()
        while path:
            around = [cell for cell in neighbours.get(path[-1], ()) if cell not in seen]
            if not around:
                path.pop()
                continue
            cell = around[int(rng.integers(len(around)))]
            opened.add(frozenset((path[-1], cell)))
            seen.add(cell)
            path.append(cell)
        return [pair for pair in pairs if frozenset(pair) not in opened]
