"""Polygons as mesh prisms in scene files, written and read without loss of precision.

Each mesh is a convex piece of the footprint of its body, defined by `vertex` alone: the corners at
the bottom, then the same corners at the top, in the body's frame. MuJoCo stores meshes in single
precision and in a frame of its own, so corners are read from the text, and
`namo.scenes.mjcf.pieces` checks the compiled model against them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from namo.errors import SceneError
from namo.geometry import Floats
from namo.scenes.convex import Point
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
