"""The layers of the package, drawn from its imports: arrows point down, none is new unannounced.

Heights are those of the picture in docs/architecture.md (`docs/pictures/draw_diagrams.py`). Imports
inside functions and under `if TYPE_CHECKING` count like any other.
"""

import pytest

import draw_diagrams
from tests.imports import PACKAGE, circles, import_graph, package_graph, package_of

ARROWS = {
    "scenes": set(),
    "world": {"scenes"},
    "learning": {"scenes", "world"},
    "strategies": {"learning", "world"},
    "planning": {"strategies", "world"},
    "results": {"learning", "planning", "scenes", "world"},
    "gym": {"learning", "results", "scenes", "world"},
    "certification": {"planning", "scenes", "strategies", "world"},
    "collection": {"learning", "planning", "results", "scenes", "strategies", "world"},
    "exporting": {"gym", "learning", "planning", "results", "scenes", "world"},
    "reporting": {"planning", "results", "scenes", "world"},
    "training": {"learning", "planning", "results", "scenes", "strategies", "world"},
    "tuning": {"collection", "results"},
    "commands": {
        *("certification", "collection", "exporting", "learning", "reporting", "results"),
        *("scenes", "training", "tuning", "world"),
    },
    "pipeline": {"certification", "collection", "results", "scenes", "training"},
}
"""Folders of `namo` -> the folders that they import, base modules aside. Announce new ones here."""
ALLOWED_CIRCLES = (
    {
        "namo.world.push_pool",
        "namo.world.push_skill",
        "namo.world.straight_push",
        "namo.world.world",
    },
)
"""Modules that import one another. One group at most."""

NOT_LAYERED = {"__init__", "__main__"}
"""Modules of `namo` itself that may import from any height: public names, `python -m namo`."""

HEIGHTS = {name: -row for row, names in enumerate(draw_diagrams.LAYERS) for name in names}


@pytest.fixture(scope="module")
def graph():
    return import_graph()


@pytest.fixture(scope="module")
def packages(graph):
    return package_graph(graph)


def test_the_picture_shows_every_package_and_every_base_module():
    assert HEIGHTS.keys() == {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert HEIGHTS.keys() == ARROWS.keys()
    base = {path.stem for path in PACKAGE.glob("*.py")} - {"version"} - NOT_LAYERED
    assert base == set(draw_diagrams.BOTTOM)


def test_no_package_imports_one_of_its_own_height_or_above(graph):
    upwards = [
        f"{module} imports {other}"
        for module, imported in graph.items()
        for other in sorted(imported)
        if package_of(module) != package_of(other)
        and package_of(module) in HEIGHTS
        and HEIGHTS.get(package_of(other), -100) >= HEIGHTS[package_of(module)]
    ]
    assert upwards == []


def test_base_modules_import_no_package(packages):
    for name in packages.keys() - HEIGHTS.keys() - NOT_LAYERED:
        assert not packages[name] & HEIGHTS.keys(), name


def test_the_arrows_between_packages_are_those_announced(packages):
    drawn = {name: packages[name] & HEIGHTS.keys() for name in HEIGHTS}
    assert {name: sorted(imported) for name, imported in drawn.items()} == {
        name: sorted(imported) for name, imported in ARROWS.items()
    }


def test_what_reads_results_does_not_need_what_makes_them(packages):
    for name in ("results", "reporting", "exporting", "training"):
        assert "collection" not in packages[name], name


def test_nothing_in_the_package_imports_the_workflow():
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text()
        assert "import workflow" not in text, path
        assert "from workflow" not in text, path


def test_modules_that_import_one_another_are_those_announced(graph):
    assert len(ALLOWED_CIRCLES) <= 1
    assert {*circles(graph)} == {frozenset(group) for group in ALLOWED_CIRCLES}


@pytest.fixture
def small(tmp_path):
    """A package of three modules, two of which import one another."""
    package = tmp_path / "small"
    (package / "sub").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "sub" / "__init__.py").write_text("")
    (package / "a.py").write_text(
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from small.sub.b import B\n"
    )
    (package / "sub" / "b.py").write_text(
        "import json\n\n\ndef late():\n    from small.sub import c\n"
    )
    (package / "sub" / "c.py").write_text("import small.a\n")
    return package


def test_imports_are_read_wherever_they_stand(small):
    graph = import_graph(small)
    assert graph["small.a"] == {"small.sub.b"}
    assert graph["small.sub.b"] == {"small.sub.c"}
    assert graph["small.sub.c"] == {"small.a"}
    assert import_graph(small, type_checking=False)["small.a"] == frozenset()
    assert circles(graph) == [{"small.a", "small.sub.b", "small.sub.c"}]
    assert circles(import_graph(small, type_checking=False)) == []
    assert package_graph(graph)["sub"] == {"a"}


def test_relative_imports_are_refused(small):
    (small / "a.py").write_text("from . import sub\n")
    with pytest.raises(ValueError, match=r"a\.py:1: relative import"):
        import_graph(small)
