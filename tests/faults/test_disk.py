import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from namo import files
from tests.faults.conftest import Collector, is_root

SCRIPT = Path(__file__).resolve().parents[2] / "workflow/scripts/sequential_ml_collection.py"

needs_mounts = pytest.mark.skipif(not is_root(), reason="mounting a file system needs root")


class Disk:
    """Count the files that are written; the disk is full at one of them."""

    def __init__(self, monkeypatch, full_at=None):
        self.written, self.full_at, self.open = 0, full_at, os.fdopen
        monkeypatch.setattr(files.os, "fdopen", self._fdopen)

    def _fdopen(self, descriptor, mode):
        handle = self.open(descriptor, mode)
        if mode == "rb":
            return handle
        self.written += 1
        return _Full(handle) if self.written == self.full_at else handle


class _Full:
    """A file that takes no bytes."""

    def __init__(self, handle):
        self._handle = handle

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._handle.close()

    def __getattr__(self, name):
        return getattr(self._handle, name)

    def write(self, _):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.slow
def test_a_disk_full_at_any_write_loses_nothing_that_was_finished(
    collector, undisturbed, tmp_path, monkeypatch, capsys
):
    count = Disk(monkeypatch)
    assert Collector(collector.scenes, tmp_path / "whole").run() == 0
    assert count.written > 15
    for full_at in range(1, count.written + 1):
        here = Collector(collector.scenes, tmp_path / str(full_at))
        with monkeypatch.context() as patch:
            Disk(patch, full_at)
            assert here.run() == 1, f"at write {full_at}"
        named = rf"No space left on device.*: '{re.escape(str(here.output))}/\S+'"
        assert re.search(named, capsys.readouterr().err), f"at write {full_at}"
        assert here.temporary() == []
        finished = {path: path.stat().st_mtime_ns for path in here.output.glob("*_results.pkl")}
        assert here.run() == 0
        assert here.content() == undisturbed
        assert {path: path.stat().st_mtime_ns for path in finished} == finished


@needs_mounts
@pytest.mark.parametrize("kilobytes", [4, 24, 48, 72, 100])
def test_a_run_resumes_after_a_small_disk_is_enlarged(
    collector, undisturbed, tmp_path, kilobytes, capsys
):
    collector.output.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(collector.output)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    try:
        assert collector.run() == 1
        assert "No space left on device" in capsys.readouterr().err
        larger = ["mount", "-o", "remount,size=16m", str(collector.output)]
        subprocess.run(larger, check=True)
        assert collector.run() == 0
        assert collector.content() == undisturbed
        assert collector.temporary() == []
    finally:
        subprocess.run(["umount", str(collector.output)], check=True)


@needs_mounts
def test_a_folder_that_became_read_only_is_named(collector, undisturbed, capsys):
    collector.output.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(collector.output)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    try:
        assert collector.run() == 2
        assert f"no permission to write in '{collector.output}'" in capsys.readouterr().err
        subprocess.run(["mount", "-o", "remount,rw", str(collector.output)], check=True)
        assert collector.run() == 0
        assert collector.content() == undisturbed
    finally:
        subprocess.run(["umount", str(collector.output)], check=True)


@pytest.mark.skipif(is_root(), reason="permissions do not bind root")
def test_a_folder_without_permission_is_named(collector, capsys):
    collector.output.mkdir(mode=0o555)
    assert collector.run() == 2
    assert f"no permission to write in '{collector.output}'" in capsys.readouterr().err


def test_a_collector_without_room_for_its_cache_says_so(collector, tmp_path):
    (tmp_path / "cache").touch()
    done = subprocess.run(
        [sys.executable, SCRIPT, *collector.arguments],
        env={**os.environ, "NAMO_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "NAMO_CACHE_DIR" in done.stderr
    assert not collector.output.exists()
