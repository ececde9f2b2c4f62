import math

import pytest

from namo.errors import SceneError
from namo.scenes.importers.svg import parse_svg
from namo.scenes.importers.svg_outlines import area_of, painted_area_of


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


INSIDE = "M0,0 H4 V4 H0 Z M1,1 H2 V2 H1 Z"
AGAINST = "M0,0 H4 V4 H0 Z M1,1 V2 H2 V1 Z"


@pytest.mark.parametrize(
    ("path", "rule", "area"),
    [
        (f'd="{INSIDE}"', "", 16.0),
        (f'd="{INSIDE}"', 'fill-rule="nonzero"', 16.0),
        (f'd="{INSIDE}"', 'fill-rule="evenodd"', 15.0),
        (f'd="{INSIDE}"', 'fill-rule="nonzero" style="fill-rule: evenodd"', 15.0),
        (f'd="{AGAINST}"', "", 15.0),
        (f'd="{AGAINST}"', 'fill-rule="evenodd"', 15.0),
        (f'd="{INSIDE} M1.5,1.2 H1.8 V1.8 H1.5 Z"', "", 16.0),
        (f'd="{INSIDE} M1.5,1.2 V1.8 H1.8 V1.2 Z"', "", 16.0),
        ('d="M0,0 H4 V4 H0 Z M3,3 H6 V6 H3 Z"', "", 24.0),
        ('d="M0,0 H4 V4 H0 Z M3,3 H6 V6 H3 Z"', 'fill-rule="evenodd"', 23.0),
    ],
)
def test_the_fill_rule_says_what_is_a_hole(path, rule, area):
    found, repaired = areas(f"<path {path} {rule}/>")
    assert (sum(found), repaired) == (pytest.approx(area), False)


def test_a_fill_rule_is_inherited_from_groups_and_the_root():
    group = f'<g style="fill-rule:evenodd"><path d="{INSIDE}"/></g>'
    assert areas(group)[0] == [15.0]
    text = f'<svg viewBox="0 0 9 9" fill-rule="evenodd"><path d="{INSIDE}"/></svg>'
    (part,), _ = area_of(parse_svg(text).visible[0], 0.01)
    assert part.area == 15.0


def test_what_a_self_crossing_path_winds_around_twice_is_filled_by_the_nonzero_rule():
    star = 'd="M0,-10 L5.878,8.090 L-9.511,-3.090 L9.511,-3.090 L-5.878,8.090 Z"'
    (whole,), repaired = areas(f"<path {star}/>")
    tips, _ = areas(f'<path {star} fill-rule="evenodd"/>')
    assert len(tips) == 5
    assert repaired
    assert whole == pytest.approx(112.26, abs=0.05)
    assert sum(tips) == pytest.approx(112.26 - 34.69, abs=0.1)


def painted(body, tolerance=0.01):
    text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30">{body}</svg>'
    return painted_area_of(parse_svg(text).visible[0], tolerance)


LINE = 'stroke="#000" stroke-width="2" fill="none"'


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        ('d="M0,0 H10"', 20.0),
        ('d="M0,0 H10" stroke-linecap="square"', 24.0),
        ('d="M0,0 H10" stroke-linecap="round"', 20.0 + math.pi),
        ('d="M0,0 H10 V10"', 40.0),
        ('d="M0,0 H10 V10" stroke-linejoin="bevel"', 39.5),
        ('d="M0,0 H10 V10" stroke-linejoin="round"', 39.0 + math.pi / 4),
        ('d="M0,0 H10 V10" stroke-miterlimit="1.4"', 39.5),
        ('d="M0,0 H10 V10 H0 Z"', 80.0),
        ('d="M0,0 H10 V10 H0 Z" transform="scale(2 1)"', 160.0),
        ('d="M0,0 H10 V10 H0 Z" stroke-dasharray="1 2"', 80.0),
        ('d="M0,0 H10 M0,5 H10"', 40.0),
        ('d="M0,0 H10 H10"', 20.0),
    ],
)
def test_a_stroke_has_width_joins_and_caps(shape, area):
    found = painted(f"<path {LINE} {shape}/>")
    assert sum(part.area for part in found.parts) == pytest.approx(area, rel=2e-3)
    assert found.is_stroked
    assert found.is_dashed == ("dasharray" in shape)


