import os
import subprocess
import sys
from types import SimpleNamespace

import numba

from namo import compiled as module
from namo.compiled import compiled

KEPT = """
import sys
from pathlib import Path
from namo.world.free_space import FreeSpace
from namo.scenes.grid import Grid
from namo.scenes.scene import Bounds
grid = Grid.over(Bounds(0.0, 0.0, 0.2, 0.2))
print(FreeSpace(grid, grid.blank()).runs.begin.tolist())
"""


def run(tmp_path, cache, home):
    environment = os.environ | {"NAMO_CACHE_DIR": str(cache), "HOME": str(home)}
    command = [sys.executable, "-c", KEPT]
    return subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_machine_code_is_kept_by_what_it_is_made_from(tmp_path):
    said = run(tmp_path, tmp_path / "cache", tmp_path)
    (folder,) = (tmp_path / "cache" / "compiled").iterdir()
    assert folder.name == module._sources_digest()
    kept = set(folder.rglob("*.nbc"))
    assert kept
    assert run(tmp_path, tmp_path / "cache", tmp_path) == said
    assert set(folder.rglob("*.nbc")) == kept  # and not compiled again


def test_any_source_decides_where_machine_code_is_kept(tmp_path, monkeypatch):
    package = tmp_path / "namo"
    (package / "world").mkdir(parents=True)
    (package / "compiled.py").write_text("one")
    (package / "world" / "other.py").write_text("two")
    monkeypatch.setattr(module, "__file__", str(package / "compiled.py"))
    before = module._sources_digest()
    assert module._sources_digest() == before
    (package / "world" / "other.py").write_text("three")
    assert module._sources_digest() != before


def test_without_a_folder_to_keep_it_in_a_function_is_compiled_all_the_same(monkeypatch):
    asked = []

    def njit(**options):
        asked.append(options)
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return numba.njit(**options)

    monkeypatch.setattr(module, "numba", SimpleNamespace(njit=njit))
    twice = compiled(lambda number: 2 * number)
    assert twice(21) == 42
    assert asked == [{"cache": True, "nogil": True}, {"nogil": True}]
