"""The bits of `math` for every number of an array, and nothing beside that chooses by processor."""

import ast
import math

import numpy as np
import pytest

from namo import portable_math
from tests.conftest import REPOSITORY

PACKAGE = REPOSITORY / "namo"
DECIDING = ("collection", "learning", "planning", "results", "scenes", "strategies", "world")
"""Folders whose numbers decide rows."""
DISPATCHED = {
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh", "tanh"),
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "power", "float_power", "cbrt"),
    *("dot", "vdot", "inner", "matmul", "matvec", "vecmat", "vecdot", "tensordot", "einsum"),
    *("convolve", "correlate"),
}
"""Functions of NumPy with several versions that differ in the last bit, by NumPy or by BLAS."""
NORM_OF_ROWS = {"norm"}
"""Of `numpy.linalg`: along an axis it takes roots of sums, without BLAS."""


@pytest.fixture
def numbers():
    return np.random.default_rng(0).uniform(-7.0, 7.0, (500, 2, 3))


@pytest.mark.parametrize("name", ["cos", "sin", "exp"])
def test_every_number_has_the_bits_of_math(numbers, name):
    results = getattr(portable_math, name)(numbers)
    assert results.shape == numbers.shape
    expected = [getattr(math, name)(number) for number in numbers.ravel().tolist()]
    assert results.ravel().tolist() == expected


def test_logarithms_and_angles_have_the_bits_of_math(numbers):
    positive = np.abs(numbers).ravel()
    assert portable_math.log(positive).tolist() == [math.log(x) for x in positive.tolist()]
    y, x = numbers[:, 0, 0], numbers[:, 1, 1]
    expected = [math.atan2(*pair) for pair in zip(y.tolist(), x.tolist(), strict=True)]
    assert portable_math.arctan2(y, x).tolist() == expected


def test_minus_infinity_and_empty_arrays():
    assert portable_math.exp(np.array([-math.inf])).tolist() == [0.0]
    assert portable_math.cos(np.empty((0, 3))).shape == (0, 3)


def test_a_product_adds_in_the_order_of_the_indices(numbers):
    left, right = numbers, np.random.default_rng(1).uniform(-1.0, 1.0, (500, 3, 2))
    result = portable_math.matrix_product(left, right)
    assert np.allclose(result, left @ right, rtol=0.0, atol=1e-13)
    (a, b, c), (d, e, f) = left[7, 1].tolist(), right[7, :, 0].tolist()
    assert result[7, 1, 0] == a * d + b * e + c * f
    assert np.array_equal(portable_math.matrix_product(left[7], right[7]), result[7])


def test_a_sum_is_added_one_after_another():
    numbers = [0.1] * 10
    assert portable_math.total(numbers) == 0.9999999999999999  # 1.0 by `sum` of Python 3.12
    assert portable_math.total([]) == 0.0


def sources():
    return [
        PACKAGE / "geometry.py",
        *(path for folder in DECIDING for path in sorted((PACKAGE / folder).rglob("*.py"))),
    ]


def test_nothing_that_decides_rows_calls_what_chooses_code_by_processor():
    found = [
        f"{path.relative_to(REPOSITORY)}:{line}: {what}"
        for path in sources()
        for line, what in dispatched(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "np.cos(x)",
        "a @ b",
        "a.dot(b)",
        "np.linalg.norm(a)",
        "np.linalg.inv(a)",
        "ratio ** np.arange(4)",
        "np.exp(x, out=y)",
    ],
)
def test_what_would_choose_is_found(text):
    assert len(list(dispatched(text))) == 1


@pytest.mark.parametrize("text", ["np.linalg.norm(a, axis=1)", "np.sqrt(x)", "a * b", "r ** 2"])
def test_what_does_not_choose_is_not(text):
    assert list(dispatched(text)) == []


def dispatched(text):
    """Lines and calls of functions that choose their code by the processor."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            yield node.lineno, "@"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and is_call(node.right):
            yield node.lineno, "**"
        if is_call(node):
            yield from ((node.lineno, name) for name in called(node))


def is_call(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def called(call):
    """Names of what a call of an attribute calls that chooses."""
    function, owner = call.func, call.func.value
    of_numpy = isinstance(owner, ast.Name) and owner.id == "np"
    if isinstance(owner, ast.Attribute) and owner.attr == "linalg":
        along_axis = any(keyword.arg == "axis" for keyword in call.keywords)
        if not (function.attr in NORM_OF_ROWS and along_axis):
            yield f"linalg.{function.attr}"
    elif (of_numpy and function.attr in DISPATCHED) or function.attr == "dot":
        yield function.attr
