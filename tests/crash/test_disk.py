"""The model of the disk itself: what is certain after which operations."""

import os

import pytest

from namo.files import replacing
from namo.syncing import sync
from tests.crash.disk import Recorder, disk_states


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def states(root, *operations):
    """The files of every state that the disk may be in after some operations."""
    recorder = Recorder(root)
    with recorder.recording():
        for operation in operations:
            operation()
    return [state.files for state in disk_states(recorder)]


def write(path, content, *, synced=False):
    def operation():
        with path.open("wb") as handle:
            handle.write(content)
            handle.flush()
            if synced:
                os.fsync(handle.fileno())

    return operation


def test_a_file_that_was_not_synced_may_be_anything(root):
    found = states(root, write(root / "a", b"1234"))
    assert {None, b"", b"12", b"1234", bytes(4)} == {files.get("a") for files in found}


def test_a_file_that_was_synced_is_there_for_good(root):
    found = states(root, write(root / "a", b"1234", synced=True), write(root / "b", b"5678"))
    assert all(files["a"] == b"1234" for files in found if "b" in files)
    assert {b"", b"56", b"5678", bytes(4)} == {files["b"] for files in found if "b" in files}


def test_a_file_that_is_written_again_may_have_what_was_synced_before(root):
    write(root / "a", b"old!", synced=True)()
    found = states(root, write(root / "a", b"new?"))
    assert {b"old!", b"new?", b"", b"ne", bytes(4)} == {files["a"] for files in found}


def test_what_was_synced_stays_when_more_is_appended(root):
    write(root / "a", b"old!", synced=True)()

    def append():
        with (root / "a").open("ab") as handle:
            handle.write(b"more")

    found = states(root, append)
    assert {b"old!", b"old!mo", b"old!more", b"old!" + bytes(4)} == {files["a"] for files in found}


def test_names_are_changed_in_order_and_the_last_changes_may_be_lost(root):
    recorder = Recorder(root)
    with recorder.recording():
        (root / "a").mkdir()
        (root / "b").mkdir()
        (root / "a").rename(root / "c")
    folders = [state.folders for state in disk_states(recorder)]
    assert folders == [(), ("a",), ("a", "b"), ("b", "c")]
    recorder = Recorder(root)
    write(root / "x", b"1", synced=True)()
    with recorder.recording():
        (root / "x").rename(root / "y")
        (root / "y").rename(root / "z")
    assert [sorted(state.files) for state in disk_states(recorder)] == [["x"], ["y"], ["z"]]


def test_a_sync_of_anything_makes_all_earlier_changes_of_names_certain(root):
    write(root / "x", b"1", synced=True)()
    recorder = Recorder(root)
    with recorder.recording():
        (root / "x").rename(root / "y")
        sync(root)
        (root / "y").rename(root / "z")
    found = [(state.label.split(",")[0], *state.files) for state in disk_states(recorder)]
    assert [names for _, *names in found] == [["x"], ["y"], ["z"]]
    assert recorder.moments[-1].journaled == 1


def test_a_replaced_file_is_the_old_or_the_new_one(root):
    write(root / "a", b"old!", synced=True)()

    def replace():
        with replacing(root / "a") as handle:
            handle.write(b"new, and longer")

    found = states(root, replace)
    assert {files["a"] for files in found} == {b"old!", b"new, and longer"}


def test_a_file_replaced_without_a_sync_may_be_lost(root):
    """So the tests below would notice if `replacing` did not sync."""
    write(root / "a", b"old!", synced=True)()
    found = states(root, write(root / "b", b"new?"), lambda: (root / "b").replace(root / "a"))
    assert {files["a"] for files in found} == {b"old!", b"new?", b"", b"ne", bytes(4)}


def test_a_file_that_is_removed_may_come_back(root):
    write(root / "a", b"1", synced=True)()
    found = states(root, (root / "a").unlink)
    assert [files.get("a") for files in found] == [b"1", None]
