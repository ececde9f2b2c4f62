"""What all scenes in a layout share, computed once: grid, free regions, passages."""

from __future__ import annotations

from functools import cached_property

from namo.geometry import Floats
from namo.scenes.generator.layouts.layout import Layout
from namo.scenes.generator.passages import Passage, find_passages
from namo.scenes.grid import Grid, inflated
from namo.scenes.regions import blocked_cells, regions_of


class PreparedLayout:
    """A layout and what is derived from it for all scenes in it.

    Attributes:
        layout: the walls.
        scale: factor of all lengths; the walls have it already.
        robot_radius: m.
        grid: over them.
        walls: mask of the cells in which the robot would touch a wall.
        regions: free regions without boxes.
        open_floor: label of the largest region; nothing is placed in the others.
    """

    def __init__(
        self, layout: Layout, scale: float, robot_radius: float, widest_passage: float
    ) -> None:
        """Rasterise the walls.

        Args:
            layout: the walls, scaled.
            scale: factor of the lengths of what is placed in it.
            robot_radius: m.
            widest_passage: maximum width of a passage (m).
        """
        self.layout, self.scale, self.robot_radius = layout, scale, robot_radius
        self._widest = widest_passage
        self.grid = Grid.over(layout.bounds)
        self.walls = blocked_cells(self.grid, layout.walls, robot_radius)
        self.regions = regions_of(self.grid, self.walls)
        self.open_floor = int(self.regions.cells.argmax())

    @property
    def closed_off_m2(self) -> float:
        """Free area outside the largest region, which walls make unreachable (m²)."""
        areas = self.regions.areas
        return float(areas.sum() - areas[self.open_floor])

    @cached_property
    def wall_pieces(self) -> list[Floats]:
        """Convex outlines (n, 2) of all walls in the world (m)."""
        return [piece for wall in self.layout.walls for piece in wall.pieces()]

    @cached_property
    def passages(self) -> list[Passage]:
        """Passages that the robot can reach."""
        solid = self.grid.blank()
        for wall in self.layout.walls:
            self.grid.fill(solid, wall.pose, inflated(wall.footprint, 0.0))
        return [
            passage
            for passage in find_passages(self.grid, solid, self._widest)
            if (self.regions.at(passage.middles) == self.open_floor).any()
        ]
