"""Mutations of plain values: of what JSON, YAML and records hold."""

from __future__ import annotations

import datetime
from random import Random
from typing import Any

ODD: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 2, 7, 2**31, 2**63, 10**30, 10**400, 0.5, -0.0, 1e-9, 1e308),
    *(
        float("nan"),
        float("inf"),
        "",
        " ",
        "x",
        "null",
        "true",
        "1",
        "1e-3",
        "ü\ud800",
        "\0",
        "a.b:C",
    ),
    *("../../x", "/", "~x", "{x}", "%s", "[1, 2]", "{a: b}", "a" * 3000, [], {}, [[]], [1, 2, 3]),
    *([None], {"": None}, ["x", 1], {"x": {"x": []}}),
)
ODD_OF_YAML: tuple[Any, ...] = (datetime.date(2001, 1, 1), b"\xff", {1: 2}, {None: 1}, {"x"})
"""Values that YAML has, and JSON has not."""
_GO_DEEPER = 0.7


def mutated_value(value: Any, rng: Random, odd: tuple[Any, ...] = ODD) -> Any:
    """A value with one to three changes, at any depth; its containers are changed in place."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        if not isinstance(value, dict | list) or not value or rng.random() < 0.01:
            return rng.choice(odd)
        _change_inside(value, rng, odd)
    return value


def _change_inside(value: dict[Any, Any] | list[Any], rng: Random, odd: tuple[Any, ...]) -> None:
    """Change one entry of a container, or of one that it holds."""
    inside: Any = value
    while True:
        key = rng.choice(list(inside) if isinstance(inside, dict) else range(len(inside)))
        entry = inside[key]
        if not isinstance(entry, dict | list) or not entry or rng.random() > _GO_DEEPER:
            break
        inside = entry
    kind = rng.randrange(10)
    if kind < 4:
        inside[key] = _near(entry, rng)
    elif kind < 6:
        inside[key] = rng.choice(odd)
    elif kind == 6:
        del inside[key]
    elif kind == 7:
        inside[key] = _part_of(value, rng)
    elif isinstance(inside, list):
        inside.insert(rng.randrange(len(inside) + 1), entry)
    else:
        name = rng.choice((*inside, rng.choice(odd)))
        if not isinstance(name, dict | list | set):
            inside[name] = inside.pop(key) if kind == 8 else entry


def _part_of(value: Any, rng: Random) -> Any:
    """A random entry at any depth."""
    while isinstance(value, dict | list | tuple) and value and rng.random() < 0.8:
        value = rng.choice(list(value.values()) if isinstance(value, dict) else value)
    return value


def _near(value: Any, rng: Random) -> Any:
    """A value that is nearly the same, or the same of another type."""
    if isinstance(value, bool) or value is None:
        return rng.choice((True, False, None, 0, 1, str(value)))
    if isinstance(value, int | float):
        if abs(value) > 1e300 or value != value:
            return -value
        change = rng.choice((1, -1, value, -2 * value, 0.5, 9 * value, float(value) - value))
        return rng.choice((value + change, value + change, float(value), str(value), [value]))
    if isinstance(value, str):
        at = rng.randrange(len(value) + 1)
        return rng.choice(
            (
                value[:at],
                value[at:],
                value[:at] + rng.choice("0:=,.{}/-_ \n") + value[at:],
                value * 2,
            )
        )
    if isinstance(value, list):
        return rng.choice((tuple(value), value * 2, value[:1], dict(enumerate(value)), value[::-1]))
    if isinstance(value, dict):
        return rng.choice((list(value), list(value.items()), {str(key): None for key in value}))
    return list(value) if isinstance(value, tuple) else str(value)
