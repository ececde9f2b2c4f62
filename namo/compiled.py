"""Compiled loops: functions over arrays that run as machine code.

For the few loops that NumPy cannot express without touching every element many times. A compiled
function takes and returns arrays and numbers only, holds no lock while it runs, and is kept on disk
(in `__pycache__`, or the user's cache folder where that cannot be written), so that only the first
run after an installation waits for the compiler. Nothing is reordered for speed (no `fastmath`), so
results are those of the same operations written out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function when it is first called; a decorator."""
    return cast("F", numba.njit(cache=True, nogil=True)(function))
