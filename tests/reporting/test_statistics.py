import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.reporting.statistics import solved_within, wilson

searches = st.lists(
    st.tuples(st.integers(0, 50), st.sampled_from(["solved", "censored", "closed"])), min_size=1
)


def curve_of(rows, **options):
    effort = np.array([effort for effort, _ in rows], np.float64)
    ended = np.array([end for _, end in rows])
    return solved_within(effort, ended == "solved", ended == "closed", **options)


@pytest.mark.parametrize(
    ("solved", "number", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 2, 0.0945, 0.9055)],
)
def test_the_interval_of_a_share_is_wilsons(solved, number, low, high):
    share = wilson(solved / number, number)
    assert (share.estimate, share.low, share.high) == pytest.approx(
        (solved / number, low, high), abs=1e-4
    )


@given(st.integers(1, 10**6), st.floats(0.0, 1.0))
def test_a_share_lies_in_its_interval(number, share):
    found = wilson(share, number)
    assert 0.0 <= found.low <= share <= found.high <= 1.0


def test_without_censoring_the_curve_counts():
    curve = curve_of([(1, "solved"), (2, "solved"), (2, "solved"), (5, "solved")])
    assert curve.effort.tolist() == [1.0, 2.0, 5.0]
    assert curve.estimate.tolist() == pytest.approx([0.25, 0.75, 1.0])
    assert [curve.at(effort) for effort in (0.5, 1.0, 4.9, 9.0)] == pytest.approx(
        [0.0, 0.25, 0.75, 1.0]
    )


def test_a_search_out_of_budget_counts_up_to_its_end_and_one_with_nothing_left_to_the_end():
    censored = curve_of([(1, "solved"), (2, "censored"), (3, "solved")])
    assert censored.estimate.tolist() == pytest.approx([1 / 3, 1.0])
    closed = curve_of([(1, "solved"), (2, "closed"), (3, "solved")])
    assert closed.estimate.tolist() == pytest.approx([1 / 3, 2 / 3])


def test_a_search_that_ends_with_another_is_still_counted_there():
    assert curve_of([(3, "censored"), (3, "solved")]).estimate.tolist() == [0.5]


def test_the_band_is_that_of_a_known_trial():
    """Remission of leukaemia under 6-MP (Freireich 1963), as every text on survival has it."""
    ended = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    left = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    curve = curve_of([*((t, "solved") for t in ended), *((t, "censored") for t in left)])
    assert (1.0 - curve.estimate)[[0, 2, 6]].tolist() == pytest.approx(
        [0.857, 0.753, 0.448], abs=1e-3
    )
    assert (1.0 - curve.high)[[0, 2, 6]].tolist() == pytest.approx([0.620, 0.503, 0.188], abs=1e-3)
    assert (1.0 - curve.low)[[0, 2, 6]].tolist() == pytest.approx([0.952, 0.889, 0.680], abs=1e-3)


@given(searches)
def test_a_curve_rises_within_its_band(rows):
    curve = curve_of(rows)
    assert (np.diff(curve.estimate) >= -1e-12).all()
    assert (curve.low <= curve.estimate + 1e-12).all()
    assert (curve.estimate <= curve.high + 1e-12).all()
    assert ((curve.low >= 0.0) & (curve.high <= 1.0)).all()


@given(searches)
def test_fewer_points_never_run_ahead_and_end_the_same(rows):
    whole, few = curve_of(rows), curve_of(rows, points=5)
    assert len(few.effort) <= 5
    assert all(few.at(effort) <= whole.at(effort) for effort in range(51))
    assert few.at(50) == whole.at(50)
