"""The pictures that the documentation draws of itself."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ET

import pytest

import draw_diagrams
from tests.conftest import REPOSITORY

PICTURES = REPOSITORY / "docs" / "pictures"
DRAWN = ("example", "reachability", "pushes", "search", "difficulty", "stages", "layers", "chunks")
MOST_BYTES = 60_000


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_small_and_read_in_the_light_and_in_the_dark(name):
    text = (PICTURES / f"{name}.svg").read_text()
    assert len(text) < MOST_BYTES
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


def test_the_diagrams_are_those_that_are_drawn_now(tmp_path, monkeypatch):
    monkeypatch.setattr(draw_diagrams, "HERE", tmp_path)
    draw_diagrams.main()
    drawn = sorted(tmp_path.iterdir())
    assert len(drawn) == 3
    for path in drawn:
        assert path.read_text() == (PICTURES / path.name).read_text()


def test_imports_point_down_through_the_layers():
    package = REPOSITORY / "namo"
    heights = {name: -row for row, names in enumerate(draw_diagrams.LAYERS) for name in names}
    assert heights.keys() == {path.parent.name for path in package.glob("*/__init__.py")}
    for path in package.glob("*/**/*.py"):
        here = path.relative_to(package).parts[0]
        for there in _imported(path):
            if there in heights:
                assert there == here or heights[there] < heights[here], f"{path}: {there}"
    below = {path.stem for path in package.glob("*.py")} - {"__init__", "__main__", "version"}
    assert below == set(draw_diagrams.BOTTOM)
    for name in below:
        assert not _imported(package / f"{name}.py") & heights.keys(), name


def _imported(path):
    """The packages and modules of namo that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "namo":
                names = [f"namo.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found.update(name.split(".")[1] for name in names if name.startswith("namo."))
    return found
