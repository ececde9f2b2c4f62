from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.config_parsing import parse_dataclass, parse_values
from namo.errors import UsageError


@dataclass(frozen=True)
class Settings:
    """One of every kind of value there is."""

    count: int = 3
    share: float = 0.5
    name: str = "x"
    on: bool = False
    span: tuple[float, float] = (0.0, 1.0)
    sizes: tuple[int, int, int] = (1, 2, 3)
    names: tuple[str, ...] = ()
    parts: Mapping[str, float] = field(default_factory=dict)
    most: int | None = None

    def __post_init__(self) -> None:
        if self.count < 1:
            raise UsageError(f"count is {self.count}; at least 1")


def read(**values):
    return parse_dataclass(Settings, values, "here")


def test_what_is_not_given_keeps_its_default():
    assert read() == Settings()
    assert read(count=4) == Settings(count=4)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"count": "8"}, {"count": 8}),
        ({"share": 2}, {"share": 2.0}),
        ({"share": "1.0e-3"}, {"share": 1e-3}),
        ({"name": "8"}, {"name": "8"}),
        ({"on": "true"}, {"on": True}),
        ({"span": ["0.5", 1]}, {"span": (0.5, 1.0)}),
        ({"sizes": "[4, 5, 6]"}, {"sizes": (4, 5, 6)}),
        ({"names": ["a", "b"]}, {"names": ("a", "b")}),
        ({"names": []}, {"names": ()}),
        ({"parts": {"a": 1, "b": "0.5"}}, {"parts": {"a": 1.0, "b": 0.5}}),
        ({"parts": "{a: 1}"}, {"parts": {"a": 1.0}}),
        ({"most": 5}, {"most": 5}),
        ({"most": "5"}, {"most": 5}),
        ({"most": None}, {"most": None}),
        ({"most": "null"}, {"most": None}),
    ],
)
def test_values_may_be_yaml_or_text_of_a_command_line(values, expected):
    found = read(**values)
    assert found == Settings(**expected)
    for name, value in expected.items():
        assert type(getattr(found, name)) is type(value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"cuont": 3},
            "here: unknown key 'cuont'; did you mean 'count'? (expected one of: count, share",
        ),
        ({"count": 0}, "here: count is 0; at least 1"),
        ({"count": 2.5}, "here: count is 2.5; it must be a whole number"),
        ({"count": True}, "here: count is True; it must be a whole number"),
        ({"count": None}, "here: count is None; it must be a whole number"),
        ({"count": "many"}, "here: count is 'many'; it must be a whole number"),
        ({"count": "["}, "here: count is '['; it must be a whole number"),
        ({"count": [1]}, "here: count is [1]; it must be a whole number"),
        ({"share": "much"}, "here: share is 'much'; it must be a number"),
        ({"share": False}, "here: share is False; it must be a number"),
        ({"name": 3}, "here: name is 3; it must be text"),
        ({"on": 1}, "here: on is 1; it must be true or false"),
        ({"span": 1.0}, "here: span is 1.0; it must be [lowest, highest], each a number"),
        ({"span": [1.0]}, "here: span is [1.0]; it must be [lowest, highest], each a number"),
        ({"sizes": [1, 2]}, "here: sizes is [1, 2]; it must be a list of 3, each a whole number"),
        ({"sizes": [1, 2, 3.5]}, "it must be a list of 3, each a whole number"),
        ({"names": "a"}, "here: names is 'a'; it must be a list, each text"),
        ({"names": [1]}, "here: names is [1]; it must be a list, each text"),
        ({"parts": [1]}, "it must be a mapping from names to values, each a number"),
        ({"parts": {1: 2}}, "it must be a mapping from names to values, each a number"),
        ({"parts": {"a": "b"}}, "it must be a mapping from names to values, each a number"),
        ({"most": 0.5}, "here: most is 0.5; it must be a whole number or null"),
        ({"most": "some"}, "here: most is 'some'; it must be a whole number or null"),
    ],
)
def test_an_invalid_value_is_named_with_what_is_expected(values, said):
    with pytest.raises(UsageError) as caught:
        read(**values)
    assert said in str(caught.value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
names = st.sampled_from([*Settings.__dataclass_fields__, "other"])


@given(st.dictionaries(names, anything, max_size=3))
def test_any_value_is_either_accepted_or_refused(values):
    try:
        settings = read(**values)
    except UsageError as error:
        said = str(error)
        assert said.startswith("here: ")
        return
    for name, value in values.items():
        if isinstance(value, float) and math.isfinite(value):
            assert getattr(settings, name) == value


def test_yaml_that_constructs_objects_is_refused():
    with pytest.raises(UsageError, match="it must be a whole number"):
        read(count="!!python/object/apply:os.system [exit]")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"count": 2**31}, "here: count is 2147483648; allowed: finite numbers up to 2147483647"),
        ({"most": 10**30}, "here: most is 1000"),
        ({"share": 1e300}, "here: share is 1e+300; allowed: finite numbers up to 1000000000"),
        ({"share": math.inf}, "here: share is inf; allowed: finite numbers"),
        ({"share": math.nan}, "here: share is nan; allowed: finite numbers"),
        ({"sizes": [1, 2, -(2**40)]}, "here: sizes is -1099511627776; allowed: finite numbers"),
        ({"sizes": [1, 2, 10**400]}, f"here: sizes is {10**400}; allowed: finite numbers"),
        ({"parts": {"a": 1e10}}, "here: parts: a is 10000000000.0; allowed: finite numbers"),
    ],
)
def test_a_number_beyond_all_reason_is_refused(values, said):
    with pytest.raises(UsageError) as caught:
        read(**values)
    assert str(caught.value).startswith(said)


def test_a_value_that_contains_itself_is_refused():
    values = {}
    values["x"] = values
    with pytest.raises(UsageError, match="here: free is nested without end"):
        parse_values({"free": Any}, {"free": values}, "here")
