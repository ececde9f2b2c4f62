"""The figures that the documentation generates."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

import draw_diagrams
from tests.conftest import REPOSITORY

PICTURES = REPOSITORY / "docs" / "pictures"
DRAWN = ("example", "reachability", "pushes", "search", "difficulty", "stages", "layers", "chunks")
MAX_BYTES = 60_000


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_is_small_and_has_a_light_and_a_dark_scheme(name):
    text = (PICTURES / f"{name}.svg").read_text()
    assert len(text) < MAX_BYTES
    root = ET.fromstring(text)
    assert root.get("aria-label")
    assert "prefers-color-scheme:dark" in text
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    used = {word for each in root.iter() for word in each.get("class", "").split()}
    light, dark = text.split("@media")
    coloured = used - {"name", "small"}
    assert coloured
    for kind in coloured:
        assert f".{kind}{{" in light
        assert f".{kind}{{" in dark


def test_the_stored_diagrams_are_up_to_date(tmp_path, monkeypatch):
    monkeypatch.setattr(draw_diagrams, "HERE", tmp_path)
    draw_diagrams.main()
    drawn = sorted(tmp_path.iterdir())
    assert len(drawn) == 3
    for path in drawn:
        assert path.read_text() == (PICTURES / path.name).read_text()
