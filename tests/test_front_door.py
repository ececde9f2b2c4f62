"""The public names of the package: all there, imported when used, seen by a type checker."""

import subprocess
import sys
from pathlib import Path

import pytest

import namo
from namo.errors import SceneError, UsageError
from namo.scenes.conditions import DEFAULT_CLEARANCE_M
from tests.conftest import room_file

HEAVY = ("cv2", "matplotlib", "mujoco", "numba", "numpy", "pyarrow", "scipy", "shapely", "torch")


def test_every_public_name_is_defined_where_it_is_said_to_be():
    homes = {name: module for module, names in namo._HOMES.items() for name in names}
    assert {*namo.__all__} == {*homes, "__version__", "load", "read_scene"}
    assert namo.__all__ == sorted(namo.__all__)
    for name, module in homes.items():
        assert getattr(namo, name).__module__ == module
    assert {*namo.__all__} <= {*dir(namo)}


def test_importing_the_package_imports_nothing_heavy():
    code = f"import sys, namo; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_name_that_is_not_public_is_refused():
    with pytest.raises(AttributeError, match="module 'namo' has no attribute 'Search'"):
        namo.Search  # noqa: B018 - asks for it


def test_a_scene_has_the_clearance_of_collections_unless_told_otherwise():
    assert namo.read_scene(room_file(1)).clearance == DEFAULT_CLEARANCE_M
    assert namo.read_scene(str(room_file(1)), clearance=0.0).clearance == 0.0


def test_what_is_wrong_with_a_scene_or_its_clearance_is_named(tmp_path):
    with pytest.raises(SceneError, match=r"none\.xml: cannot be read: No such file"):
        namo.read_scene(tmp_path / "none.xml")
    with pytest.raises(UsageError, match=r"clearance is -1; allowed: 0 to 1 \(m\)"):
        namo.read_scene(room_file(1), clearance=-1)


RIGHT = """
import namo

scene = namo.read_scene("scene.xml", clearance=0.0)
episode: namo.Episode = namo.search(scene, algorithm="hybrid", max_pushes=None, seed=1)
world = namo.World(episode.scene)
for push in episode.plan:
    outcome: namo.PushOutcome = world.push(push)
    x: float = outcome.pose.x
last: namo.Push | namo.StraightPush = episode.plan[-1]
svg: str = namo.draw(episode.plan).svg
solved: bool = namo.load("folder").episode("id").solved
"""
WRONG = {
    'namo.read_scene("scene.xml", clearance="wide")': '"read_scene" has incompatible type "str"',
    'namo.search(scene, max_pushes="many")': '"search" has incompatible type "str"',
    "namo.search(scene, max_push=1)": 'Unexpected keyword argument "max_push" for "search"',
    'namo.Push("box", (1.0, 2.0, 0.0))': '"Push" has incompatible type "tuple',
    "namo.Nothing": 'Module has no attribute "Nothing"',
}


@pytest.mark.slow
def test_the_type_checker_of_a_project_that_uses_the_package_sees_its_types(tmp_path):
    (tmp_path / "right.py").write_text(RIGHT)
    lines = [f"print({line})" for line in WRONG]
    (tmp_path / "wrong.py").write_text("\n".join([*RIGHT.splitlines()[:4], *lines, ""]))
    site = tmp_path / "site"  # as installed: a folder of the search path, and not the project
    site.mkdir()
    (site / "namo").symlink_to(Path(namo.__file__).parent)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--python-executable"]
    done = subprocess.run(
        [*command, sys.executable, "--config-file", "", "right.py", "wrong.py"],
        cwd=tmp_path,
        env={"PATH": "", "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    found = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert len(found) == len(WRONG), done.stdout
    for number, (line, message) in enumerate(zip(found, WRONG.values(), strict=True), start=5):
        assert line.startswith(f"wrong.py:{number}: error: ")
        assert message in line
