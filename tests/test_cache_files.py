import errno
import logging
import os

import pytest

from namo import cache_files
from namo.cache_files import read_cached, write_cached
from namo.files import read_sealed


@pytest.fixture(autouse=True)
def forgetful(monkeypatch):
    """Warns again about folders that were warned about."""
    monkeypatch.setattr(cache_files, "_warned", set())


def test_what_is_written_is_read(tmp_path):
    write_cached(tmp_path / "new" / "file", b"content")
    assert read_cached(tmp_path / "new" / "file") == b"content"
    assert read_sealed(tmp_path / "new" / "file") == b"content"


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "flipped", "folder", "pipe"])
def test_a_file_that_is_missing_or_damaged_counts_as_none(tmp_path, damage, caplog):
    path = tmp_path / "file"
    write_cached(path, b"content")
    data = bytearray(path.read_bytes())
    if damage in ("missing", "folder", "pipe"):
        path.unlink()
    if damage == "folder":
        path.mkdir()
    if damage == "pipe":
        os.mkfifo(path)
    if damage in ("empty", "cut"):
        path.write_bytes(data[: len(data) // 2 if damage == "cut" else 0])
    if damage == "flipped":
        data[2] ^= 8
        path.write_bytes(data)
    assert read_cached(path) is None
    assert not caplog.records


def test_a_full_disk_is_a_warning_that_names_the_folder_once(tmp_path, monkeypatch, caplog):
    def full(path, _):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setenv("NAMO_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(cache_files, "write_sealed", full)
    for name in ("a", "b", "c/d"):
        write_cached(tmp_path / name, b"")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.message == (
        f"warning: cache '{tmp_path}': [Errno {errno.ENOSPC}] No space left on device: "
        f"'{tmp_path / 'a'}'; continuing without it, which takes longer (NAMO_CACHE_DIR names "
        "another folder)"
    )


def test_a_file_that_cannot_be_read_is_a_warning(tmp_path, monkeypatch, caplog):
    def broken(path):
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    monkeypatch.setattr(cache_files, "read_sealed", broken)
    assert read_cached(tmp_path / "file") is None
    assert f"cache '{tmp_path}': " in caplog.text, "it is not in the folder of the cache"
    assert f"{tmp_path / 'file'}" in caplog.text
