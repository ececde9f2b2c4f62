"""The animated example in README and docs."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from draw_example import CAPTIONS, _kept
from tests.conftest import REPOSITORY

SVG = "{http://www.w3.org/2000/svg}"
EXAMPLE = REPOSITORY / "docs" / "pictures" / "example.svg"


@pytest.fixture(scope="module")
def root():
    """The root element of the picture."""
    return ET.fromstring(EXAMPLE.read_text())


def test_nothing_moves_where_reduced_motion_is_preferred(root):
    styles = [(style.get("media"), style.text) for style in root.iter(f"{SVG}style")]
    animated = [media for media, css in styles if "animation" in css or "@keyframes" in css]
    assert animated == ["(prefers-reduced-motion: no-preference)"]


def test_every_animated_element_exists_and_has_its_keyframes(root):
    (css,) = (style.text for style in root.iter(f"{SVG}style") if style.get("media"))
    animated = re.findall(r"#(\w+)\{animation:(\w+) ", css)
    assert animated
    assert all(element == name for element, name in animated)
    assert {name for name, _ in animated} == set(re.findall(r"@keyframes (\w+)\{", css))
    assert {name for name, _ in animated} <= {element.get("id") for element in root.iter()}


def test_the_still_picture_shows_the_last_caption_alone(root):
    captions = [group for group in root.iter(f"{SVG}g") if (group.get("id") or "").startswith("c")]
    assert [group[0].text for group in captions] == list(CAPTIONS)
    assert [group.get("opacity") for group in captions] == ["0", "0", "0", None]


def test_frames_that_are_left_out_are_interpolated_within_tolerance():
    rng = np.random.default_rng(0)
    track = np.cumsum(rng.normal(size=(200, 2)), axis=0)
    tolerance = np.array([0.5, 2.0])
    kept = _kept(track, tolerance)
    assert kept[0] == 0
    assert kept[-1] == len(track) - 1
    assert len(kept) < len(track)
    for axis in range(2):
        line = np.interp(np.arange(len(track)), kept, track[kept, axis])
        assert np.abs(line - track[:, axis]).max() <= tolerance[axis] + 1e-9


def test_a_straight_motion_keeps_only_its_ends():
    track = np.linspace((0.0, 0.0), (1.0, 3.0), 50)
    assert _kept(track, np.array([0.01, 0.01])) == [0, 49]
