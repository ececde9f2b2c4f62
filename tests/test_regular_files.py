import os
import socket
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from namo import regular_files
from namo.errors import NotRegularFileError, ResultFileError
from namo.files import read_sealed, sha256_of, write_sealed
from namo.locks import holder_of, lock_held
from namo.regular_files import open_regular, require_regular


def make(path, kind):
    if kind == "named pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "socket":
        server = socket.socket(socket.AF_UNIX)
        here = Path.cwd()
        os.chdir(path.parent)  # names of sockets are short
        try:
            server.bind(path.name)
        finally:
            os.chdir(here)
            server.close()
    return path


@pytest.mark.parametrize("kind", ["named pipe", "folder", "device", "socket"])
@pytest.mark.parametrize("read", [open_regular, require_regular, read_sealed, sha256_of, holder_of])
def test_only_regular_files_are_opened(tmp_path, kind, read):
    path = make(tmp_path / "file", kind)
    with pytest.raises(NotRegularFileError, match=rf"file: is a {kind}; expected a regular file"):
        read(path)


def test_a_pipe_in_place_of_a_lock_is_named(tmp_path):
    path = make(tmp_path / "lock", "named pipe")
    with pytest.raises(ResultFileError, match="lock: is a named pipe"):
        lock_held(path, "which tests", wait=False).__enter__()


def test_a_link_to_a_regular_file_is_read(tmp_path):
    write_sealed(tmp_path / "file", b"content")
    (tmp_path / "link").symlink_to("file")
    assert read_sealed(tmp_path / "link") == b"content"


def test_a_device_is_named_by_its_kind_whether_it_holds_blocks_or_characters(tmp_path, monkeypatch):
    for kind, name in ((stat.S_IFBLK, "a device"), (stat.S_IFCHR, "a device"), (0, "not a file")):
        monkeypatch.setattr(Path, "stat", lambda path, kind=kind: SimpleNamespace(st_mode=kind))
        with pytest.raises(NotRegularFileError) as caught:
            require_regular(tmp_path / "file")
        assert str(caught.value) == f"{tmp_path / 'file'}: is {name}; expected a regular file"


def test_a_file_that_is_replaced_by_a_pipe_while_it_is_opened_is_named_and_closed(
    tmp_path, monkeypatch
):
    os.mkfifo(tmp_path / "file")
    closed, close = [], os.close

    def noted(descriptor):
        closed.append(descriptor)
        close(descriptor)

    monkeypatch.setattr(regular_files, "require_regular", lambda path: None)
    monkeypatch.setattr(
        os, "close", lambda descriptor: (closed.append(descriptor), close(descriptor))
    )
    with pytest.raises(NotRegularFileError, match="file: is a named pipe"):
        open_regular(tmp_path / "file")
    (descriptor,) = closed
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_process_that_is_started_does_not_inherit_an_open_file(tmp_path):
    (tmp_path / "file").touch()
    with open_regular(tmp_path / "file") as handle:
        assert not os.get_inheritable(handle.fileno())


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")
