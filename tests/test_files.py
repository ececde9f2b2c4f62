import os
import stat
from pathlib import Path

import pytest

from namo.errors import BusyError, UsageError
from namo.files import (
    TEMPORARY_SUFFIX,
    cache_folder,
    copy_regular,
    from_here,
    new_folder,
    replacing,
    require_home_cache,
)


def write_half(path, error):
    """Start writing a file and raise."""
    with replacing(path) as handle:
        handle.write(b"half of the n")
        raise error


def test_the_file_contains_what_was_written(tmp_path):
    path = tmp_path / "data.bin"
    with replacing(path) as handle:
        handle.write(b"one ")
        handle.write(b"two")
    assert path.read_bytes() == b"one two"


def test_readers_see_the_old_file_until_the_block_ends(tmp_path):
    path = tmp_path / "data.bin"
    path.write_bytes(b"old")
    with replacing(path) as handle:
        handle.write(b"new, longer")
        handle.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new, longer"


def test_a_new_file_appears_only_when_the_block_ends(tmp_path):
    path = tmp_path / "data.bin"
    with replacing(path) as handle:
        handle.write(b"new")
        assert not path.exists()
        (temporary,) = tmp_path.iterdir()
        assert temporary.name.endswith(TEMPORARY_SUFFIX)


def test_the_bytes_are_synced_before_the_name_and_then_the_folder(tmp_path, monkeypatch):
    path = tmp_path / "data.bin"
    calls = []

    def fsync(descriptor):
        synced = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        calls.append((synced, path.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    with replacing(path) as handle:
        handle.write(b"new")
    assert calls == [("file", False), ("folder", True)]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_the_old_file_is_unchanged_if_the_block_raises(tmp_path, error):
    path = tmp_path / "data.bin"
    path.write_bytes(b"old")
    with pytest.raises(error):
        write_half(path, error)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_no_file_appears_if_the_block_raises(tmp_path):
    with pytest.raises(RuntimeError):
        write_half(tmp_path / "data.bin", RuntimeError)
    assert list(tmp_path.iterdir()) == []


def test_no_temporary_file_is_left_if_the_rename_fails(tmp_path):
    path = tmp_path / "data.bin"
    path.mkdir()
    with pytest.raises(OSError, match="directory"), replacing(path) as handle:
        handle.write(b"new")
    assert list(tmp_path.iterdir()) == [path]


def test_no_temporary_file_is_left_if_the_block_succeeds(tmp_path):
    path = tmp_path / "data.bin"
    for content in (b"one", b"two"):
        with replacing(path) as handle:
            handle.write(content)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o002, 0o664)])
def test_permissions_follow_the_umask(tmp_path, umask, mode):
    path = tmp_path / "data.bin"
    before = os.umask(umask)
    try:
        with replacing(path) as handle:
            handle.write(b"x")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_the_folder_is_created(tmp_path):
    path = tmp_path / "a" / "b" / "data.bin"
    with replacing(path) as handle:
        handle.write(b"x")
    assert path.read_bytes() == b"x"


def test_two_writers_do_not_disturb_each_other(tmp_path):
    path = tmp_path / "data.bin"
    with replacing(path) as first, replacing(path) as second:
        first.write(b"first")
        second.write(b"second")
    assert path.read_bytes() == b"first"  # the one that finished last
    assert list(tmp_path.iterdir()) == [path]


def fill_half(path, error):
    """Start filling a folder and raise."""
    with new_folder(path) as folder:
        (folder / "half").write_text("of it")
        raise error


@pytest.mark.parametrize("exists", [False, True])
def test_a_folder_gets_its_name_once_it_is_filled(tmp_path, exists):
    path = tmp_path / "above" / "new"
    if exists:
        path.mkdir(parents=True)
    with new_folder(path) as folder:
        (folder / "a").write_text("a")
        assert not (path / "a").exists()
    assert [each.name for each in path.iterdir()] == ["a"]
    assert list(path.parent.iterdir()) == [path]


def test_a_new_folder_has_the_usual_permissions(tmp_path):
    (tmp_path / "usual").mkdir()
    with new_folder(tmp_path / "new"):
        pass
    usual, new = (stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "new"))
    assert new == usual


