import numpy as np
import pytest

from namo.errors import SceneError
from namo.scenes.importers.svg import css, finite_number, parse_svg


def document(body):
    return parse_svg(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30">{body}</svg>')


def test_elements_are_visible_or_invisible_with_the_reason():
    svg = document(
        '<rect id="seen"/><g display="none"><rect id="inside"/></g>'
        '<circle id="hidden" visibility="hidden"/><defs><path id="defined"/></defs>'
    )
    assert [element.identifier for element in svg.visible] == ["seen"]
    reasons = {element.identifier: element.invisible_reason for element in svg.invisible}
    assert reasons["inside"] == reasons["hidden"] == "hidden"
    assert reasons["defined"] == "inside 'defs'"


def test_a_prefix_that_is_not_declared_is_refused():
    with pytest.raises(SceneError, match="not well-formed XML: unbound prefix"):
        document('<rect namo:type="wall"/>')


@pytest.mark.parametrize("number", ["1e308", "-1e308", "1e999", "1.1e9", "nan"])
def test_numbers_that_no_plan_has_are_refused(number):
    with pytest.raises(SceneError, match="is not a finite number of user units, at most 1e"):
        finite_number(number, "'a' r")


def test_matrices_compose_the_transforms_of_ancestors():
    svg = document('<g transform="translate(2 3)"><rect transform="scale(2)"/></g>')
    (rect,) = svg.visible
    np.testing.assert_allclose(rect.matrix @ (1.0, 1.0, 1.0), (4.0, 5.0, 1.0))


def test_a_style_overrides_an_attribute():
    assert css({"style": "/* a */ display : NONE !important", "display": "inline"}, "display") == (
        "none"
    )
    assert css({"display": " Inline "}, "display") == "inline"


@pytest.mark.parametrize(
    ("sheet", "shape"),
    [
        ("rect {fill: none}", ""),
        (".a {stroke: red}", ""),
        ("rect {fill-rule: evenodd}", ""),
        ("rect {opacity: 0}", ""),
        ("rect {stroke-width: 4px}", 'stroke="red"'),
    ],
)
def test_style_sheets_that_change_what_is_painted_are_refused(sheet, shape):
    with pytest.raises(SceneError, match=r"style sheet with .*; write it at the elements"):
        document(f"<style>{sheet}</style><rect {shape}/>")


def test_style_sheets_that_only_colour_are_read():
    document("<style>* {fill: blue; stroke: none; stroke-linejoin: round}</style><rect/>")


def test_style_sheets_that_move_elements_are_refused():
    with pytest.raises(SceneError, match="style sheet with 'transform: rotate"):
        document("<style>rect { transform: rotate(3deg) }</style>")
