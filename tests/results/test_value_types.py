from typing import Any, NotRequired, TypedDict

import pytest

from namo.errors import ResultFileError
from namo.results.value_types import require_type


class Inner(TypedDict):
    number: float
    note: NotRequired[str | None]


class Outer(Inner):
    items: list[Inner]
    place: tuple[float, float]
    counts: dict[str, int]
    anything: Any
    flag: bool


class Partial(TypedDict, total=False):
    mean: float


GOOD = {
    "number": 1.5,
    "note": None,
    "items": [{"number": 2}],
    "place": (1.0, 2.0),
    "counts": {"a": 1},
    "anything": object(),
    "flag": True,
    "from a later version": 1,
}


def test_a_value_of_the_type_is_accepted():
    require_type(GOOD, Outer, "file: value")
    require_type({}, Partial, "file: value")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"number": "1"}, "['number'] is '1'; allowed: a number"),
        ({"number": float("nan")}, "['number'] is nan; allowed: a finite number"),
        ({"number": True}, "['number'] is True; allowed: a number"),
        ({"note": 5}, "['note'] is 5; allowed: text"),
        ({"items": 5}, "['items'] is 5; allowed: a list"),
        ({"items": [{"number": 1}, {}]}, "['items'][1] has no 'number'"),
        ({"items": [None]}, "['items'][0] is None; allowed: a dict"),
        ({"place": [1.0, 2.0]}, "['place'] is [1.0, 2.0]; allowed: a tuple of 2"),
        ({"place": (1.0,)}, "['place'] is (1.0,); allowed: a tuple of 2"),
        ({"place": (1.0, None)}, "['place'][1] is None; allowed: a number"),
        ({"counts": {"a": 1.0}}, "['counts']['a'] is 1.0; allowed: an integer"),
        ({"counts": {"a": 2**63}}, "['counts']['a'] is an integer beyond 64 bits"),
        ({"counts": {1: 1}}, "['counts'] has a key that is 1; allowed: text"),
        ({"flag": 1}, "['flag'] is 1; allowed: true or false"),
        ({"note": "a\0b"}, "['note'] contains a null character"),
        ({"note": "\ud800"}, "['note'] contains characters that are not valid Unicode"),
    ],
)
def test_the_first_part_of_another_type_is_named(changes, problem):
    with pytest.raises(ResultFileError) as caught:
        require_type(GOOD | changes, Outer, "file: value")
    assert str(caught.value) == f"file: value{problem}"


@pytest.mark.parametrize("value", [5, None, [], "text", 2.0])
def test_a_value_that_is_no_dict_is_named(value):
    with pytest.raises(ResultFileError, match="allowed: a dict"):
        require_type(value, Outer, "file: value")


def test_a_long_value_is_not_printed_in_full():
    with pytest.raises(ResultFileError) as caught:
        require_type(GOOD | {"flag": "x" * 10_000}, Outer, "file: value")
    assert len(str(caught.value)) < 200
