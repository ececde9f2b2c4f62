import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.binomial import wilson_interval
from namo.reporting.statistics import solved_within

outcomes = st.lists(
    st.tuples(st.integers(0, 50), st.sampled_from(["solved", "censored", "closed"])), min_size=1
)


def curve_of(rows, **options):
    effort = np.array([effort for effort, _ in rows], np.float64)
    ended = np.array([end for _, end in rows])
    return solved_within(effort, ended == "solved", ended == "closed", **options)


@pytest.mark.parametrize(
    ("solved", "trials", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 2, 0.0945, 0.9055)],
)
def test_the_interval_is_the_wilson_score_interval(solved, trials, low, high):
    found = wilson_interval(solved / trials, trials)
    assert (found.estimate, found.low, found.high) == pytest.approx(
        (solved / trials, low, high), abs=1e-4
    )


@given(st.integers(1, 10**6), st.floats(0.0, 1.0))
def test_a_fraction_is_inside_its_interval(trials, fraction):
    found = wilson_interval(fraction, trials)
    assert 0.0 <= found.low <= fraction <= found.high <= 1.0


def test_without_censoring_the_curve_is_the_empirical_distribution():
    curve = curve_of([(1, "solved"), (2, "solved"), (2, "solved"), (5, "solved")])
    assert curve.effort.tolist() == [1.0, 2.0, 5.0]
    assert curve.estimate.tolist() == pytest.approx([0.25, 0.75, 1.0])
    assert [curve.at(effort) for effort in (0.5, 1.0, 4.9, 9.0)] == pytest.approx(
        [0.0, 0.25, 0.75, 1.0]
    )


def test_episodes_out_of_budget_are_censored_and_exhausted_ones_are_not():
    censored = curve_of([(1, "solved"), (2, "censored"), (3, "solved")])
    assert censored.estimate.tolist() == pytest.approx([1 / 3, 1.0])
    closed = curve_of([(1, "solved"), (2, "closed"), (3, "solved")])
    assert closed.estimate.tolist() == pytest.approx([1 / 3, 2 / 3])


def test_ties_of_censored_and_solved_episodes_count_as_at_risk():
    assert curve_of([(3, "censored"), (3, "solved")]).estimate.tolist() == [0.5]


def test_the_band_matches_a_published_trial():
    """Remission of leukaemia under 6-MP (Freireich 1963), a textbook example."""
    ended = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    left = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    curve = curve_of([*((t, "solved") for t in ended), *((t, "censored") for t in left)])
    assert (1.0 - curve.estimate)[[0, 2, 6]].tolist() == pytest.approx(
        [0.857, 0.753, 0.448], abs=1e-3
    )
    assert (1.0 - curve.high)[[0, 2, 6]].tolist() == pytest.approx([0.620, 0.503, 0.188], abs=1e-3)
    assert (1.0 - curve.low)[[0, 2, 6]].tolist() == pytest.approx([0.952, 0.889, 0.680], abs=1e-3)


@given(outcomes)
def test_a_curve_rises_within_its_band(rows):
    curve = curve_of(rows)
    assert (np.diff(curve.estimate) >= -1e-12).all()
    assert (curve.low <= curve.estimate + 1e-12).all()
    assert (curve.estimate <= curve.high + 1e-12).all()
    assert ((curve.low >= 0.0) & (curve.high <= 1.0)).all()


@given(outcomes)
def test_a_thinned_curve_never_overestimates_and_ends_at_the_same_value(rows):
    full, thinned = curve_of(rows), curve_of(rows, max_steps=5)
    assert len(thinned.effort) <= 5
    assert all(thinned.at(effort) <= full.at(effort) for effort in range(51))
    assert thinned.at(50) == full.at(50)
