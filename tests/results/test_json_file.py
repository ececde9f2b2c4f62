from typing import TypedDict

import pytest

from namo.errors import ResultFileError
from namo.results import json_file
from namo.results.index_range import MAX_ENVIRONMENTS, require_range
from namo.results.json_file import read_json


class Content(TypedDict):
    number: int


def test_a_file_of_the_type_is_read(tmp_path):
    (tmp_path / "a.json").write_text('{"number": 3}')
    assert read_json(tmp_path / "a.json", Content) == {"number": 3}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"\xff", "not valid JSON"),
        (b'{"number": ' + b"9" * 10_000 + b"}", "not valid JSON"),
        (b"[" * 200_000 + b"]" * 200_000, "nested too deep"),
        (b'{"number": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deep"),
        (b"5", "not a JSON object"),
        (b"[1]", "not a JSON object"),
        (b"{}", "has no 'number'"),
        (b'{"number": "3"}', "allowed: an integer"),
        (b'{"number": 1e12}', "allowed: an integer"),
    ],
)
def test_another_content_is_named_with_the_file_and_the_advice(tmp_path, content, problem):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ResultFileError) as caught:
        read_json(path, Content, "; delete it")
    assert str(caught.value).startswith(str(path))
    assert problem in str(caught.value)
    assert str(caught.value).endswith("; delete it")


def test_a_file_that_is_too_large_is_not_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(json_file, "MAX_BYTES", 10)
    (tmp_path / "a.json").write_text('{"number": 3}')
    with pytest.raises(ResultFileError, match="has more than 10 bytes"):
        read_json(tmp_path / "a.json", Content)


def test_a_range_is_returned_as_numbers():
    assert require_range("000003", "000006", "folder") == (3, 6)
    assert require_range(0, MAX_ENVIRONMENTS, "folder") == (0, MAX_ENVIRONMENTS)


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 10**12), ("0", "9" * 100_000), (3, 3), (4, 3), (-1, 3), (0, MAX_ENVIRONMENTS + 1)],
)
def test_a_range_that_is_impossible_is_named(start, end):
    with pytest.raises(ResultFileError) as caught:
        require_range(start, end, "folder")
    assert str(caught.value).startswith("folder: is a range of environments from")
    assert len(str(caught.value)) < 200
