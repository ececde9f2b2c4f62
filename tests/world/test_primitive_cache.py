import errno
import io
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

from namo import cache_files
from namo.files import read_sealed, write_sealed
from namo.world import primitive_cache
from namo.world.primitive_cache import library_for
from namo.world.primitives import simulate_library


@pytest.fixture
def forgetful():
    """Clears the in-memory cache now and when called."""
    primitive_cache._library.cache_clear()
    yield primitive_cache._library.cache_clear
    primitive_cache._library.cache_clear()


@pytest.fixture
def simulations(monkeypatch):
    """The classes that were simulated."""
    seen = []

    def counted(box_class):
        seen.append(box_class)
        return simulate_library(box_class)

    monkeypatch.setattr(primitive_cache, "simulate_library", counted)
    return seen


def same(first, second):
    """Whether two libraries hold the same numbers."""
    return (
        first.size == second.size
        and np.array_equal(first.cost_to_go.table, second.cost_to_go.table)
        and all(
            np.array_equal(getattr(first, name), getattr(second, name))
            for name in ("displacements", "travels", "steps")
        )
    )


def test_a_library_on_disk_is_not_simulated_again(plain, rooms, tmp_path, forgetful, monkeypatch):
    def refuse(box_class):
        raise AssertionError("simulated although it is on disk")

    monkeypatch.setattr(primitive_cache, "simulate_library", refuse)
    shutil.copytree(os.environ["NAMO_CACHE_DIR"], tmp_path / "copy")
    scene = rooms.room(rooms.box(0.5, 0.5))
    loaded = library_for(scene, scene.movables[0], tmp_path / "copy")
    assert loaded is not plain
    assert same(loaded, plain)


def test_a_library_in_memory_is_not_loaded_again(heavy, tmp_path, forgetful, simulations):
    first = library_for(heavy, heavy.movables[0], tmp_path)
    shutil.rmtree(tmp_path / "primitives")
    assert library_for(heavy, heavy.movables[0], tmp_path) is first
    assert len(simulations) == 1


def test_the_cache_folder_is_created_and_holds_one_file_per_class(
    heavy, tmp_path, forgetful, simulations
):
    folder = tmp_path / "a" / "b"
    for movable in (heavy.movables[0], replace(heavy.movables[0], mass=60.0)):
        library_for(heavy, movable, folder)
    assert len(list((folder / "primitives").iterdir())) == len(simulations) == 2


def damaged(data, kind):
    if kind == "empty":
        return b""
    if kind == "text":
        return b"no numbers at all\n"
    if kind == "half":
        return data[: len(data) // 2]
    if kind == "last byte":
        return data[:-1]
    broken = bytearray(data)
    rng = np.random.default_rng(int(kind.split()[-1]))
    for place in rng.integers(len(broken), size=20):
        broken[place] ^= 1 << int(rng.integers(8))
    return bytes(broken)


@pytest.mark.parametrize("kind", ["empty", "text", "half", "last byte"])
def test_a_damaged_file_is_replaced(heavy, tmp_path, forgetful, simulations, kind):
    made = library_for(heavy, heavy.movables[0], tmp_path)
    (path,) = (tmp_path / "primitives").iterdir()
    whole = path.read_bytes()
    path.write_bytes(damaged(whole, kind))
    forgetful()
    assert same(library_for(heavy, heavy.movables[0], tmp_path), made)
    assert len(simulations) == 2
    forgetful()
    assert same(library_for(heavy, heavy.movables[0], tmp_path), made)
    assert len(simulations) == 2


@pytest.mark.slow
def test_a_file_with_flipped_bits_is_replaced(heavy, tmp_path, forgetful, simulations):
    made = library_for(heavy, heavy.movables[0], tmp_path)
    (path,) = (tmp_path / "primitives").iterdir()
    whole = path.read_bytes()
    for number in range(40):
        path.write_bytes(damaged(whole, f"bits {number}"))
        forgetful()
        assert same(library_for(heavy, heavy.movables[0], tmp_path), made), number


def test_a_file_without_its_arrays_is_replaced(heavy, tmp_path, forgetful, simulations):
    made = library_for(heavy, heavy.movables[0], tmp_path)
    (path,) = (tmp_path / "primitives").iterdir()
    buffer = io.BytesIO()
    np.savez(buffer, size=1.0)
    write_sealed(path, buffer.getvalue())
    forgetful()
    assert same(library_for(heavy, heavy.movables[0], tmp_path), made)


@pytest.mark.parametrize("change", ["shape", "type", "size", "object"])
def test_a_sealed_file_of_other_arrays_is_replaced(heavy, tmp_path, forgetful, simulations, change):
    made = library_for(heavy, heavy.movables[0], tmp_path)
    (path,) = (tmp_path / "primitives").iterdir()
    with np.load(io.BytesIO(read_sealed(path))) as stored:
        arrays = dict(stored)
    arrays |= {
        "shape": {"steps": arrays["steps"][:1]},
        "type": {"steps": arrays["steps"].astype(np.float32)},
        "size": {"size": 2 * arrays["size"]},
        "object": {"steps": np.array([{}])},
    }[change]
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_sealed(path, buffer.getvalue())
    forgetful()
    assert same(library_for(heavy, heavy.movables[0], tmp_path), made)
    assert len(simulations) == 2


def test_on_a_full_disk_primitives_are_simulated_and_kept_in_memory(
    heavy, tmp_path, forgetful, simulations, monkeypatch, caplog
):
    def full(path, _):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(cache_files, "write_sealed", full)
    monkeypatch.setattr(cache_files, "_warned", set())
    first = library_for(heavy, heavy.movables[0], tmp_path)
    assert library_for(heavy, heavy.movables[0], tmp_path) is first
    assert str(tmp_path) in caplog.text
    assert "No space left on device" in caplog.text


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"NAMO_CACHE_DIR": "/a/b", "XDG_CACHE_HOME": "/c"}, "/a/b"),
        ({"NAMO_CACHE_DIR": "", "XDG_CACHE_HOME": "/c"}, "/c/namo-collect"),
        ({"NAMO_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": "/h"}, "/h/.cache/namo-collect"),
    ],
)
def test_the_cache_folder_comes_from_the_environment(monkeypatch, variables, folder):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert str(primitive_cache.cache_folder()) == folder
