"""Shipped files are found in a clone, in a wheel, and from every working directory."""

import pytest

from namo import shipped
from namo.shipped import here_or_shipped, shipped_folder
from tests.conftest import REPOSITORY

MODEL = "resources/models/goal"


def test_in_a_clone_they_are_at_its_top_level():
    assert shipped_folder() == REPOSITORY
    assert (shipped_folder() / "Snakefile").is_file()


def test_in_a_wheel_they_are_inside_the_package(tmp_path, monkeypatch):
    inside = tmp_path / "namo" / "shipped_files"
    inside.mkdir(parents=True)
    monkeypatch.setattr(shipped, "_IN_A_WHEEL", inside)
    assert shipped_folder() == inside


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory with nothing in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_path_is_that_of_the_shipped_file_where_only_this_exists(here):
    assert here_or_shipped(MODEL) == str(shipped_folder() / MODEL)
    (here / MODEL).mkdir(parents=True)
    assert here_or_shipped(MODEL) == MODEL


def test_what_is_nowhere_is_named_as_it_was_given(here):
    assert here_or_shipped("./none") == "./none"
    assert here_or_shipped(str(here / MODEL)) == str(here / MODEL)
