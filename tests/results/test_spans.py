import numpy as np
import pytest

from namo.errors import ResultFileError
from namo.results.parts import Part
from namo.results.spans import IndexSpan, require_parts, spans_of


@pytest.fixture
def parts(tmp_path):
    return [Part.of(tmp_path, 0, 4), Part.of(tmp_path, 2, 9)]


@pytest.mark.parametrize(
    ("numbers", "owners", "spans"),
    [
        ([], [], []),
        ([3], [1], [(1, 3, 4)]),
        ([0, 1, 2, 3], [0, 0, 0, 0], [(0, 0, 4)]),
        ([0, 1, 2, 3, 4], [0, 0, 1, 1, 1], [(0, 0, 2), (1, 2, 5)]),
        ([0, 1, 2, 3], [0, 1, 0, 1], [(0, 0, 1), (1, 1, 2), (0, 2, 3), (1, 3, 4)]),
        ([2, 3, 7, 8], [1, 1, 1, 1], [(1, 2, 4), (1, 7, 9)]),
        ([1, 5, 6], [0, 1, 1], [(0, 1, 2), (1, 5, 7)]),
    ],
    ids=["none", "one", "one part", "two parts", "alternating", "gap", "gap between parts"],
)
def test_a_span_ends_where_the_part_changes_or_a_number_is_missing(parts, numbers, owners, spans):
    expected = [IndexSpan(parts[owner], start, end) for owner, start, end in spans]
    assert spans_of(parts, np.array(numbers, np.intp), np.array(owners, np.intp)) == expected


def test_a_collection_without_finished_parts_is_named(tmp_path):
    with pytest.raises(ResultFileError, match="no finished part"):
        require_parts(tmp_path)
