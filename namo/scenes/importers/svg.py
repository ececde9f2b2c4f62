"""SVG files: what they draw, as outlines in user units. Paths are understood by `svgelements`.

Only what a viewer shows is drawn. What is inside definitions, inside an element that is not known
or hidden (`display`, `visibility`) is unseen: kept apart, with the reason. CSS that moves or
reshapes anything is refused, as only `transform` attributes are understood.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
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

CONTAINERS = frozenset({"g", "a", "switch"})
"""Tags that show what is in them."""

OTHER_DRAWN = frozenset({"image", "use", "text", "line", "polyline", "foreignObject"})
"""Tags that draw something without an outline of its own."""

_PATH_DATA = re.compile(r"[MmLlHhVvCcSsQqTtAaZz0-9eE+\-.,\s]*")
_TRANSFORM = re.compile(
    r"\s*((matrix|translate|scale|rotate|skewX|skewY)\s*\([^()a-df-zA-Z]*\)[\s,]*)*"
)
_NUMBER = re.compile(r"\s*([-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?)\s*(px)?\s*")
_COMMENT = re.compile(r"/\*.*?(\*/|\Z)", re.DOTALL)
_MOVING = frozenset(
    {"transform", "transform-origin", "transform-box", "translate", "rotate", "scale", "zoom"}
    | {"offset", "offset-path"}
)
_RESHAPING = frozenset({"x", "y", "width", "height", "cx", "cy", "r", "rx", "ry", "d"})
_HIDING = {"display": ("none",), "visibility": ("hidden", "collapse")}
_CUTTING = ("clip-path", "mask")
_WITHOUT_EFFECT = frozenset({"", "none", "initial", "unset", "revert", "auto"})
_CURVE_GUESS_POINTS = 8
_MAX_CURVE_POINTS = 200


@dataclass(frozen=True)
class Drawn:
    """One element that draws something, or would if it were seen.

    Attributes:
        tag: without namespace.
        identifier: its `id`, or empty.
        attributes: as written, namespaces as `{uri}name`.
        groups: attributes of the elements around it, outermost first, without the root.
        matrix: (3, 3) from its own coordinates to user units; of no use where it is unseen.
        unseen: why a viewer does not show it, empty where it does.
    """

    tag: str
    identifier: str
    attributes: Mapping[str, str]
    groups: tuple[Mapping[str, str], ...]
    matrix: Floats
    unseen: str = ""

    @property
    def is_cut(self) -> bool:
        """Whether a clip path or mask on it or around it hides a part of it."""
        return any(
            css(attributes, name) not in _WITHOUT_EFFECT
            for attributes in (*self.groups, self.attributes)
            for name in _CUTTING
        )

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
        drawn: what a viewer shows, in document order.
        unseen: all other elements but containers, metadata and definitions among them.
    """

    root: ElementTree.Element
    view_box: tuple[float, float, float, float]
    drawn: tuple[Drawn, ...]
    unseen: tuple[Drawn, ...]


def local_name(name: str) -> str:
    """Return the name of a tag or attribute without its namespace."""
    return name.rpartition("}")[2]


def parse_svg(text: str) -> Picture:
    """Return what an SVG file draws.

    Raises:
        SceneError: not well-formed, a document type or entity declaration, a root other than `svg`,
            elements nested too deep, no size, a nested `svg`, or CSS that moves something.
    """
    xml_elements(text, "svg")  # refuses what the line below must not see
    root = ElementTree.fromstring(text)  # noqa: S314 - refused whatever defines entities
    view_box = _view_box(root)
    _refuse_style_sheets(root)
    if root.get("transform"):
        raise SceneError("transform of the root element; not supported, put it on a group")
    _refuse_moving_css(root.attrib, "svg")
    elements = list(_elements(root, _Around().inside(root.attrib, group=False)))
    drawn = tuple(element for element in elements if not element.unseen)
    return Picture(root, view_box, drawn, tuple(element for element in elements if element.unseen))


