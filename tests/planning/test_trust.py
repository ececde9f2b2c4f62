from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.planning.trust import EVIDENCE_WEIGHT, Trust

probabilities = st.floats(0.0, 1.0)


@given(st.floats(0.01, 0.99), st.lists(probabilities, max_size=20))
def test_failures_count_by_bayes_rule(p_wrong, promised):
    trust = Trust(p_wrong)
    right = 1 - Fraction(p_wrong)
    for p_opens in promised:
        trust.failed(p_opens)
        right *= 1 - Fraction(EVIDENCE_WEIGHT) * Fraction(p_opens)
    assert trust.p_wrong == pytest.approx(float(p_wrong / (p_wrong + right)), rel=1e-9)


@given(probabilities)
def test_what_promised_nothing_is_not_held_against_the_ratings(p_wrong):
    trust = Trust(p_wrong)
    for _ in range(100):
        trust.failed(0.0)
    assert trust.p_wrong == pytest.approx(p_wrong)


@given(probabilities)
def test_ratings_that_are_certainly_right_or_wrong_stay_so(p_opens):
    for certain in (0.0, 1.0):
        trust = Trust(certain)
        trust.failed(p_opens)
        assert trust.p_wrong == certain


def test_a_few_failures_of_sure_things_refute_the_ratings_and_unlikely_ones_do_not():
    sure, unlikely = Trust(0.2), Trust(0.2)
    for _ in range(4):
        sure.failed(0.9)
        unlikely.failed(0.05)
    assert sure.p_wrong > 0.7
    assert unlikely.p_wrong < 0.25
