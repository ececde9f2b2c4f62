"""States of a search as SVG: what moved, and the floor that the robot reaches there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from markupsafe import Markup

from namo.reporting.scene_shapes import SceneShapes, corners_of, pose_differences
from namo.reporting.svg_shapes import circle, drawing, movable, path_data, room, view_of, visible
from namo.results.record_types import SceneColumns
from namo.world.push_skill import MOVED_M, MOVED_RAD

TOLERANCE_M = 0.01
"""Largest deviation of the drawn border of the reached floor."""


class StateDrawings:
    """Draws states of one scene. The walls are in the first drawing, the others refer to it."""

    def __init__(self, scene: SceneColumns, shapes: SceneShapes, name: str) -> None:
        """Take what all drawings share.

        Args:
            scene: row of the scenes table.
            shapes: of the scene.
            name: unique in the page.
        """
        self._scene, self._shapes, self._name = scene, shapes, name
        self._starts = np.array(scene["poses"], np.float64).reshape(-1, 3)
        self._walls = [corners_of(wall) for wall in scene["walls"]]
        self._low, self._high = view_of(scene, self._starts, shapes.outlines, self._walls)
        self._is_first = True

    def draw(self, poses: Sequence[float], label: str) -> Markup:
        """Return the drawing of a state.

        Args:
            poses: of the robot and of all movables, as in the pushes table.
            label: description for screen readers.
        """
        goal_x, goal_y, goal_radius = self._scene["goal"]
        radius, goal_radius = (
            visible(each, self._low, self._high) for each in (self._shapes.radius, goal_radius)
        )
        outlines = self._shapes.outlines
        movables = np.array(poses[3:], np.float64).reshape(-1, 3)
        apart = pose_differences(movables, self._starts)
        moved = apart > 2.0 * np.array([MOVED_M, MOVED_M, MOVED_RAD])
        body = [
            self._background(),
            f'<path class="reach" d="{_reached(self._shapes, poses)}"/>',
            *(
                movable("ghost", start, outlines[place])
                for place, start in enumerate(self._starts)
                if moved[place].any()
            ),
            *(
                movable("movable", pose, outline)
                for pose, outline in zip(movables, outlines, strict=True)
            ),
            circle("goal", goal_x, goal_y, goal_radius),
            f'<g class="robot">{circle("", poses[0], poses[1], radius)}</g>',
        ]
        return drawing(self._low, self._high, "".join(body), "", label)

    def _background(self) -> str:
        name = f"walls-{self._name}"
        if not self._is_first:
            return f'<use href="#{name}"/>'
        self._is_first = False
        return f'<g id="{name}">{room(self._low, self._high, self._walls)}</g>'


def _reached(shapes: SceneShapes, poses: Sequence[float]) -> str:
    """Return path data of the floor that the robot reaches, with its holes."""
    floor = shapely.simplify(shapes.reached(poses), TOLERANCE_M)
    rings = [
        ring
        for part in shapely.get_parts(floor)
        if not part.is_empty
        for ring in (part.exterior, *part.interiors)
    ]
    return path_data([shapely.get_coordinates(ring)[:-1] for ring in rings])