def test_sharp_corners_have_a_tip_up_to_the_miter_limit():
    sharp = 'd="M0,0 L10,1 L0,2"'  # the ratio of miter length to width is 10.05
    tip = painted(f'<path {LINE} {sharp} stroke-miterlimit="11"/>').parts[0].bounds[2]
    cut = painted(f'<path {LINE} {sharp} stroke-miterlimit="10"/>').parts[0].bounds[2]
    assert tip == pytest.approx(10 + 10.05, abs=0.01)
    assert 10 < cut < 10.2


def test_a_filled_shape_is_filled_and_stroked():
    box = 'x="2" y="2" width="6" height="4"'
    (alone,) = painted(f"<rect {box}/>").parts
    assert alone.area == 24.0
    (both,) = painted(f'<rect {box} style="stroke:red;stroke-width:2"/>').parts
    assert both.area == pytest.approx(48.0)
    (ring,) = painted(f"<rect {box} {LINE}/>").parts
    assert ring.area == pytest.approx(48.0 - 8.0)
    assert len(ring.interiors) == 1
    (circle,) = painted(f'<circle r="5" {LINE}/>').parts
    assert circle.area == pytest.approx(math.pi * (36 - 16), rel=5e-3)


@pytest.mark.parametrize(
    "paint",
    [
        'fill="none"',
        'style="fill:transparent"',
        'fill-opacity="0"',
        'fill-opacity="0%"',
        'opacity="0" stroke="red"',
        'fill="none" stroke="red" stroke-width="0"',
        'fill="none" stroke="red" stroke-opacity="0"',
    ],
)
def test_what_a_viewer_does_not_paint_has_no_parts(paint):
    assert painted(f'<rect width="4" height="4" {paint}/>').parts == []
    assert painted(f'<g {paint}><rect width="4" height="4"/></g>').parts == []


@pytest.mark.parametrize(
    ("paint", "message"),
    [
        ('stroke-width="2mm"', "stroke-width: '2mm' is not a finite number of user units"),
        ('stroke-width="-1"', "stroke-width is -1; allowed: 0 and above"),
        ('stroke-linejoin="arcs"', "stroke-linejoin is 'arcs'; allowed: miter, round, bevel"),
        ('stroke-linecap="flat"', "stroke-linecap is 'flat'; allowed: butt, round, square"),
        ('stroke-miterlimit="0"', "stroke-miterlimit is 0; allowed: 1 and above"),
        ('vector-effect="non-scaling-stroke"', "non-scaling-stroke' is not supported"),
        ('fill-rule="odd"', "fill-rule is 'odd'; allowed: nonzero, evenodd"),
    ],
)
def test_paint_that_is_not_understood_is_named(paint, message):
    with pytest.raises(SceneError, match=f"'a'.*{message}"):
        painted(f'<rect id="a" width="4" height="4" stroke="red" {paint}/>')


def test_a_self_intersection_is_repaired_and_reported():
    assert areas('<path d="M0,0 L4,4 L4,0 L0,4 Z"/>') == ([4.0, 4.0], True)


def test_a_shape_without_area_is_refused():
    with pytest.raises(SceneError, match="'path without id': encloses no area"):
        areas('<path d="M0,0 L4,4"/>')


@pytest.mark.parametrize("data", ["T1,1", "A1,1 0 0 0 1,1", "hz", "m z", "M0,0 x"])
def test_path_data_that_begin_without_a_point_are_refused(data):
    with pytest.raises(SceneError, match=f"path data '{data}' is not understood"):
        areas(f'<path d="{data}"/>')


@pytest.mark.parametrize("shape", ['path d="M0,0 q1e308,1e308 0,1 z"', 'circle r="1e308"'])
def test_curves_that_are_too_long_are_refused(shape):
    with pytest.raises(SceneError, match=r"at most 1e|beyond 1e"):
        areas(f"<{shape}/>")
