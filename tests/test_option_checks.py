import os

import pytest

from namo.errors import UsageError
from namo.option_checks import at_least, require_writable


def test_a_value_below_the_minimum_is_refused_with_option_value_and_minimum():
    at_least("max_depth", 0, 0)
    with pytest.raises(UsageError) as caught:
        at_least("max_depth", -1, 0)
    assert str(caught.value) == "--max-depth is -1; allowed: integers from 0 up"


def test_a_folder_that_does_not_exist_yet_is_writable_and_not_created(tmp_path):
    require_writable(tmp_path / "a" / "b", "--output-dir")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_below_a_file_is_refused_with_the_file(tmp_path):
    file = tmp_path / "file"
    file.touch()
    for folder in (file, file / "a" / "b"):
        with pytest.raises(UsageError) as caught:
            require_writable(folder, "--output-dir")
        assert (
            str(caught.value) == f"--output-dir '{folder}': '{file}' is a file; allowed: a folder"
        )


def test_a_folder_without_permission_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    with pytest.raises(UsageError, match="no permission to write"):
        require_writable(tmp_path / "a", "--output-dir")
