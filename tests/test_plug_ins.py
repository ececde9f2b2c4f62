"""Parts from outside this package: found by name, identified by distribution, refused by name."""

import importlib.metadata
import subprocess
import sys

import pytest

from namo.errors import UsageError
from namo.geometry import Pose2D
from namo.registry import Registry

OWN = {"own": "namo.geometry:Pose2D"}
REGISTRY = Registry("tool", OWN, {"alias": "own"}, group="namo.tools", members=("work",))
WORKS = "class Mine:\n    def work(self): ..."


def refusal(call, *arguments):
    with pytest.raises(UsageError) as caught:
        call(*arguments)
    return str(caught.value)


def test_names_and_origins_are_known_without_importing_anything(install):
    install("tools_a", "1.0", {"namo.tools": {"mine": "tools_a:Mine"}}, "raise RuntimeError")
    assert REGISTRY.names() == ["own", "alias", "mine"]
    assert REGISTRY.canonical("mine") == "mine"
    assert "mine" in REGISTRY
    assert str(REGISTRY.plug_in("mine")) == "tools_a:Mine (tools_a 1.0)"
    assert "tools_a" not in sys.modules


def test_a_plug_in_is_loaded_by_its_name(install):
    install("tools_a", "1.0", {"namo.tools": {"mine": "tools_a:Mine"}}, WORKS)
    assert REGISTRY.load("mine") is sys.modules["tools_a"].Mine


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import not_there_at_all", "ModuleNotFoundError: No module named 'not_there_at_all'"),
        ("raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("", "AttributeError: module 'tools_a' has no attribute 'Mine'"),
    ],
)
def test_one_that_cannot_be_imported_is_named_and_stops_no_other(install, code, reason):
    install("tools_a", "1.0", {"namo.tools": {"mine": "tools_a:Mine"}}, code)
    assert refusal(REGISTRY.load, "mine") == (
        f"tool 'mine': tools_a:Mine (tools_a 1.0) cannot be imported: {reason}; `python -c 'import "
        "tools_a'` shows where"
    )
    assert REGISTRY.load("own") is Pose2D


def test_a_class_without_what_its_kind_needs_is_refused(install):
    install("tools_a", "1.0", {"namo.tools": {"mine": "tools_a:Mine"}}, "class Mine: ...")
    assert "tools_a:Mine (tools_a 1.0) has no work" in refusal(REGISTRY.load, "mine")
    assert "os:abort" in refusal(REGISTRY.load, "os:abort")


def test_a_name_of_two_distributions_is_refused_and_both_are_named(install):
    install("tools_b", "2.0", {"namo.tools": {"mine": "tools_b:Mine", "other": "tools_b:X"}}, WORKS)
    install("tools_a", "1.0", {"namo.tools": {"mine": "tools_a:Mine"}}, WORKS)
    assert refusal(REGISTRY.load, "mine") == (
        "tool 'mine' is offered by tools_a:Mine (tools_a 1.0) and tools_b:Mine (tools_b 2.0); "
        "uninstall one, or give package.module:Class"
    )
    assert REGISTRY.names() == ["own", "alias", "other"]
    assert REGISTRY.load("tools_b:Mine") is sys.modules["tools_b"].Mine


@pytest.mark.parametrize("name", ["own", "alias"])
def test_a_name_of_this_package_cannot_be_taken(install, name):
    install("tools_a", "1.0", {"namo.tools": {name: "tools_a:Mine"}}, WORKS)
    assert REGISTRY.load(name) is Pose2D
    assert REGISTRY.plug_in(name) is None
    assert REGISTRY.names() == ["own", "alias"]
    assert "tools_a:Mine (tools_a 1.0)" in REGISTRY.problem(name)


def test_a_misspelt_plug_in_gets_the_nearest_name(install):
    install("tools_a", "1.0", {"namo.tools": {"breadth_first": "tools_a:Mine"}}, WORKS)
    assert "did you mean 'breadth_first'?" in refusal(REGISTRY.canonical, "bredth_first")


def test_a_class_in_a_module_is_known_by_its_distribution(install):
    install("tools_a", "1.0", {}, WORKS)
    assert REGISTRY.canonical("tools_a:Mine") == "tools_a:Mine"
    assert str(REGISTRY.plug_in("tools_a:Mine")) == "tools_a:Mine (tools_a 1.0)"
    assert "tools_a" not in sys.modules
    assert REGISTRY.load("tools_a:Mine") is sys.modules["tools_a"].Mine


def test_a_module_of_no_distribution_is_known_by_its_source(install):
    def origin(code):
        install("tools_a", "", {}, code)
        return REGISTRY.plug_in("tools_a:Mine").origin

    assert origin(WORKS).startswith("source sha256 ")
    assert origin(WORKS) == origin(WORKS)
    assert origin(WORKS) != origin(WORKS + "\n# changed")


def test_all_files_of_a_package_of_no_distribution_count(install):
    folder = install("tools_a", "", {}, WORKS)
    package = folder / "tools_c"
    (package / "inside").mkdir(parents=True)
    origins = set()
    for name in ("__init__.py", "planner.py", "inside/part.py"):
        (package / name).touch()
        install("tools_a", "", {}, WORKS)  # looks again
        origins.add(REGISTRY.plug_in("tools_c.planner:Mine").origin)
    assert len(origins) == 3


def test_a_module_that_is_not_there_is_named():
    assert "no module named 'not_there_at_all'" in refusal(REGISTRY.load, "not_there_at_all.x:Y")


def test_a_part_of_this_package_is_itself_however_it_is_spelled():
    assert REGISTRY.canonical("namo.geometry:Pose2D") == "own"


def test_names_of_this_package_need_no_look_at_what_is_installed(monkeypatch):
    """The whole command line is set up without it, and so are settings checked."""
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: pytest.fail("looked"))
    assert REGISTRY.load("alias") is Pose2D
    code = (
        "import sys; from namo.commands.main import make_parser; make_parser(); "
        "from namo.collection.config import CollectionConfig; CollectionConfig().decisive; "
        "sys.exit('importlib.metadata' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
