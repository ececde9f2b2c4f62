import os
import subprocess
import sys
from types import SimpleNamespace

import numba

from namo import compiled as module
from namo.compiled import compiled

SCRIPT = """
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
    command = [sys.executable, "-c", SCRIPT]
    return subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_machine_code_is_cached_by_the_hash_of_its_sources(tmp_path):
    printed = run(tmp_path, tmp_path / "cache", tmp_path)
    (folder,) = (tmp_path / "cache" / "compiled").iterdir()
    assert folder.name == module._sources_digest()
    cached = set(folder.rglob("*.nbc"))
    assert cached
    assert run(tmp_path, tmp_path / "cache", tmp_path) == printed
    assert set(folder.rglob("*.nbc")) == cached  # not compiled again


def test_any_source_changes_the_cache_folder(tmp_path, monkeypatch):
    package = tmp_path / "namo"
    (package / "world").mkdir(parents=True)
    (package / "compiled.py").write_text("one")
    (package / "world" / "other.py").write_text("two")
    monkeypatch.setattr(module, "__file__", str(package / "compiled.py"))
    before = module._sources_digest()
    assert module._sources_digest() == before
    (package / "world" / "other.py").write_text("three")
    assert module._sources_digest() != before


def test_without_a_cache_folder_functions_are_compiled_nevertheless(monkeypatch):
    options_used = []

    def njit(**options):
        options_used.append(options)
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return numba.njit(**options)

    monkeypatch.setattr(module, "numba", SimpleNamespace(njit=njit))
    twice = compiled(lambda number: 2 * number)
    assert twice(21) == 42
    assert options_used == [{"cache": True, "nogil": True}, {"nogil": True}]
