import errno
import hashlib
import os
import re
import stat
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from namo import files
from namo.errors import BusyError, ResultFileError, UsageError
from namo.files import (
    TEMPORARY_SUFFIX,
    cache_folder,
    copy_regular,
    from_here,
    named_errors,
    new_folder,
    read_sealed,
    remove_leftovers,
    replacing,
    require_home_cache,
    require_inside,
    sha256_of,
    write_sealed,
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


def test_the_error_of_the_block_is_kept_if_its_temporary_file_was_removed(tmp_path):
    def write_and_lose():
        with replacing(tmp_path / "data.bin"):
            (temporary,) = tmp_path.iterdir()
            temporary.unlink()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_lose()
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_file_is_named_after_the_file_it_replaces(tmp_path):
    with replacing(tmp_path / "data.bin"):
        (temporary,) = tmp_path.iterdir()
        assert re.fullmatch(r"\.data\.bin\.[^.]+\.partial", temporary.name)


def test_a_full_disk_names_the_file_that_was_being_written(tmp_path):
    path = tmp_path / "data.bin"
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_half(path, OSError(errno.ENOSPC, "No space left on device"))
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(path)


def test_an_error_that_names_another_file_keeps_that_name(tmp_path):
    error = FileNotFoundError(errno.ENOENT, "No such file", "/the/other")
    with pytest.raises(FileNotFoundError) as caught:
        write_half(tmp_path / "data.bin", error)
    assert caught.value is error


def test_an_error_without_a_number_keeps_its_text_and_gets_the_file(tmp_path):
    with pytest.raises(OSError, match="write failed") as caught, named_errors(tmp_path / "a"):
        raise OSError("write failed")
    found = caught.value
    assert (found.errno, found.strerror) == (errno.EIO, "write failed")
    assert found.filename == str(tmp_path / "a")


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
    for name, number in (("link", errno.ELOOP), ("pipe", errno.EINVAL)):
        with pytest.raises(OSError, match=name) as caught:
            copy_regular(tmp_path / name, tmp_path / "other")
        assert caught.value.errno == number
        assert caught.value.filename in (tmp_path / name, str(tmp_path / name))
    assert caught.value.strerror == "not a regular file"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_no_folder_appears_if_the_block_raises(tmp_path, error):
    with pytest.raises(error):
        fill_half(tmp_path / "new", error)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_created_leaves_nothing(tmp_path, monkeypatch):
    mkdir = Path.mkdir

    def full(path, *rest, **options):
        if path.name.endswith(TEMPORARY_SUFFIX):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        mkdir(path, *rest, **options)

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(OSError, match="No space left"), new_folder(tmp_path / "new"):
        pytest.fail("it was opened")
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


def test_a_folder_that_another_process_has_filled_meanwhile_is_refused(tmp_path, monkeypatch):
    @contextmanager
    def held(path, *_, wait):
        path.touch()
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "theirs").write_text("theirs")
        yield

    monkeypatch.setattr(files, "lock_held", held)
    with pytest.raises(UsageError, match="already exists"), new_folder(tmp_path / "new"):
        pytest.fail("it was opened")
    assert [path.name for path in tmp_path.rglob("*")] == ["new", "theirs"]


def test_files_and_folders_that_are_not_empty_are_refused(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    for path in (tmp_path / "full", tmp_path / "full" / "mine"):
        with pytest.raises(UsageError, match="already exists"), new_folder(path):
            pytest.fail("it was opened")
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "mine"]


def test_only_leftovers_of_the_named_files_are_removed(tmp_path):
    kept = (
        *("a.bin", ".a.bin", ".other.bin.x1_y.partial", ".a.x.partial", ".a.bin.x.part"),
        ".ba.bin.x.partial",
    )
    for name in (*kept, ".a.bin.x1_y.partial", ".a.bin.zz.partial", ".b.c.partial"):
        (tmp_path / name).touch()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / ".a.bin.x.partial").touch()
    remove_leftovers(tmp_path, iter(["a.bin", "b"]))
    assert {path.name for path in tmp_path.iterdir()} == {*kept, "in"}
    assert (tmp_path / "in" / ".a.bin.x.partial").exists()
    remove_leftovers(tmp_path / "nowhere", ["a.bin"])


def test_without_names_all_leftovers_are_removed(tmp_path):
    for name in ("a.bin", ".a.bin.x.partial", ".b.c.y.partial"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_leftovers_that_another_process_removes_first_are_no_error(tmp_path, monkeypatch):
    gone = tmp_path / ".a.bin.x.partial"
    monkeypatch.setattr(Path, "glob", lambda folder, pattern: [gone])
    remove_leftovers(tmp_path, ["a.bin"])


def test_a_link_out_of_the_folder_is_named_with_where_it_leads(tmp_path):
    folder, outside = tmp_path / "out", tmp_path / "outside"
    (folder / "in").mkdir(parents=True)
    outside.mkdir()
    (folder / "in" / "link").symlink_to(outside)
    with pytest.raises(ResultFileError) as caught:
        require_inside(folder, folder / "in" / "link" / "file")
    assert str(caught.value) == (
        f"{folder / 'in' / 'link'}: a symbolic link to {outside}, which leads out of the "
        f"collection {folder}; replace it by the file itself"
    )


def test_links_within_a_folder_and_to_it_lead_nowhere_else(tmp_path):
    (tmp_path / "out" / "in").mkdir(parents=True)
    (tmp_path / "out" / "link").symlink_to("in")
    (tmp_path / "here").symlink_to("out")
    for folder in (tmp_path / "out", tmp_path / "here"):
        for name in ("in/file", "link", "link/file", "none/at/all"):
            require_inside(folder, folder / name)


def test_a_sealed_file_holds_the_data_and_then_their_hash(tmp_path):
    path = tmp_path / "sealed"
    write_sealed(path, b"content")
    seal = b"\nsha256:" + hashlib.sha256(b"content").hexdigest().encode()
    assert path.read_bytes() == b"content" + seal
    assert read_sealed(path) == b"content"
    assert sha256_of(path) == hashlib.sha256(b"content" + seal).hexdigest()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no checksum at its end; the file is truncated or not a sealed file"),
        (b"content", "no checksum at its end; the file is truncated or not a sealed file"),
        (b"content\nsha256:" + b"0" * 64, "checksum mismatch; the file is damaged"),
    ],
    ids=["empty", "without", "another"],
)
def test_a_file_without_its_seal_is_named_with_the_reason(tmp_path, content, said):
    (tmp_path / "sealed").write_bytes(content)
    with pytest.raises(ResultFileError) as caught:
        read_sealed(tmp_path / "sealed")
    assert str(caught.value) == f"{tmp_path / 'sealed'}: {said}"


def test_a_file_that_does_not_fit_into_memory_is_named(tmp_path, monkeypatch):
    class TooLarge(BytesIO):
        def read(self, size=-1):
            raise MemoryError

    monkeypatch.setattr(files, "open_regular", lambda path: TooLarge())
    with pytest.raises(ResultFileError) as caught:
        read_sealed(tmp_path / "sealed")
    assert str(caught.value) == f"{tmp_path / 'sealed'}: too large to be read"


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
    monkeypatch.setenv("NAMO_CACHE_DIR", "/dev/null/only/on/the/nodes")
    require_home_cache()


def test_without_a_home_folder_the_cache_has_to_be_named(monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    for name in ("NAMO_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(UsageError) as caught:
        cache_folder()
    assert str(caught.value) == (
        "there is no home folder to cache primitives in; set HOME or NAMO_CACHE_DIR to a folder "
        "that can be written to"
    )