def css(attributes: Mapping[str, str], name: str) -> str:
    """Return a CSS property of an element: from its `style`, else its attribute, else empty."""
    declared = dict(_declarations(attributes.get("style", "")))
    return declared.get(name, attributes.get(name, "").strip().lower())


def _declarations(text: str) -> Iterator[tuple[str, str]]:
    for declaration in re.split("[;{}]", _COMMENT.sub(" ", text)):
        name, colon, value = declaration.lower().partition(":")
        if colon:
            name = re.sub(r"^-(webkit|moz|ms|o)-", "", name.strip())
            yield name, value.replace("!important", "").strip()


def _refuse_style_sheets(root: ElementTree.Element) -> None:
    """Raise where a style sheet does more than paint: whom it would move or hide is not known."""
    for sheet in root.iterfind(".//{*}style"):
        for name, value in _declarations("".join(sheet.itertext())):
            changes = name in _MOVING | _RESHAPING and value not in _WITHOUT_EFFECT
            if changes or value in _HIDING.get(name, ()):
                raise SceneError(
                    f"style sheet with '{name}: {value[:60]}'; write it at the elements themselves"
                )


def _refuse_moving_css(attributes: Mapping[str, str], tag: str) -> None:
    """Raise where an element is moved, or its outline changed, by other than its attributes."""
    label = attributes.get("id", "") or f"{tag} without id"
    refused = _MOVING | _RESHAPING if tag in DRAWN else _MOVING
    for name, value in _declarations(attributes.get("style", "")):
        if name in refused and value not in _WITHOUT_EFFECT:
            raise SceneError(
                f"'{label}': style '{name}: {value[:60]}' is not understood; "
                f"write it as an attribute '{'transform' if name in _MOVING else name}'"
            )
    if attributes.get("transform-origin"):
        raise SceneError(f"'{label}': attribute transform-origin is not understood")


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


@dataclass(frozen=True)
class _Around:
    """What the elements around another one mean for it."""

    groups: tuple[Mapping[str, str], ...] = ()
    matrix: Floats = field(default_factory=lambda: np.eye(3))
    is_visible: bool = True
    unseen: str = ""

    def inside(self, attributes: Mapping[str, str], *, group: bool = True) -> _Around:
        """Return the same for what is inside one more element, its transform aside."""
        visibility = css(attributes, "visibility")
        is_visible = self.is_visible
        if visibility in (*_HIDING["visibility"], "visible"):
            is_visible = visibility == "visible"
        hidden = "hidden" if css(attributes, "display") in _HIDING["display"] else ""
        groups = (*self.groups, attributes) if group else self.groups
        return replace(self, groups=groups, is_visible=is_visible, unseen=self.unseen or hidden)


def _elements(parent: ElementTree.Element, around: _Around) -> Iterator[Drawn]:
    """Yield what an element holds, seen or not."""
    for element in parent:
        if not isinstance(element.tag, str):
            continue
        tag = local_name(element.tag)
        attributes = element.attrib
        draws = tag in DRAWN | OTHER_DRAWN
        here = around.inside(attributes)
        if not here.unseen and tag == "svg":
            raise SceneError(f"svg '{element.get('id', '')}' inside another; not supported")
        if not here.unseen and (draws or tag in CONTAINERS):
            _refuse_moving_css(attributes, tag)
            matrix = around.matrix @ _transform(element.get("transform", ""))
            here = replace(here, matrix=matrix)
        unseen = here.unseen or ("hidden" if draws and not here.is_visible else "")
        if not draws and tag not in CONTAINERS:
            unseen = unseen or "of a kind that draws nothing"
        if draws or unseen:
            identifier = element.get("id", "")
            yield Drawn(tag, identifier, attributes, around.groups, here.matrix, unseen)
        if tag not in CONTAINERS:
            # Only containers show their children; a shape's are its title or animation.
            here = replace(here, unseen=here.unseen or f"inside '{tag}'")
        yield from _elements(element, here)


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
