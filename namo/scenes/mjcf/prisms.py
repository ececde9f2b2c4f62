"""Polygons as mesh prisms in scene files, written and read without loss of precision.

A body whose solid geoms are all meshes is one wall or movable. Each mesh is a convex piece of its
footprint, defined by `vertex` alone: the corners at the bottom, then the same corners at the top,
in the body's frame. MuJoCo stores meshes in single precision and in a frame of its own, so corners
are read from the text, and the compiled model is checked against them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import mujoco
import numpy as np

from namo.errors import SceneError
from namo.geometry import Floats
from namo.scenes.convex import Point, joined
from namo.scenes.footprint import Polygon
from namo.scenes.mjcf.limits import MAX_PRISM_CORNERS
from namo.scenes.safe_xml import XmlElement

SINGLE_PRECISION_M = 1e-4
"""Maximum distance of a compiled corner from its position in the text."""

RULE = (
    'a mesh is the prism of a convex piece: vertex="x y z ..." with the corners counter-clockwise '
    "at the bottom and then the same at the top, in the body's frame, and no other attribute"
)


@dataclass(frozen=True)
class Prism:
    """A convex piece of a footprint.

    Attributes:
        corners: counter-clockwise, in the body's frame (m).
        bottom: z of its lower end in the body's frame (m).
        top: z of its upper end in the body's frame (m).
    """

    corners: tuple[Point, ...]
    bottom: float
    top: float

    def vertices(self) -> list[float]:
        """Return the values of the mesh's `vertex`: x, y, z of each corner, bottom first (m)."""
        return [v for z in (self.bottom, self.top) for x, y in self.corners for v in (x, y, z)]


def prisms_of(
    elements: Iterable[XmlElement], solid: Collection[str], source: str
) -> dict[str, Prism]:
    """Return the meshes of walls and movables by name.

    Args:
        elements: of the file.
        solid: names of the meshes that collide; others may have any shape.
        source: what messages call the file.

    Raises:
        SceneError: a mesh that collides is not the prism of a convex piece.
    """
    prisms: dict[str, Prism] = {}
    if not solid:
        return prisms
    for element in elements:
        if element.path == "mujoco/asset/mesh":
            if (name := element.attributes.get("name", "")) in solid:
                prisms[name] = _prism(element, source)
        elif element.path.startswith("mujoco/default") and element.path.endswith("/mesh"):
            raise SceneError(f"{source}: line {element.line}: defaults for meshes; {RULE}")
    return prisms


def _prism(element: XmlElement, source: str) -> Prism:
    where = f"{source}: line {element.line}: mesh '{element.attributes.get('name', '')}'"
    if set(element.attributes) != {"name", "vertex"}:
        raise SceneError(f"{where} has {', '.join(element.attributes)}; {RULE}")
    try:
        numbers = [float(number) for number in element.attributes["vertex"].split()]
        corners = np.array(numbers).reshape(2, -1, 3)
    except ValueError:
        raise SceneError(f"{where}: not two rows of x y z; {RULE}") from None
    if len(corners[0]) > MAX_PRISM_CORNERS:
        raise SceneError(
            f"{where} has {len(corners[0])} corners; at most {MAX_PRISM_CORNERS} are allowed"
        )
    (bottom, top), (low, high) = corners[..., 2].min(axis=1), corners[..., 2].max(axis=1)
    if (
        len(corners[0]) < 3
        or (corners[0, :, :2] != corners[1, :, :2]).any()
        or bottom != low
        or top != high
        or not bottom < top
        or not _is_convex(corners[0, :, :2])
    ):
        raise SceneError(f"{where}: {RULE}")
    points = corners[0, :, :2].tolist()
    return Prism(tuple((x, y) for x, y in points), float(bottom), float(top))


def _is_convex(corners: Floats) -> bool:
    edges = np.roll(corners, -1, axis=0) - corners
    after = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * after[:, 1] - edges[:, 1] * after[:, 0]
    return bool((turns >= -1e-9 * np.abs(edges).max() ** 2).all() and turns.max() > 0.0)


def footprint_of_body(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    body: int,
    geoms: Iterable[int],
    prisms: Mapping[str, Prism],
    label: str,
) -> tuple[Polygon, float, float]:
    """Return the footprint of a body made of meshes.

    Args:
        model: the compiled scene.
        data: with world poses computed.
        body: id of the body.
        geoms: its solid geoms, all of them meshes.
        prisms: of the file, by mesh name.
        label: what messages call the body.

    Returns:
        The footprint in the body's frame; z of its bottom and top in that frame (m).

    Raises:
        SceneError: the pieces differ in height or do not share whole edges, or a geom displaces its
            mesh.
    """
    pieces = []
    for geom in geoms:
        mesh = int(model.geom_dataid[geom])
        name = mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_MESH, mesh) or ""
        piece = prisms[name]
        pieces.append(piece)
        _check_position(model, data, body, geom, piece, f"{label}, mesh '{name}'")
    heights = {(piece.bottom, piece.top) for piece in pieces}
    if len(heights) != 1:
        raise SceneError(f"{label}: its meshes differ in height; a solid is one upright prism")
    try:
        footprint = Polygon(joined([piece.corners for piece in pieces]))
    except SceneError as error:
        raise SceneError(f"{label}: {error}") from None
    return footprint, *heights.pop()


def _check_position(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    body: int,
    geom: int,
    piece: Prism,
    label: str,
) -> None:
    """Make sure that the compiled mesh is at the corners of its text, in the body's frame."""
    mesh = int(model.geom_dataid[geom])
    first, count = int(model.mesh_vertadr[mesh]), int(model.mesh_vertnum[mesh])
    compiled = model.mesh_vert[first : first + count] @ data.geom_xmat[geom].reshape(3, 3).T
    in_body = (compiled + data.geom_xpos[geom] - data.xpos[body]) @ data.xmat[body].reshape(3, 3)
    written = np.array(piece.vertices()).reshape(-1, 3)
    tolerance = SINGLE_PRECISION_M * max(1.0, float(np.abs(written).max()))
    for one, other in ((in_body, written), (written, in_body)):
        nearest = np.linalg.norm(one[:, None] - other[None], axis=-1).min(axis=1)
        if nearest.max() > tolerance:
            raise SceneError(
                f"{label}: its geom displaces a corner by {nearest.max():.3g} m; {RULE}; "
                "its geom has no pos, euler or other transform"
            )
