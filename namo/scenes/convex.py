"""Decompose polygons into convex pieces, which `namo.scenes.joining` joins again.

Pieces have only corners of the polygon and share whole edges, so that joining them restores the
polygon exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import shapely

from namo.geometry import Floats

Point = tuple[float, float]
"""x, y; metres unless said otherwise."""


def convex_pieces(outline: Floats) -> list[list[int]]:
    """Return convex pieces as indices of corners, at most four times the minimum number.

    Triangulates, then removes every diagonal whose ends stay convex without it (Hertel and Mehlhorn
    1983), longest first.

    Args:
        outline: (n, 2) corners of a simple polygon, counter-clockwise (m).
    """
    index = {tuple(corner): position for position, corner in enumerate(outline.tolist())}
    triangles = shapely.get_parts(
        shapely.constrained_delaunay_triangles(shapely.Polygon(outline))
    ).tolist()
    pieces: dict[int, list[int]] = {}
    owner: dict[tuple[int, int], int] = {}
    for number, triangle in enumerate(triangles):
        ring = shapely.geometry.polygon.orient(triangle).exterior.coords[:3]
        pieces[number] = [index[corner] for corner in ring]
        owner.update(dict.fromkeys(_edges(pieces[number]), number))
    diagonals = [edge for edge in owner if edge[0] < edge[1] and edge[::-1] in owner]
    lengths = {edge: math.dist(outline[edge[0]], outline[edge[1]]) for edge in diagonals}
    for start, end in sorted(diagonals, key=lambda edge: (-lengths[edge], edge)):
        first, second = owner[start, end], owner[end, start]
        merged = _from(pieces[first], end) + _from(pieces[second], start)[1:-1]
        if all(_is_convex_at(outline, merged, corner) for corner in (start, end)):
            del pieces[second]
            pieces[first] = merged
            owner.update(dict.fromkeys(_edges(merged), first))
    return list(pieces.values())


def _edges(piece: list[int]) -> Iterable[tuple[int, int]]:
    return zip(piece, piece[1:] + piece[:1], strict=True)


def _from(piece: list[int], corner: int) -> list[int]:
    at = piece.index(corner)
    return piece[at:] + piece[:at]


def _is_convex_at(outline: Floats, piece: list[int], corner: int) -> bool:
    place = piece.index(corner)
    around = piece[place - 1], corner, piece[(place + 1) % len(piece)]
    return turn(*(tuple(outline[at].tolist()) for at in around)) >= 0.0


def turn(before: Point, at: Point, after: Point) -> float:
    """Return twice the area of the triangle, positive for a turn to the left (m²)."""
    (ax, ay), (bx, by), (cx, cy) = before, at, after
    return (bx - ax) * (cy - by) - (by - ay) * (cx - bx)


def pairs(points: list[Point]) -> Iterable[tuple[Point, Point]]:
    """Return each point of a closed polyline with its successor."""
    return zip(points, points[1:] + points[:1], strict=True)
