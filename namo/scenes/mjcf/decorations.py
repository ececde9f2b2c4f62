"""Tell the decorations of walls from walls that somebody forgot to let collide.

A geom that does not collide is ignored, also if its name is that of a wall: many files draw each
wall by a visual twin. One that stands on the floor where no wall does would be seen as a wall and
driven through; it is refused.
"""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry

from namo.scenes.checking import FLOOR_TOLERANCE_M
from namo.scenes.mjcf.scene_model import PLANE, SceneModel

NEAR_WALL_M = 0.05
"""Decorations may stick out of a wall so far."""
MAX_UNCOVERED_FRACTION = 0.1
"""Fraction of a decoration's outline that may be further from any wall."""


def refuse_false_walls(scene: SceneModel) -> None:
    """Make sure that what is a wall by name and stands on the floor collides, or decorates a wall.

    Raises:
        SceneError: names the geom that does neither.
    """
    suspects = [
        (geom, outline)
        for geom in range(scene.model.ngeom)
        if scene.carrier(geom) == 0
        and not scene.collides(geom)
        and scene.model.geom_type[geom] != PLANE
        and scene.wall_name(geom)
        and (outline := _outline_on_floor(scene, geom)) is not None
    ]
    if not suspects:
        return
    walls = [
        outline
        for solid in scene.wall_solids
        for geom in solid.geoms
        if (outline := _outline_on_floor(scene, geom)) is not None
    ]
    near = shapely.union_all(walls).buffer(NEAR_WALL_M, join_style="mitre")
    for geom, outline in suspects:
        uncovered = outline.difference(near).area / outline.area
        if uncovered > MAX_UNCOVERED_FRACTION:
            raise scene.error(
                f"{scene.geom_label(geom)} is a wall by name, stands on the floor but collides "
                f"with nothing, and {uncovered:.0%} of it is more than {NEAR_WALL_M:g} m from any "
                "wall; let it collide or rename it"
            )


def _outline_on_floor(scene: SceneModel, geom: int) -> BaseGeometry | None:
    """Return the convex outline of a geom from above; None if it is not on the floor.

    That of a round geom is that of its bounding box.
    """
    world = scene.corners(geom)
    low, high = world[:, 2].min(), world[:, 2].max()
    if low > FLOOR_TOLERANCE_M or high <= FLOOR_TOLERANCE_M:
        return None
    outline = shapely.MultiPoint(world[:, :2]).convex_hull
    return outline if outline.area > 0.0 else None
