import os
from pathlib import Path

import pytest

from namo.commands.parsing import Parser
from namo.errors import UsageError
from namo.option_checks import (
    MAX_INTEGER,
    at_least,
    expanded_path,
    option_with,
    require_plain_name,
    require_writable,
)


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


def test_a_value_above_the_maximum_is_refused_with_the_range():
    at_least("threads", 8, 1, 8)
    with pytest.raises(UsageError, match="--threads is 9; allowed: integers from 1 to 8"):
        at_least("threads", 9, 1, 8)
    with pytest.raises(UsageError, match=f"from 0 to {MAX_INTEGER}"):
        at_least("max_depth", 2**200, 0)


@pytest.mark.parametrize(
    ("given", "expanded"),
    [
        ("~", "/home/me"),
        ("~/a b", "/home/me/a b"),
        ("$HOME/x", "/home/me/x"),
        ("${HOME}/x", "/home/me/x"),
        ("/scratch/$NAMO_USER/x", "/scratch/me/x"),
        ("$NAMO_USER-runs/x", "me-runs/x"),
        ("a/~", "a/~"),
        ("./~/x", "./~/x"),
        ("price$HOME", "price$HOME"),
        ("out; rm -rf $HOME", "out; rm -rf $HOME"),
        ("a$/b$1/$1", "a$/b$1/$1"),
        ("/plain/path", "/plain/path"),
        ("-out", "-out"),
    ],
)
def test_home_and_variables_are_expanded_where_a_component_starts(monkeypatch, given, expanded):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("NAMO_USER", "me")
    assert expanded_path(given, "output_dir") == expanded


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "output_dir is ''; allowed: a path"),
        ("a\0b", "no NUL"),
        ("$NAMO_NOT_SET/x", "the variable NAMO_NOT_SET is not set"),
        ("a/${NAMO_NOT_SET}", "the variable NAMO_NOT_SET is not set"),
        ("~no-such-user-here/x", "there is no such home folder"),
    ],
)
def test_what_cannot_be_expanded_is_refused(monkeypatch, tmp_path, given, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        expanded_path(given, "output_dir")


def test_an_existing_file_of_that_very_name_is_meant(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("$NAMO_NOT_SET", "~no-such-user-here"):
        (tmp_path / name).touch()
        assert expanded_path(name, "manifest") == name


@pytest.mark.parametrize("path", ["~/x", "-out", "plain", "/a/-b"])
def test_an_argument_is_read_as_the_path_that_it_was(path):
    parser = Parser(prog="tool")
    parser.add_argument("--place", type=Path)
    options = parser.parse_args(option_with("--place", path, is_path=True))
    assert str(options.place) == path


def test_text_that_starts_with_a_dash_is_no_option():
    assert option_with("--split", "-a", is_path=False) == ["--split=-a"]
    assert option_with("--split", "a", is_path=False) == ["--split", "a"]
    assert option_with("--trust", True, is_path=False) == ["--trust"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("a{b}", "must not hold { }"),
        ("runs/<x>/y", "must not hold < >"),
        ("a\x1b[31m", r"must not hold '\\x1b'"),
        ("a\nb", r"must not hold '\\n'"),
        ("-out", "starts with '-' looks like an option"),
    ],
)
def test_a_path_of_the_pipeline_has_no_pattern(path, message):
    with pytest.raises(UsageError, match=message):
        require_plain_name(path, "output_dir")
    require_plain_name("/plain/ä b'c/x", "output_dir")
