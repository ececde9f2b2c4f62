"""Conditions on the columns of a table, written as in Python, compiled for Arrow.

`solution_found and difficulty in ("hard", "two_pushes") and 1 < solution_depth <= 3`. Nothing is
evaluated: the text is parsed, and only comparisons, `and`, `or`, `not`, names of columns and values
are allowed. A comparison with a null is neither true nor false; `is None` asks for one.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from namo.errors import UsageError
from namo.wording import did_you_mean

_COMPARED: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_JOINED: Mapping[type[ast.boolop], Callable[[Any, Any], Any]] = {
    ast.And: operator.and_,
    ast.Or: operator.or_,
}
_ALLOWED = (
    "expected comparisons of columns and values, such as \"difficulty == 'hard' and "
    'solution_depth <= 2", with and, or, not, in and is None'
)


class Where(NamedTuple):
    """A condition on the rows of a table.

    Attributes:
        text: as it was written.
        expression: of Arrow, true for the rows to keep.
        columns: that it reads.
    """

    text: str
    expression: Any
    columns: tuple[str, ...]


def parse_where(text: str, schema: pa.Schema) -> Where:
    """Return a condition.

    Args:
        text: of the condition.
        schema: of the table.

    Raises:
        UsageError: it is not a condition, names no column of the table, or compares a column with
            values of another type.
    """
    try:
        parsed = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UsageError(f"--where {text!r}: {error}; {_ALLOWED}") from None
    compiler = _Compiler(text, schema)
    try:
        expression = compiler.condition(parsed)
        schema.empty_table().filter(expression)
    except (pa.ArrowException, TypeError, RecursionError) as error:
        raise UsageError(f"--where {text!r}: {error}") from None
    return Where(text, expression, tuple(compiler.columns))


class _Compiler:
    """Compiles the parsed text of one condition."""

    def __init__(self, text: str, schema: pa.Schema) -> None:
        self._text, self._schema = text, schema
        self.columns: dict[str, None] = {}

    def condition(self, node: ast.expr) -> Any:  # noqa: ANN401 - pyarrow is untyped
        """Return the expression of a condition."""
        match node:
            case ast.BoolOp(op=op, values=[first, *others]):
                found = self.condition(first)
                for other in others:
                    found = _JOINED[type(op)](found, self.condition(other))
                return found
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return ~self.condition(operand)
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                sides = [left, *comparators]
                found = self._comparison(left, ops[0], sides[1])
                for place, compared in enumerate(ops[1:], start=1):
                    found = found & self._comparison(sides[place], compared, sides[place + 1])
                return found
            case ast.Name(id=name):
                column = self._column(name, node)
                if not pa.types.is_boolean(self._schema.field(name).type):
                    self._refuse(
                        node, f"is {self._schema.field(name).type}, neither true nor false"
                    )
                return column
        return self._refuse(node, "is no condition")

    def _comparison(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Any:  # noqa: ANN401 - likewise
        if isinstance(op, ast.Is | ast.IsNot):
            if not (isinstance(right, ast.Constant) and right.value is None):
                self._refuse(right, "after 'is' must be None")
            found = self._operand(left).is_null()
            return found if isinstance(op, ast.Is) else ~found
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right, ast.Tuple | ast.List):
                self._refuse(right, "after 'in' must be a list of values")
            operand = self._operand(left)
            found = operand.isin([self._value(each) for each in right.elts])
            return found if isinstance(op, ast.In) else ~found & operand.is_valid()
        return _COMPARED[type(op)](self._operand(left), self._operand(right))

    def _operand(self, node: ast.expr) -> Any:  # noqa: ANN401 - likewise
        if isinstance(node, ast.Name):
            return self._column(node.id, node)
        return pc.scalar(self._value(node))

    def _column(self, name: str, node: ast.expr) -> Any:  # noqa: ANN401 - likewise
        if name not in self._schema.names:
            self._refuse(node, f"is no column; {did_you_mean(name, self._schema.names)}", "")
        self.columns[name] = None
        return pc.field(name)

    def _value(self, node: ast.expr) -> bool | int | float | str:
        match node:
            case ast.Constant(value=bool() | int() | float() | str() as value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return -value
        return self._refuse(node, "is no value")

    def _refuse(self, node: ast.expr, what: str, allowed: str = f"; {_ALLOWED}") -> NoReturn:
        part = ast.get_source_segment(self._text.strip(), node)
        raise UsageError(f"--where {self._text!r}: {part!r} {what}{allowed}")
