"""SVG files: what they draw, as outlines in user units. Paths are understood by `svgelements`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
import shapely
import svgelements

from namo.errors import SceneError
from namo.geometry import Floats
from namo.scenes.safe_xml import xml_elements

MAX_COORDINATE = 1e9

DRAWN = frozenset({"path", "rect", "circle", "ellipse", "polygon"})
"""Tags that have an outline."""

_CONTAINERS = frozenset({"svg", "g", "a", "switch"})
_OTHER_DRAWN = frozenset({"image", "use", "text", "line", "polyline", "foreignObject"})
_PATH_DATA = re.compile(r"[MmLlHhVvCcSsQqTtAaZz0-9eE+\-.,\s]*")
_TRANSFORM = re.compile(
    r"\s*((matrix|translate|scale|rotate|skewX|skewY)\s*\([^()a-df-zA-Z]*\)[\s,]*)*"
)
_NUMBER = re.compile(r"\s*([-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?)\s*(px)?\s*")
_CURVE_GUESS_POINTS = 8
_MAX_CURVE_POINTS = 200


@dataclass(frozen=True)
class Drawn:
    """One element that draws something.

    Attributes:
        tag: without namespace.
        identifier: its `id`, or empty.
        attributes: as written, namespaces as `{uri}name`.
        groups: attributes of the groups around it, outermost first.
        matrix: (3, 3) from its own coordinates to user units.
    """

    tag: str
    identifier: str
    attributes: Mapping[str, str]
    groups: tuple[Mapping[str, str], ...]
    matrix: Floats

    def is_in(self, identifier: str) -> bool:
        """Return whether a group of that `id` is around it."""
        return any(group.get("id") == identifier for group in self.groups)

    @property
    def label(self) -> str:
        """How messages call it."""
        return self.identifier or f"{self.tag} without id"


@dataclass(frozen=True)
class Picture:
    """An SVG document.

    Attributes:
        root: its root element.
        view_box: x, y, width and height of what is shown, in user units.
        drawn: in document order.
    """

    root: ElementTree.Element
    view_box: tuple[float, float, float, float]
    drawn: tuple[Drawn, ...]


def local_name(name: str) -> str:
    """Return the name of a tag or attribute without its namespace."""
    return name.rpartition("}")[2]


def parse_svg(text: str) -> Picture:
    """Return what an SVG file draws.

    Raises:
        SceneError: not well-formed, a document type or entity declaration, a root other than `svg`,
            elements nested too deep, no size, or a nested `svg`.
    """
    xml_elements(text, "svg")  # refuses what the line below must not see
    root = ElementTree.fromstring(text)  # noqa: S314 - refused whatever defines entities
    return Picture(root, _view_box(root), tuple(_drawn(root, (), np.eye(3))))


def _view_box(root: ElementTree.Element) -> tuple[float, float, float, float]:
    written = root.get("viewBox", "")
    numbers = written.replace(",", " ").split()
    if not numbers and root.get("width") and root.get("height"):
        numbers = ["0", "0", root.get("width", ""), root.get("height", "")]
    if len(numbers) != 4:
        raise SceneError(f"viewBox '{written}'; it must be four numbers")
    x, y, width, height = (_number(number, "viewBox") for number in numbers)
    if width <= 0.0 or height <= 0.0:
        raise SceneError(f"viewBox '{written}'; width and height must be positive")
    return x, y, width, height


def _number(text: str, what: str) -> float:
    match = _NUMBER.fullmatch(text)
    if not match or not math.isfinite(float(match[1])):
        raise SceneError(f"{what}: '{text}' is no finite number of user units")
    return float(match[1])


def _drawn(
    parent: ElementTree.Element, groups: tuple[Mapping[str, str], ...], matrix: Floats
) -> Iterator[Drawn]:
    """Yield what an element holds, without definitions and metadata, which draw nothing."""
    for element in parent:
        if not isinstance(element.tag, str):
            continue
        tag = local_name(element.tag)
        if tag == "svg":
            raise SceneError(f"svg '{element.get('id', '')}' inside another; not supported")
        if tag in DRAWN | _OTHER_DRAWN | _CONTAINERS:
            own = matrix @ _transform(element.get("transform", ""))
            attributes = element.attrib
            if tag in _CONTAINERS:
                yield from _drawn(element, (*groups, attributes), own)
            else:
                yield Drawn(tag, element.get("id", ""), attributes, groups, own)


def _transform(text: str) -> Floats:
    if not _TRANSFORM.fullmatch(text):
        raise SceneError(f"transform '{text[:80]}' is not understood")
    try:
        m = svgelements.Matrix(text)
    except (ValueError, IndexError) as error:
        raise SceneError(f"transform '{text[:80]}' is not understood") from error
    matrix = np.array([[m.a, m.c, m.e], [m.b, m.d, m.f], [0.0, 0.0, 1.0]], dtype=float)
    if not np.abs(matrix).max() <= MAX_COORDINATE:
        raise SceneError(f"transform '{text[:80]}' is not finite or beyond {MAX_COORDINATE:g}")
    return matrix


def area_of(drawn: Drawn, tolerance: float) -> tuple[list[shapely.Polygon], bool]:
    """Return the area inside the outlines of an element, each part valid.

    Outlines are closed, and filled by the even-odd rule: one inside another is a hole.

    Args:
        drawn: one of `DRAWN`.
        tolerance: how far from a curve its outline may be (user units).

    Returns:
        The parts, perhaps with holes, and whether an outline crosses itself.

    Raises:
        SceneError: its data is not understood or not finite, or it encloses nothing.
    """
    area: shapely.Geometry = shapely.Polygon()
    repaired = False
    for outline in _outlines(drawn, tolerance):
        if not np.isfinite(outline).all() or np.abs(outline).max(initial=0.0) > MAX_COORDINATE:
            raise SceneError(
                f"'{drawn.label}': a corner is not finite or beyond {MAX_COORDINATE:g}"
            )
        corners = np.column_stack([outline, np.ones(len(outline))]) @ drawn.matrix[:2].T
        if len(np.unique(corners, axis=0)) < 3:
            continue
        outlined = shapely.Polygon(corners)
        valid = shapely.make_valid(outlined)
        # Specks and spikes of rounding enclose nothing; only a real crossing is worth a word.
        repaired = repaired or abs(valid.area - outlined.area) > tolerance**2
        area = shapely.symmetric_difference(area, valid)
    parts = [
        part
        for part in shapely.get_parts(area).tolist()
        if isinstance(part, shapely.Polygon) and part.area > tolerance**2
    ]
    if not parts:
        raise SceneError(f"'{drawn.label}': encloses no area")
    return parts, repaired


def _outlines(drawn: Drawn, tolerance: float) -> list[Floats]:
    """Return the closed outlines of an element, (n, 2) each, in its own coordinates."""

    def value(name: str) -> float:
        return _number(drawn.attributes.get(name, "0"), f"'{drawn.label}' {name}")

    if drawn.tag == "rect":
        if value("rx") or value("ry"):
            raise SceneError(f"'{drawn.label}': a rect with round corners; make a path of it")
        x, y, width, height = map(value, ("x", "y", "width", "height"))
        corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
        return [np.array(corners)]
    if drawn.tag in ("circle", "ellipse"):
        radii = (value("r"), value("r")) if drawn.tag == "circle" else (value("rx"), value("ry"))
        count = _curve_points(2.0 * math.pi * max(map(abs, radii)), tolerance)
        angles = np.arange(4 * count) * (math.pi / (2 * count))
        circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        return [circle * radii + (value("cx"), value("cy"))]
    if drawn.tag == "polygon":
        numbers = drawn.attributes.get("points", "").replace(",", " ").split()
        points = [_number(number, f"'{drawn.label}' points") for number in numbers]
        if len(points) % 2:
            raise SceneError(f"'{drawn.label}': an odd number of coordinates")
        return [np.array(points).reshape(-1, 2)]
    return list(_path_outlines(drawn, tolerance))


def _path_outlines(drawn: Drawn, tolerance: float) -> Iterable[Floats]:
    data = drawn.attributes.get("d", "")
    try:
        path = svgelements.Path(data) if _PATH_DATA.fullmatch(data) else None
    except ValueError:
        path = None
    if path is None:
        raise SceneError(f"'{drawn.label}': path data '{data[:60]}' is not understood")
    for subpath in path.as_subpaths():
        points: list[tuple[float, float]] = []
        for segment in subpath:
            if segment.end is None:
                continue
            if not isinstance(segment, svgelements.Move | svgelements.Line | svgelements.Close):
                points.extend(_along_curve(segment, tolerance))
            points.append((segment.end.x, segment.end.y))
        yield np.array(points).reshape(-1, 2)


def _along_curve(segment: svgelements.PathSegment, tolerance: float) -> list[tuple[float, float]]:
    """Return points between the ends of a curve, near enough for straight lines between them."""

    def between(count: int) -> list[tuple[float, float]]:
        points = [segment.point(step / count) for step in range(1, count)]
        return [(point.x, point.y) for point in points]

    guess = np.array(between(_CURVE_GUESS_POINTS))
    length = float(np.hypot(*np.diff(guess, axis=0).T).sum())
    return between(_curve_points(length, tolerance)) if math.isfinite(length) else []


def _curve_points(length: float, tolerance: float) -> int:
    """Return in how many pieces to cut a curve that turns by half a circle at most.

    A chord across an angle a of a circle of radius r stays within r a² / 8 of it.
    """
    needed = math.ceil(math.sqrt(math.pi * length / (8.0 * tolerance)))
    return min(max(needed, 2), _MAX_CURVE_POINTS)
