"""The open list of push planning: a binary heap in a structured array, for compiled code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled

OPEN_ENTRY = np.dtype(
    [("priority", "f8"), ("order", "i8"), ("spent", "f8"), ("left", "f8"), ("checked", "b1")]
)
"""A primitive in the open list: `priority` is the estimated cost of a plan through it, `order`
identifies it (node * primitives + primitive), `spent` is the cost of the plan up to its end, `left`
the cost-to-go from there, and `checked` tells whether priority and spent include the surcharge for
obstacles. Costs are physics steps. The cheapest entry comes first, ties go to the lower `order`."""


@compiled
def push_entry(
    heap: NDArray[np.void],
    counts: NDArray[np.int64],
    priority: float,
    order: int,
    spent: float,
    left: float,
    checked: bool,
) -> None:
    """Insert an entry.

    Args:
        heap: (capacity,) `OPEN_ENTRY`, changed in place.
        counts: (n,) the first is the number of entries, changed in place.
        priority: see `OPEN_ENTRY`; physics steps.
        order: likewise.
        spent: likewise; physics steps.
        left: likewise; physics steps.
        checked: likewise.
    """
    at = counts[0]
    counts[0] += 1
    entry = heap[at]
    entry.priority, entry.order, entry.spent = priority, order, spent
    entry.left, entry.checked = left, checked
    while at > 0 and _before(heap, at, (at - 1) // 2):
        _swap(heap, at, (at - 1) // 2)
        at = (at - 1) // 2


@compiled
def drop_first(heap: NDArray[np.void], counts: NDArray[np.int64]) -> None:
    """Remove the first entry.

    Args:
        heap: (capacity,) `OPEN_ENTRY`, changed in place.
        counts: (n,) the first is the number of entries, changed in place.
    """
    counts[0] -= 1
    _swap(heap, 0, counts[0])
    here = 0
    while True:
        least = here
        for child in (2 * here + 1, 2 * here + 2):
            if child < counts[0] and _before(heap, child, least):
                least = child
        if least == here:
            return
        _swap(heap, here, least)
        here = least


@compiled
def _before(heap: NDArray[np.void], i: int, j: int) -> bool:
    if heap[i].priority != heap[j].priority:
        return bool(heap[i].priority < heap[j].priority)
    return bool(heap[i].order < heap[j].order)


@compiled
def _swap(heap: NDArray[np.void], i: int, j: int) -> None:
    one, other = heap[i], heap[j]
    one.priority, other.priority = other.priority, one.priority
    one.order, other.order = other.order, one.order
    one.spent, other.spent = other.spent, one.spent
    one.left, other.left = other.left, one.left
    one.checked, other.checked = other.checked, one.checked
