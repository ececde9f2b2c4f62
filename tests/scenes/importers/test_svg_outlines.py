import math

import pytest

from namo.errors import SceneError
from namo.scenes.importers.svg import parse_svg
from namo.scenes.importers.svg_outlines import area_of


def areas(body, tolerance=0.01):
    text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30">{body}</svg>'
    parts, repaired = area_of(parse_svg(text).visible[0], tolerance)
    return sorted(part.area for part in parts), repaired


def test_shapes_have_the_area_of_their_outline():
    assert areas('<rect x="1" y="1" width="4" height="3"/>') == ([12.0], False)
    assert areas('<polygon points="0,0 4,0 0,4"/>') == ([8.0], False)
    ((circle,), _) = areas('<circle r="2"/>')
    assert circle == pytest.approx(4 * math.pi, rel=0.01)
    ((ellipse,), _) = areas('<ellipse rx="2" ry="1" transform="scale(3)"/>')
    assert ellipse == pytest.approx(18 * math.pi, rel=0.01)


def test_an_outline_inside_another_is_a_hole():
    assert areas('<path d="M0,0 H4 V4 H0 Z M1,1 H2 V2 H1 Z"/>') == ([15.0], False)


def test_a_self_intersection_is_repaired_and_reported():
    assert areas('<path d="M0,0 L4,4 L4,0 L0,4 Z"/>') == ([4.0, 4.0], True)


def test_a_shape_without_area_is_refused():
    with pytest.raises(SceneError, match="'path without id': encloses no area"):
        areas('<path d="M0,0 L4,4"/>')
