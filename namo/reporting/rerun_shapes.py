"""Shapes of a scene for the rerun viewer: outlines, discs and arrows, world frame (m)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import rerun as rr
import shapely

from namo.geometry import Floats, Pose2D
from namo.reporting.scene_shapes import corners_of, straight_way
from namo.results.record_types import SceneColumns
from namo.scenes.palette import GOAL, MOVABLE, MOVABLE_EDGE, ROBOT, WALL

THIN_M, MEDIUM_M, THICK_M = 0.006, 0.015, 0.03
"""Half the widths of lines."""
_ANGLES = np.linspace(0.0, 2.0 * np.pi, 49)


class RerunShapes:
    """Draws bodies of one scene, as a row of the scenes table describes it."""

    def __init__(self, scene: SceneColumns) -> None:
        """Take the geometry from a row of the scenes table."""
        self._scene = scene
        self._radius = scene["robot"][2]
        self._outlines = [corners_of(outline) for outline in scene["outlines"]]

    def walls(self) -> rr.LineStrips2D:
        """Return the outlines of all walls; those that touch have one."""
        solids = [
            shapely.make_valid(shapely.Polygon(corners_of(wall))) for wall in self._scene["walls"]
        ]
        borders = shapely.get_parts(shapely.boundary(shapely.union_all(solids)))
        return lines([shapely.get_coordinates(border) for border in borders], WALL, MEDIUM_M)

    def goal(self) -> rr.LineStrips2D:
        """Return the circle around the robot's goal."""
        x, y, radius = self._scene["goal"]
        circle = np.stack([x + radius * np.cos(_ANGLES), y + radius * np.sin(_ANGLES)], axis=1)
        return lines([circle], GOAL, MEDIUM_M)

    def open_goal(self, *, is_open: bool) -> rr.Points2D:
        """Return a disc on the robot's goal if that is reachable, else nothing."""
        x, y, radius = self._scene["goal"]
        return rr.Points2D([(x, y)] if is_open else [], radii=radius, colors=colour(GOAL))

    def robot(self, position: Sequence[float] | Floats) -> rr.Points2D:
        """Return the robot.

        Args:
            position: (2,) x, y of its centre (m).
        """
        return rr.Points2D([position], radii=self._radius, colors=colour(ROBOT))

    def movables(self, poses: Floats, pushed: int | None = None) -> rr.LineStrips2D:
        """Return the outlines of all movables.

        Args:
            poses: (movables, 3) x, y, theta (m, m, rad).
            pushed: place of the one to highlight; None for none.
        """
        is_pushed = np.arange(len(poses)) == (-1 if pushed is None else pushed)
        return rr.LineStrips2D(
            [self._outline(place, pose) for place, pose in enumerate(poses)],
            colors=[colour(MOVABLE if each else MOVABLE_EDGE) for each in is_pushed],
            radii=[THICK_M if each else MEDIUM_M for each in is_pushed],
        )

    def some_movables(
        self, poses: Floats, places: Sequence[int], name: str, width_m: float = THIN_M
    ) -> rr.LineStrips2D:
        """Return the outlines of some movables.

        Args:
            poses: (movables, 3) of all (m, m, rad).
            places: in file order, of those to draw.
            name: of their colour.
            width_m: half the width of lines.
        """
        return lines([self._outline(place, poses[place]) for place in places], name, width_m)

    def request(self, row: Mapping[str, Any], poses: Floats, name: str) -> rr.Arrows2D:
        """Return what a push asks for as an arrow.

        That of a straight push leads from its contact point along its way, that of a push to a pose
        from where the movable is to where it shall be.

        Args:
            row: of the pushes or plans table.
            poses: (movables, 3) before the push (m, m, rad).
            name: of its colour.
        """
        pushed = row["object_names"].index(row["object_id"])
        pose, way = poses[pushed], None
        if row["contact"] is not None:
            outline = self._outlines[pushed]
            way = straight_way(outline, self._radius, pose, row["contact"], row["travel"])
        start, end = [pose[:2], (row["goal_x"], row["goal_y"])] if way is None else way
        return rr.Arrows2D(
            origins=[start],
            vectors=[np.subtract(end, start)],
            colors=colour(name),
            radii=MEDIUM_M,
        )

    def _outline(self, place: int, pose: Sequence[float] | Floats) -> Floats:
        """Return the closed outline of a movable at a pose (corners + 1, 2)."""
        corners = Pose2D(*pose).to_world(self._outlines[place])
        return np.concatenate([corners, corners[:1]])


def lines(strips: Sequence[Floats], name: str, width_m: float) -> rr.LineStrips2D:
    """Return lines.

    Args:
        strips: points (n, 2) of each (m).
        name: of their colour.
        width_m: half their width.
    """
    return rr.LineStrips2D(strips, colors=colour(name), radii=width_m)


def colour(name: str) -> tuple[int, int, int]:
    """Return red, green and blue, 0 to 255, of a colour of the palette."""
    red, green, blue = bytes.fromhex(name.removeprefix("#"))
    return red, green, blue
