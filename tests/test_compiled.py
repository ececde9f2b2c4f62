import os
import pickle
import subprocess
import sys

import pytest

from namo import cache_files, machine_code
from namo import compiled as module
from namo.compiled import compiled
from namo.files import read_sealed, write_sealed

SCRIPT = """
import sys
from pathlib import Path
from namo.world.free_space import FreeSpace
from namo.scenes.grid import Grid
from namo.scenes.scene import Bounds
grid = Grid.over(Bounds(0.0, 0.0, 0.2, 0.2))
print(FreeSpace(grid, grid.blank()).runs.begin.tolist())
"""


def run(tmp_path, cache, home, **switches):
    environment = os.environ | switches | {"NAMO_CACHE_DIR": str(cache), "HOME": str(home)}
    command = [sys.executable, "-c", SCRIPT]
    return subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.slow
def test_machine_code_is_cached_by_the_hash_of_its_sources(tmp_path):
    printed = run(tmp_path, tmp_path / "cache", tmp_path)
    (folder,) = (tmp_path / "cache" / "compiled").iterdir()
    assert folder.name == machine_code._sources_digest()
    cached = set(folder.rglob("*.nbc"))
    assert cached
    assert run(tmp_path, tmp_path / "cache", tmp_path) == printed
    assert set(folder.rglob("*.nbc")) == cached  # not compiled again


@pytest.mark.slow
def test_machine_code_is_not_shared_between_kinds_of_processors(tmp_path):
    """One folder may be that of a cluster whose nodes differ."""
    cache = tmp_path / "cache"

    def code():
        return {path: path.read_bytes() for path in cache.rglob("*.nbc")}

    printed = run(tmp_path, cache, tmp_path)
    own = code()
    other = {"NUMBA_CPU_NAME": "nocona", "NUMBA_CPU_FEATURES": ""}
    assert run(tmp_path, cache, tmp_path, **other) == printed
    both = code()
    assert both.keys() > own.keys()
    assert {path: both[path] for path in own} == own
    run(tmp_path, cache, tmp_path)  # both stay
    run(tmp_path, cache, tmp_path, **other)
    assert code() == both


def test_any_source_changes_the_cache_folder(tmp_path, monkeypatch):
    package = tmp_path / "namo"
    (package / "world").mkdir(parents=True)
    (package / "compiled.py").write_text("one")
    (package / "world" / "other.py").write_text("two")
    monkeypatch.setattr(machine_code, "__file__", str(package / "compiled.py"))
    before = machine_code._sources_digest()
    assert machine_code._sources_digest() == before
    (package / "world" / "other.py").write_text("three")
    assert machine_code._sources_digest() != before


def twice(number):
    return 2 * number


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A folder for machine code, empty."""
    monkeypatch.setattr(module, "_FOLDER", tmp_path / "compiled")
    monkeypatch.setattr(cache_files, "_warned", set())
    return tmp_path / "compiled"


def hits(function):
    """How often machine code was found on disk."""
    return sum(function.stats.cache_hits.values())


def files(cache):
    return sorted(path for path in cache.rglob("*") if path.is_file())


def test_machine_code_is_sealed_and_found_again(cache):
    assert compiled(twice)(21) == 42
    assert [path.suffix for path in files(cache)] == [".nbc", ".nbi"]
    for path in files(cache):
        read_sealed(path)
    again = compiled(twice)
    assert again(21) == 42
    assert hits(again) == 1


def emptied(data):
    return b""


def cut(data):
    return data[: len(data) // 2]


def flipped(data):
    return data[:50] + bytes([data[50] ^ 1]) + data[51:]


@pytest.mark.parametrize("suffix", [".nbc", ".nbi"])
@pytest.mark.parametrize("damage", [emptied, cut, flipped])
def test_damaged_machine_code_is_compiled_again(cache, suffix, damage):
    compiled(twice)(21)
    (path,) = cache.rglob(f"*{suffix}")
    path.write_bytes(damage(path.read_bytes()))
    for found in (0, 1):
        function = compiled(twice)
        assert function(21) == 42
        assert hits(function) == found


@pytest.mark.parametrize("suffix", [".nbc", ".nbi"])
@pytest.mark.parametrize("content", [{}, 5, None, ("a", "b", {}), b"x"])
def test_machine_code_of_another_content_is_compiled_again(cache, suffix, content):
    """With the right checksum."""
    compiled(twice)(21)
    (path,) = cache.rglob(f"*{suffix}")
    write_sealed(path, pickle.dumps(content))
    for found in (0, 1):
        function = compiled(twice)
        assert function(21) == 42
        assert hits(function) == found


def test_without_a_cache_folder_functions_are_compiled_nevertheless(cache, caplog):
    cache.write_text("a file in place of the folder")
    assert compiled(twice)(21) == 42
    assert "continuing without it" in caplog.text
