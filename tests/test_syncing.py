import os
from pathlib import Path

import pytest

from namo.syncing import make_folder, sync, sync_tree


@pytest.fixture
def flushed(monkeypatch):
    """The paths that are flushed, in order."""
    paths, names, real = [], {}, os.open

    def opened(path, *rest, **options):
        descriptor = real(path, *rest, **options)
        names[descriptor] = Path(path)
        return descriptor

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "fsync", lambda descriptor: paths.append(names[descriptor]))
    return paths


def test_every_new_folder_is_flushed_in_the_one_that_holds_it(tmp_path, flushed):
    (tmp_path / "old").mkdir()
    make_folder(tmp_path / "old" / "new" / "newer")
    assert (tmp_path / "old" / "new" / "newer").is_dir()
    assert flushed == [tmp_path / "old", tmp_path / "old" / "new"]


def test_a_folder_that_is_there_is_left_alone(tmp_path, flushed):
    make_folder(tmp_path)
    assert flushed == []


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OSError, match="file"):
            make_folder(path)


def test_a_tree_is_flushed_whole_but_for_what_links_lead_to(tmp_path, flushed):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").touch()
    (tmp_path / "link").symlink_to("/dev/zero")
    sync_tree(tmp_path)
    assert set(flushed) == {tmp_path, tmp_path / "in", tmp_path / "in" / "a"}
    assert flushed[-1] == tmp_path


def test_what_is_not_there_cannot_be_flushed(tmp_path):
    with pytest.raises(FileNotFoundError):
        sync(tmp_path / "gone")
