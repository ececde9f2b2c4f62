import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.errors import UsageError
from namo.scenes.splits import DEFAULT_SPLITS, require_splits, split_of, splits_of

LAYOUTS = st.lists(st.text("abcdef0123456789", min_size=4, max_size=16), min_size=1, max_size=60)


@given(LAYOUTS)
def test_no_split_is_empty_where_there_are_layouts_for_it(layouts):
    found = splits_of(layouts, DEFAULT_SPLITS)
    assert found.keys() == set(layouts)
    assert set(found.values()) == set([*DEFAULT_SPLITS][: len(set(layouts))])
    assert found == splits_of(reversed([*layouts, layouts[0]]), DEFAULT_SPLITS)


@given(LAYOUTS)
def test_only_as_many_layouts_move_as_splits_would_be_empty(layouts):
    by_hash = {one: split_of(one, DEFAULT_SPLITS) for one in layouts}
    empty = len(set(DEFAULT_SPLITS) - set(by_hash.values()))
    found = splits_of(layouts, DEFAULT_SPLITS)
    moved = sum(found[one] != by_hash[one] for one in set(layouts))
    assert moved <= empty + (len(set(layouts)) == 2)  # a layout for train may come from test


def test_a_split_without_a_fraction_stays_empty():
    layouts = [f"layout {number}" for number in range(5)]
    assert set(splits_of(layouts, {"train": 0.0, "test": 1.0}).values()) == {"test"}


@pytest.mark.parametrize("splits", [{}, {"train": 0.5}, {"train": 1.5, "val": -0.5}])
def test_fractions_add_up_to_one(splits):
    with pytest.raises(UsageError, match="fractions from 0 that add up to 1"):
        require_splits(splits)
