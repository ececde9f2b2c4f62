"""The visible and invisible elements of SVG files, with their transforms.

An element is visible if a viewer shows it. Those in definitions, inside an unknown element or
hidden (`display`, `visibility`) are invisible, and kept apart with the reason. CSS that moves or
reshapes an element is refused, since only `transform` attributes are evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from xml.etree import ElementTree

import numpy as np
import svgelements

from namo.errors import SceneError
from namo.geometry import Floats
from namo.portable_math import matrix_product
from namo.scenes.safe_xml import xml_elements

MAX_COORDINATE = 1e9

SHAPES = frozenset({"path", "rect", "circle", "ellipse", "polygon"})
"""Tags of shapes: elements with an outline."""

CONTAINERS = frozenset({"g", "a", "switch"})
"""Tags whose children are shown."""

OTHER_GRAPHICS = frozenset({"image", "use", "text", "line", "polyline", "foreignObject"})
"""Tags that draw something other than a shape."""

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
_FILLING = frozenset({"fill-rule", "fill-opacity", "opacity"})
_STROKING = frozenset(
    {"stroke-width", "stroke-opacity", "stroke-linejoin", "stroke-linecap", "stroke-miterlimit"}
    | {"stroke-dasharray", "vector-effect"}
)
_WITHOUT_EFFECT = frozenset({"", "none", "initial", "unset", "revert", "auto"})


@dataclass(frozen=True)
class SvgElement:
    """An element that draws something, or is invisible.

    Attributes:
        tag: without namespace.
        identifier: its `id`, or empty.
        attributes: as written, namespaces as `{uri}name`.
        groups: attributes of its ancestors, outermost first, without the root.
        matrix: (3, 3) homogeneous, from its own coordinates to user units; for visible ones.
        invisible_reason: why a viewer does not show it; empty if it does.
        root: attributes of the root element, whose paint is inherited.
    """

    tag: str
    identifier: str
    attributes: Mapping[str, str]
    groups: tuple[Mapping[str, str], ...]
    matrix: Floats
    invisible_reason: str = ""
    root: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_cut(self) -> bool:
        """Whether a clip path or mask applies to it or an ancestor."""
        return any(
            css(attributes, name) not in _WITHOUT_EFFECT
            for attributes in (*self.groups, self.attributes)
            for name in _CUTTING
        )

    def is_in(self, identifier: str) -> bool:
        """Return whether an ancestor has this `id`."""
        return any(group.get("id") == identifier for group in self.groups)

    @property
    def label(self) -> str:
        """What messages call it."""
        return self.identifier or f"{self.tag} without id"


@dataclass(frozen=True)
class SvgDocument:
    """An SVG document.

    Attributes:
        root: its root element.
        view_box: x, y, width and height, in user units.
        visible: elements that a viewer shows, in document order.
        invisible: all other elements except containers, including metadata and definitions.
    """

    root: ElementTree.Element
    view_box: tuple[float, float, float, float]
    visible: tuple[SvgElement, ...]
    invisible: tuple[SvgElement, ...]


def local_name(name: str) -> str:
    """Return the name of a tag or attribute without its namespace."""
    return name.rpartition("}")[2]


def parse_svg(text: str) -> SvgDocument:
    """Return the elements of an SVG file.

    Raises:
        SceneError: the file is not well-formed, has a document type or entity declaration, a root
            other than `svg`, elements nested too deeply, no size, a nested `svg`, or CSS that moves
            something.
    """
    xml_elements(text, "svg")  # refuses entities before the next line parses them
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no entity definitions are left
    except ElementTree.ParseError as error:  # of namespaces, which `xml_elements` leaves alone
        raise SceneError(f"not well-formed XML: {error}") from error
    view_box = _view_box(root)
    _refuse_style_sheets(root)
    if root.get("transform"):
        raise SceneError("transform of the root element; not supported, put it on a group")
    _refuse_moving_css(root.attrib, "svg")
    elements = list(_elements(root, _Around(root.attrib).inside(root.attrib, group=False)))
    visible = tuple(element for element in elements if not element.invisible_reason)
    invisible = tuple(element for element in elements if element.invisible_reason)
    return SvgDocument(root, view_box, visible, invisible)


def css(attributes: Mapping[str, str], name: str) -> str:
    """Return a CSS property of an element from its `style`, else from its attribute, else empty."""
    declared = dict(_declarations(attributes.get("style", "")))
    return declared.get(name, attributes.get(name, "").strip().lower())


def _declarations(text: str) -> Iterator[tuple[str, str]]:
    for declaration in re.split("[;{}]", _COMMENT.sub(" ", text)):
        name, colon, value = declaration.lower().partition(":")
        if colon:
            name = re.sub(r"^-(webkit|moz|ms|o)-", "", name.strip())
            yield name, value.replace("!important", "").strip()


def _refuse_style_sheets(root: ElementTree.Element) -> None:
    """Refuse style sheets that do more than colour, since selectors are not evaluated."""
    is_stroked = any(css(one.attrib, "stroke") not in _WITHOUT_EFFECT for one in root.iter())
    shaping = _MOVING | _RESHAPING | _FILLING | (_STROKING if is_stroked else set())
    for sheet in root.iterfind(".//{*}style"):
        for name, value in _declarations("".join(sheet.itertext())):
            changes = value not in _WITHOUT_EFFECT and (name in shaping or name == "stroke")
            unfills = name == "fill" and value in ("none", "transparent")
            if changes or unfills or value in _HIDING.get(name, ()):
                raise SceneError(
                    f"style sheet with '{name}: {value[:60]}'; write it at the elements themselves"
                )


def _refuse_moving_css(attributes: Mapping[str, str], tag: str) -> None:
    """Refuse elements that CSS moves or reshapes, since only attributes are evaluated."""
    label = attributes.get("id", "") or f"{tag} without id"
    refused = _MOVING | _RESHAPING if tag in SHAPES else _MOVING
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
    x, y, width, height = (finite_number(number, "viewBox") for number in numbers)
    if width <= 0.0 or height <= 0.0:
        raise SceneError(f"viewBox '{written}'; width and height must be positive")
    return x, y, width, height


def finite_number(text: str, what: str) -> float:
    """Return a number of user units.

    Args:
        text: as written, perhaps with the unit `px`.
        what: what messages call it.

    Raises:
        SceneError: it is not a finite number, beyond `MAX_COORDINATE`, or has another unit.
    """
    match = _NUMBER.fullmatch(text)
    if not match or not abs(float(match[1])) <= MAX_COORDINATE:
        raise SceneError(
            f"{what}: '{text[:80]}' is not a finite number of user units, at most "
            f"{MAX_COORDINATE:g}"
        )
    return float(match[1])


@dataclass(frozen=True)
class _Around:
    """What an element inherits from its ancestors."""

    root: Mapping[str, str]
    groups: tuple[Mapping[str, str], ...] = ()
    matrix: Floats = field(default_factory=lambda: np.eye(3))
    is_visible: bool = True
    invisible_reason: str = ""

    def inside(self, attributes: Mapping[str, str], *, group: bool = True) -> _Around:
        """Return the same for the children of one more ancestor, except for its transform."""
        visibility = css(attributes, "visibility")
        is_visible = self.is_visible
        if visibility in (*_HIDING["visibility"], "visible"):
            is_visible = visibility == "visible"
        hidden = "hidden" if css(attributes, "display") in _HIDING["display"] else ""
        reason = self.invisible_reason or hidden
        groups = (*self.groups, attributes) if group else self.groups
        return replace(
            self,
            groups=groups,
            is_visible=is_visible,
            invisible_reason=reason,
        )


def _elements(parent: ElementTree.Element, around: _Around) -> Iterator[SvgElement]:
    """Yield the descendants of an element, visible or not, without visible containers."""
    for element in parent:
        if not isinstance(element.tag, str):
            continue
        tag = local_name(element.tag)
        attributes = element.attrib
        draws = tag in SHAPES | OTHER_GRAPHICS
        here = around.inside(attributes)
        if not here.invisible_reason and tag == "svg":
            raise SceneError(f"svg '{element.get('id', '')}' inside another; not supported")
        if not here.invisible_reason and (draws or tag in CONTAINERS):
            _refuse_moving_css(attributes, tag)
            matrix = matrix_product(around.matrix, _transform(element.get("transform", "")))
            here = replace(here, matrix=matrix)
        reason = here.invisible_reason or ("hidden" if draws and not here.is_visible else "")
        if not draws and tag not in CONTAINERS:
            reason = reason or "of a kind that draws nothing"
        if draws or reason:
            identifier = element.get("id", "")
            yield SvgElement(
                tag, identifier, attributes, around.groups, here.matrix, reason, around.root
            )
        if tag not in CONTAINERS:
            # Only containers show their children; those of a shape are its title or animation.
            here = replace(here, invisible_reason=here.invisible_reason or f"inside '{tag}'")
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
