"""What the lists in the tables of a collection hold: how many values, and which are allowed.

A schema says that a column holds lists of numbers; readers reshape them to outlines and poses, so
their lengths matter, which depend on other columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Lengths = NDArray[np.int64]


@dataclass(frozen=True)
class LengthRule:
    """How long the lists of a column are.

    Attributes:
        column: with the lists.
        others: columns with lists that decide it.
        allowed: the rule as text.
        holds: returns for each row whether the rule holds, (n,), given the lengths (n,) of the
            lists of `column`, then of each of `others`.
    """

    column: str
    others: tuple[str, ...]
    allowed: str
    holds: Callable[..., NDArray[np.bool_]]


def _exactly(column: str, length: int) -> LengthRule:
    return LengthRule(column, (), f"{length}", lambda size: size == length)


def _poses(column: str, names: str, fixed: int) -> LengthRule:
    """Return the rule of a column of poses, of some fixed objects and then of each name."""
    allowed = f"3 for each of '{names}'" + ", and 3 for the robot" * fixed
    return LengthRule(column, (names,), allowed, lambda size, count: size == 3 * (fixed + count))


_STATES = tuple(
    _poses(column, "object_names", fixed=1) for column in ("poses_before", "poses_after")
)
LENGTH_RULES: dict[str, tuple[LengthRule, ...]] = {
    "pushes": _STATES,
    "plans": (
        *_STATES,
        LengthRule("robot", (), "2 for each frame", lambda size: (size > 0) & (size % 2 == 0)),
        LengthRule(
            "poses",
            ("moved", "robot"),
            "3 for each of 'moved' in each frame of 'robot'",
            lambda size, moved, robot: 2 * size == 3 * moved * robot,
        ),
    ),
    "scenes": (
        _exactly("bounds", 4),
        _exactly("robot", 3),
        _exactly("goal", 3),
        _poses("poses", "movables", fixed=0),
        LengthRule(
            "outlines",
            ("movables",),
            "one for each of 'movables'",
            lambda size, count: size == count,
        ),
    ),
}
"""Name of a table -> rules of its columns."""
_OUTLINE = LengthRule("", (), "2 for each of 3 corners or more", lambda n: (n >= 6) & (n % 2 == 0))


def list_problem(name: str, rows: Any) -> str | None:  # noqa: ANN401 - pyarrow is untyped
    """Return what is wrong with the lists and numbers of some rows, as the end of a sentence.

    Args:
        name: of the table.
        rows: a table or record batch with some of its columns, without nulls in those of lists.

    Returns:
        None when nothing is wrong.
    """
    for column in rows.column_names:
        if problem := _content_problem(rows[column]):
            return f"column '{column}' holds {problem}"
    present = set(rows.column_names)
    for rule in LENGTH_RULES.get(name, ()):
        if present >= {rule.column, *rule.others}:
            columns = [rows[column] for column in (rule.column, *rule.others)]
            if problem := _length_problem(rule, *columns):
                return f"column '{rule.column}' holds {problem}"
    return None


def _content_problem(values: Any) -> str | None:  # noqa: ANN401
    """Return what is wrong with the values of a column, those in lists included."""
    inside = False
    while pa.types.is_list(values.type):
        values, inside = pc.list_flatten(values), True
        if values.null_count:
            return "a list with null"
        if pa.types.is_list(values.type) and (problem := _length_problem(_OUTLINE, values)):
            return problem
    if pa.types.is_struct(values.type):
        fields = (pc.struct_field(values, number) for number in range(values.type.num_fields))
        if any(field.null_count for field in fields):
            return "a list with null"
    if pa.types.is_floating(values.type) and not pc.all(pc.is_finite(values), min_count=0).as_py():
        return (
            "a list with a number that is not finite" if inside else "a number that is not finite"
        )
    return None


def _length_problem(rule: LengthRule, *columns: Any) -> str | None:  # noqa: ANN401
    lengths = [pc.list_value_length(column).to_numpy().astype(np.int64) for column in columns]
    wrong = np.flatnonzero(~rule.holds(*lengths))
    return (
        f"a list of length {lengths[0][wrong[0]]}; allowed: {rule.allowed}" if wrong.size else None
    )
