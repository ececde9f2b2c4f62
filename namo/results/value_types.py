"""Checking plain values, read from a file, against the type that declares them.

The declarations are the TypedDicts of `namo.results`; keys that they do not name are allowed, since
a later version may have added them.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable
from functools import cache
from types import UnionType
from typing import Any, NotRequired, Union, cast, get_args, get_origin, get_type_hints, is_typeddict

from namo.errors import ResultFileError

Check = Callable[[object], str | None]
"""Returns what is wrong with a value, as the end of a sentence; None when nothing is."""

_MAX_INTEGER = 2**63 - 1
"""Greatest integer that tables can hold."""
_SHOWN = reprlib.Repr()
_SHOWN.maxlevel = 2
_SHOWN.maxstring = 60


def require_type(value: object, kind: object, where: str) -> None:
    """Make sure that a value has a declared type.

    Integers must fit into 64 bits, numbers must be finite, and text must be printable as UTF-8 and
    without null characters, so that it can be the path of a file.

    Args:
        value: plain values; nested no deeper than the declaration is looked at.
        kind: a TypedDict, or list, dict, tuple, a union or a scalar type.
        where: prefix of messages: the file, and what the value is.

    Raises:
        ResultFileError: names the first part of the value that has another type.
    """
    if problem := _check_of(kind)(value):
        raise ResultFileError(f"{where}{problem}")


@cache
def _check_of(kind: Any) -> Check:  # noqa: ANN401 - any annotation
    """Return the check of a type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return lambda _: None
    if is_typeddict(kind):
        return _check_of_fields(kind)
    if origin in (Union, UnionType):
        return _check_of_union(arguments)
    if origin is list:
        return _check_of_list(arguments[0])
    if origin is tuple:
        return _check_of_tuple(arguments)
    if origin is dict:
        return _check_of_dict(*arguments)
    return _SCALARS[kind]


def _check_of_fields(kind: Any) -> Check:  # noqa: ANN401
    hints = get_type_hints(kind, include_extras=True)
    # Annotations are text when the class is made, so it does not know which keys may be absent.
    optional = {name for name, hint in hints.items() if get_origin(hint) is NotRequired}
    optional |= kind.__optional_keys__
    plain = get_type_hints(kind)
    checks = {name: _check_of(hint) for name, hint in plain.items()}

    def check(value: object) -> str | None:
        if type(value) is not dict:
            return _other(value, "a dict")
        fields = cast(dict[object, object], value)
        for name, check_field in checks.items():
            if name not in fields:
                if name not in optional:
                    return f" has no '{name}'"
            elif problem := check_field(fields[name]):
                return f"['{name}']{problem}"
        return None

    return check


def _check_of_union(kinds: tuple[Any, ...]) -> Check:
    checks = [_check_of(kind) for kind in kinds]

    def check(value: object) -> str | None:
        problems = [problem for check_kind in checks if (problem := check_kind(value))]
        # The first kind says what is wrong; the others are mostly None.
        return problems[0] if len(problems) == len(checks) else None

    return check


def _check_of_list(kind: Any) -> Check:  # noqa: ANN401
    check_item = _check_of(kind)

    def check(value: object) -> str | None:
        if type(value) is not list:
            return _other(value, "a list")
        for index, item in enumerate(cast(list[object], value)):
            if problem := check_item(item):
                return f"[{index}]{problem}"
        return None

    return check


def _check_of_tuple(kinds: tuple[Any, ...]) -> Check:
    checks = [_check_of(kind) for kind in kinds]

    def check(value: object) -> str | None:
        if type(value) is not tuple or len(cast(tuple[object, ...], value)) != len(checks):
            return _other(value, f"a tuple of {len(checks)}")
        for index, (check_item, item) in enumerate(
            zip(checks, cast(tuple[object, ...], value), strict=True)
        ):
            if problem := check_item(item):
                return f"[{index}]{problem}"
        return None

    return check


def _check_of_dict(key_kind: Any, kind: Any) -> Check:  # noqa: ANN401
    check_key, check_item = _check_of(key_kind), _check_of(kind)

    def check(value: object) -> str | None:
        if type(value) is not dict:
            return _other(value, "a dict")
        for key, item in cast(dict[object, object], value).items():
            if problem := check_key(key):
                return f" has a key that{problem}"
            if problem := check_item(item):
                return f"[{_SHOWN.repr(key)}]{problem}"
        return None

    return check


def _integer(value: object) -> str | None:
    if type(value) is not int:
        return _other(value, "an integer")
    return None if -_MAX_INTEGER <= value <= _MAX_INTEGER else " is an integer beyond 64 bits"


def _number(value: object) -> str | None:
    if type(value) is int:
        return _integer(value)
    if type(value) is not float:
        return _other(value, "a number")
    return None if math.isfinite(value) else f" is {value}; allowed: a finite number"


def _text(value: object) -> str | None:
    if type(value) is not str:
        return _other(value, "text")
    if "\0" in value:
        return " contains a null character"
    try:
        value.encode()
    except UnicodeEncodeError:
        return " contains characters that are not valid Unicode"
    return None


def _truth(value: object) -> str | None:
    return None if type(value) is bool else _other(value, "true or false")


def _nothing(value: object) -> str | None:
    return None if value is None else _other(value, "None")


_SCALARS: dict[object, Check] = {
    int: _integer,
    float: _number,
    str: _text,
    bool: _truth,
    type(None): _nothing,
}


def _other(value: object, allowed: str) -> str:
    return f" is {_SHOWN.repr(value)}; allowed: {allowed}"
