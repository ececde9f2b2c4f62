"""A layout with everything that all scenes in it share, computed once."""

from __future__ import annotations

from functools import cached_property

from namo.geometry import Floats
from namo.scenes.generator.layouts.layout import Layout
from namo.scenes.generator.passages import Passage, find_passages
from namo.scenes.grid import Grid, inflated
from namo.scenes.regions import blocked_cells, regions_of
from namo.scenes.scene import Robot

ROBOT = Robot(0.0, 0.0)
"""The robot of every generated scene, but for its position."""


class PreparedLayout:
    """A layout with what is worth computing once for all scenes in it.

    Attributes:
        layout: the walls.
        grid: over them.
        walls: mask of the cells in which the robot would touch a wall.
        regions: without boxes.
        open_floor: number of the largest of them; a part that walls close off is no place for
            anything.
    """

    def __init__(self, layout: Layout, widest_passage: float) -> None:
        """Draw the walls.

        Args:
            layout: the walls.
            widest_passage: what still counts as a narrow place (m).
        """
        self.layout = layout
        self._widest = widest_passage
        self.grid = Grid.over(layout.bounds)
        self.walls = blocked_cells(self.grid, layout.walls, ROBOT.radius)
        self.regions = regions_of(self.grid, self.walls)
        self.open_floor = int(self.regions.cells.argmax())

    @property
    def closed_off_m2(self) -> float:
        """Floor that walls keep the robot from, wherever it starts (m²)."""
        areas = self.regions.areas
        return float(areas.sum() - areas[self.open_floor])

    @cached_property
    def wall_pieces(self) -> list[Floats]:
        """Convex outlines (n, 2) of all walls in the world (m)."""
        return [piece for wall in self.layout.walls for piece in wall.pieces()]

    @cached_property
    def passages(self) -> list[Passage]:
        """Narrow places that the robot can get to."""
        solid = self.grid.blank()
        for wall in self.layout.walls:
            self.grid.fill(solid, wall.pose, inflated(wall.footprint, 0.0))
        return [
            passage
            for passage in find_passages(self.grid, solid, self._widest)
            if (self.regions.at(passage.middles) == self.open_floor).any()
        ]