def test_a_folder_is_flushed_with_all_it_holds_before_it_gets_its_name(tmp_path, monkeypatch):
    flushed, names, real = [], {}, os.open

    def opened(path, *rest, **options):
        descriptor = real(path, *rest, **options)
        names[descriptor] = Path(path)
        return descriptor

    def flush(descriptor):
        flushed.append((names[descriptor], (tmp_path / "new").exists()))

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "fsync", flush)
    with new_folder(tmp_path / "new") as folder:
        (folder / "in" / "it").mkdir(parents=True)
        (folder / "in" / "it" / "a").write_text("a")
        (folder / "out").symlink_to("/dev/zero")
        filled = {folder, folder / "in", folder / "in" / "it", folder / "in" / "it" / "a"}
    assert {path for path, named in flushed if not named} == filled
    assert (tmp_path, True) in flushed


def test_only_regular_files_are_copied(tmp_path):
    (tmp_path / "file").write_text("content")
    copy_regular(tmp_path / "file", tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "content"
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(OSError, match=name):
            copy_regular(tmp_path / name, tmp_path / "other")


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_no_folder_appears_if_the_block_raises(tmp_path, error):
    with pytest.raises(error):
        fill_half(tmp_path / "new", error)
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    left = tmp_path / f".new{TEMPORARY_SUFFIX}"
    left.mkdir()
    (left / "half").write_text("of it")
    with new_folder(tmp_path / "new") as folder:
        (folder / "a").write_text("a")
    assert [path.name for path in tmp_path.rglob("*")] == ["new", "a"]


def test_a_folder_cannot_be_filled_twice_at_a_time(tmp_path):
    with new_folder(tmp_path / "new") as folder:
        (folder / "a").write_text("a")
        with (
            pytest.raises(BusyError, match=r"\(pid \d+\), which is writing .*new"),
            new_folder(tmp_path / "new"),
        ):
            pytest.fail("it was opened")
    assert [path.name for path in tmp_path.rglob("*")] == ["new", "a"]


def test_files_and_folders_that_are_not_empty_are_refused(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    for path in (tmp_path / "full", tmp_path / "full" / "mine"):
        with pytest.raises(UsageError, match="already exists"), new_folder(path):
            pytest.fail("it was opened")
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "mine"]


def test_paths_inside_the_working_directory_are_relative_to_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert from_here(tmp_path / "a" / "b") == Path("a/b")
    assert from_here(Path("a/b")) == Path("a/b")
    assert from_here(tmp_path.parent / "b") == tmp_path.parent / "b"


@pytest.mark.parametrize("path", ["/data/a.xml", "data/a.xml", "./data/a.xml"])
def test_in_the_root_folder_paths_are_absolute_so_that_they_are_found_again(monkeypatch, path):
    monkeypatch.chdir("/")
    assert from_here(Path(path)) == Path("/data/a.xml")


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"NAMO_CACHE_DIR": "~/c"}, "/home/me/c"),
        ({"NAMO_CACHE_DIR": "$HOME/c", "XDG_CACHE_HOME": "/x"}, "/home/me/c"),
        ({"XDG_CACHE_HOME": "~/x"}, "/home/me/x/namo-collect"),
        ({}, "/home/me/.cache/namo-collect"),
    ],
)
def test_the_cache_is_where_the_environment_says(monkeypatch, variables, folder):
    for name in ("NAMO_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(folder)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"HOME": "/dev/null"}, r"set NAMO_CACHE_DIR, or another HOME\) '/dev/null/.cache"),
        (
            {"HOME": "/", "XDG_CACHE_HOME": "/dev/null"},
            r"another XDG_CACHE_HOME\) '/dev/null",
        ),
        ({"HOME": "/dev/null", "XDG_CACHE_HOME": "$NAMO_NOT_SET"}, "XDG_CACHE_HOME.* is not set"),
    ],
)
def test_a_home_that_cannot_hold_the_cache_is_named_in_one_sentence(monkeypatch, variables, said):
    for name in ("NAMO_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=said) as caught:
        require_home_cache()
    assert "\n" not in str(caught.value)
    monkeypatch.setenv("NAMO_CACHE_DIR", "/only/on/the/nodes")
    require_home_cache()
