"""The footprint of a body from its solid geoms, each of which is a convex piece of it.

The geoms of a movable, and the meshes of a fixed body, together are one polygon: their union. The
simulation has the geoms as they are in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import mujoco
import numpy as np

from namo.errors import SceneError
from namo.portable_math import matrix_product
from namo.scenes.footprint import Polygon
from namo.scenes.joining import joined, united
from namo.scenes.mjcf.prisms import RULE, SINGLE_PRECISION_M, Prism
from namo.scenes.mjcf.scene_model import MESH, SceneModel, box_axes

SAME_HEIGHT_M = 1e-6
"""Maximum difference between the heights of two pieces' ends."""


def footprint_of_body(
    scene: SceneModel, body: int, geoms: Sequence[int], prisms: Mapping[str, Prism]
) -> tuple[Polygon, float, float]:
    """Return the footprint of a body that consists of boxes and meshes.

    Args:
        scene: the compiled scene.
        body: id of the body; its frame is upright.
        geoms: its solid geoms.
        prisms: of the meshes, by mesh name.

    Returns:
        The footprint in the body's frame; z of its bottom and top in that frame (m).

    Raises:
        SceneError: a box is tilted, a geom displaces its mesh, the pieces differ in height, or
            their union is not one polygon without holes.
    """
    meshes = [int(scene.model.geom_type[geom]) == MESH for geom in geoms]
    pieces = [
        _mesh_piece(scene, body, geom, prisms) if is_mesh else _box_piece(scene, body, geom)
        for geom, is_mesh in zip(geoms, meshes, strict=True)
    ]
    names = [_piece_name(scene, body, geom) for geom in geoms]
    for name, piece in zip(names, pieces, strict=True):
        ends = piece.bottom - pieces[0].bottom, piece.top - pieces[0].top
        if max(map(abs, ends)) > SAME_HEIGHT_M:
            raise SceneError(
                f"{names[0]} and {name} differ in height, z = {pieces[0].bottom:.6g} to "
                f"{pieces[0].top:.6g} m and {piece.bottom:.6g} to {piece.top:.6g} m in the body's "
                "frame; a solid is one upright prism"
            )
    corners = [piece.corners for piece in pieces]
    outline = (all(meshes) and joined(corners)) or united(corners, names)
    return Polygon(outline), pieces[0].bottom, pieces[0].top


def _piece_name(scene: SceneModel, body: int, geom: int) -> str:
    """Return what messages about its body call a geom, which often has no name."""
    if name := scene.name(mujoco.mjtObj.mjOBJ_GEOM, geom):
        return f"geom '{name}'"
    own = int(scene.model.geom_bodyid[geom])
    number = geom - int(scene.model.body_geomadr[own]) + 1
    return f"geom {number}" if own == body else f"geom {number} of body '{scene.body_name(own)}'"


def _box_piece(scene: SceneModel, body: int, geom: int) -> Prism:
    frame = scene.data.xmat[body].reshape(3, 3)
    rotation = matrix_product(frame.T, scene.data.geom_xmat[geom].reshape(3, 3))
    offset = scene.data.geom_xpos[geom] - scene.data.xpos[body]
    centre = matrix_product(frame.T, offset[:, None]).ravel()
    if (axes := box_axes(rotation.ravel())) is None:
        raise SceneError(f"{_piece_name(scene, body, geom)} is tilted; a solid is upright")
    half_x, half_y, half_z = scene.model.geom_size[geom, list(axes)].tolist()
    along, across = rotation[:2, axes[0]] * half_x, rotation[:2, axes[1]] * half_y
    corners = [centre[:2] + a * along + b * across for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    if along[0] * across[1] < along[1] * across[0]:
        corners.reverse()
    z = float(centre[2])
    return Prism(tuple((float(x), float(y)) for x, y in corners), z - half_z, z + half_z)


def _mesh_piece(scene: SceneModel, body: int, geom: int, prisms: Mapping[str, Prism]) -> Prism:
    """Return the piece as its text has it, after comparing it with the compiled mesh."""
    mesh = int(scene.model.geom_dataid[geom])
    name = scene.name(mujoco.mjtObj.mjOBJ_MESH, mesh)
    piece = prisms[name]
    frame = scene.data.xmat[body].reshape(3, 3)
    in_body = matrix_product(scene.corners(geom) - scene.data.xpos[body], frame)
    written = np.array(piece.vertices()).reshape(-1, 3)
    tolerance = SINGLE_PRECISION_M * max(1.0, float(np.abs(written).max()))
    for one, other in ((in_body, written), (written, in_body)):
        nearest = np.linalg.norm(one[:, None] - other[None], axis=-1).min(axis=1)
        if nearest.max() > tolerance:
            raise SceneError(
                f"mesh '{name}': its geom displaces a corner by {nearest.max():.3g} m; {RULE}; "
                "its geom has no pos, euler or other transform"
            )
    return piece
