import heapq

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from namo.world.open_list import OPEN_ENTRY, drop_first, push_entry

priorities = st.lists(st.one_of(st.none(), st.integers(0, 5)), max_size=40)


@given(priorities)
def test_entries_come_cheapest_first_and_ties_in_order(operations):
    """A number inserts an entry of that priority, None removes the first one."""
    heap, counts = np.empty(len(operations), OPEN_ENTRY), np.zeros(1, np.int64)
    expected = []
    for order, priority in enumerate(operations):
        if priority is not None:
            entry = (float(priority), order, 0.5 * order, 2.0 * order, order % 2 == 0)
            push_entry(heap, counts, *entry)
            heapq.heappush(expected, entry)
        elif expected:
            assert heap[0].item() == heapq.heappop(expected)
            drop_first(heap, counts)
        assert counts[0] == len(expected)
    while expected:
        assert heap[0].item() == heapq.heappop(expected)
        drop_first(heap, counts)
    assert counts[0] == 0
