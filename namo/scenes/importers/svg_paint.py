"""How SVG shapes are painted: filled or not, by which rule, and stroked how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from namo.errors import SceneError
from namo.scenes.importers.svg import SvgElement, css, finite_number

FillRule = Literal["nonzero", "evenodd"]
Join = Literal["miter", "round", "bevel"]
Cap = Literal["butt", "round", "square"]

_UNPAINTED = ("none", "transparent")
_RESET = ("", "inherit")
_JOINS: dict[str, Join] = {"miter": "miter", "round": "round", "bevel": "bevel"}
_CAPS: dict[str, Cap] = {"butt": "butt", "round": "round", "square": "square"}
_RULES: dict[str, FillRule] = {"nonzero": "nonzero", "evenodd": "evenodd"}


@dataclass(frozen=True)
class Stroke:
    """A visible stroke.

    Attributes:
        width: user units of the element, positive.
        join: at corners.
        cap: at the ends of open outlines.
        miter_limit: ratio of miter length to width from which corners are bevelled.
        is_dashed: whether it has gaps.
    """

    width: float
    join: Join
    cap: Cap
    miter_limit: float
    is_dashed: bool


@dataclass(frozen=True)
class Paint:
    """What a viewer paints of a shape.

    Attributes:
        fill: the rule that says what is inside; None if it is not filled.
        stroke: None if it is not stroked.
    """

    fill: FillRule | None
    stroke: Stroke | None


def paint_of(element: SvgElement) -> Paint:
    """Return how a viewer paints a shape.

    Raises:
        SceneError: a property has an invalid value, or the width of the stroke does not follow the
            transforms.
    """
    if any(
        _fraction(element, css(attributes, "opacity"), "opacity") == 0.0
        for attributes in (element.root, *element.groups, element.attributes)
    ):
        return Paint(None, None)
    is_filled = _is_painted(element, "fill", "black")
    return Paint(fill_rule_of(element) if is_filled else None, _stroke(element))


def fill_rule_of(element: SvgElement) -> FillRule:
    """Return the rule that says what is inside the outlines of a shape.

    Raises:
        SceneError: it is invalid.
    """
    return _RULES[_choice(element, "fill-rule", "nonzero", tuple(_RULES))]


def _stroke(element: SvgElement) -> Stroke | None:
    if not _is_painted(element, "stroke", "none"):
        return None
    width = _number(element, "stroke-width", "1")
    if width < 0.0:
        raise SceneError(f"'{element.label}': stroke-width is {width:g}; allowed: 0 and above")
    if width == 0.0:
        return None
    if css(element.attributes, "vector-effect") not in ("", "none"):
        raise SceneError(
            f"'{element.label}': vector-effect '{css(element.attributes, 'vector-effect')}' is not "
            "supported; remove it, so that the stroke is scaled with the shape"
        )
    limit = _number(element, "stroke-miterlimit", "4")
    if limit < 1.0:
        raise SceneError(f"'{element.label}': stroke-miterlimit is {limit:g}; allowed: 1 and above")
    return Stroke(
        width,
        _JOINS[_choice(element, "stroke-linejoin", "miter", tuple(_JOINS))],
        _CAPS[_choice(element, "stroke-linecap", "butt", tuple(_CAPS))],
        limit,
        _inherited(element, "stroke-dasharray", "none") != "none",
    )


def _is_painted(element: SvgElement, name: str, default: str) -> bool:
    if _inherited(element, name, default) in _UNPAINTED:
        return False
    opacity = _inherited(element, f"{name}-opacity", "1")
    return _fraction(element, opacity, f"{name}-opacity") > 0.0


def _inherited(element: SvgElement, name: str, default: str) -> str:
    """Return an inherited property: of the shape, else of its innermost group that has it."""
    for attributes in (element.attributes, *reversed(element.groups), element.root):
        value = css(attributes, name)
        if value in ("initial", "unset", "revert"):
            return default
        if value not in _RESET:
            return value
    return default


def _choice(element: SvgElement, name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = _inherited(element, name, default)
    if value not in allowed:
        raise SceneError(
            f"'{element.label}': {name} is '{value[:60]}'; allowed: {', '.join(allowed)}"
        )
    return value


def _number(element: SvgElement, name: str, default: str) -> float:
    return finite_number(_inherited(element, name, default), f"'{element.label}' {name}")


def _fraction(element: SvgElement, text: str, name: str) -> float:
    """Return an opacity, which is a number or in per cent; an empty one is 1."""
    if text in ("", "inherit", "initial", "unset", "revert"):
        return 1.0
    is_per_cent = text.endswith("%")
    value = finite_number(text.removesuffix("%"), f"'{element.label}' {name}")
    return value / 100.0 if is_per_cent else value
