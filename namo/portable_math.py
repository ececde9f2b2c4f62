"""Functions whose last bits do not depend on the processor's vector instructions.

NumPy has several versions of sine, exponential and their relatives, BLAS several of every product,
and both choose by the processor; the results differ in the last bit, and contacts amplify that. The
arrays of a search are small, so here each number goes through the C library as `math` calls it, and
products are summed in the order of their indices. What remains is the choice of the C library
itself, which MuJoCo calls too: it is the same on all processors with fused multiply-add, and
`namo.numeric_platform` names it. Sums, roots and quotients of NumPy are exactly rounded, or made in
one order, everywhere.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]
_Numbers = NDArray[np.floating[Any]]


def cos(angles: _Numbers) -> _Floats:
    """Return the cosines (...) of angles (...) (rad)."""
    return _each(math.cos, angles)


def sin(angles: _Numbers) -> _Floats:
    """Return the sines (...) of angles (...) (rad)."""
    return _each(math.sin, angles)


def exp(values: _Numbers) -> _Floats:
    """Return the factors (...) by which numbers (...) grow: e to their power."""
    return _each(math.exp, values)


def log(values: _Numbers) -> _Floats:
    """Return the natural logarithms (...), plain numbers, of positive ratios (...)."""
    return _each(math.log, values)


def arctan2(y: _Floats, x: _Floats) -> _Floats:
    """Return the angles (n,) (rad) of vectors with the coordinates y and x (n,)."""
    return np.fromiter(map(math.atan2, y.tolist(), x.tolist()), np.float64, len(y))


def matrix_product(left: _Floats, right: _Floats) -> _Floats:
    """Return the product (..., n, m) of matrices of coefficients, summed in order of the indices.

    Args:
        left: (..., n, k) coefficients; k is small.
        right: (..., k, m) coefficients.
    """
    result: _Floats = left[..., :1] * right[..., :1, :]
    for k in range(1, left.shape[-1]):
        result = result + left[..., k : k + 1] * right[..., k : k + 1, :]
    return result


def total(values: Iterable[float]) -> float:
    """Return the sum of numbers, in their unit (m, say), added one after another.

    So does `sum` up to Python 3.11; later versions lose less to rounding, and get other bits.

    Args:
        values: of one unit (m, say).
    """
    return reduce(operator.add, values, 0.0)


def _each(function: Callable[[float], float], values: _Numbers) -> _Floats:
    results = np.fromiter(map(function, values.ravel().tolist()), np.float64, values.size)
    return results.reshape(values.shape)
