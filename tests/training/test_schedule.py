from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.training.schedule import learning_rate_factor
from namo.training.settings import TrainingSettings

DEFAULT = TrainingSettings()
fractions = st.floats(0.0, 1.0)


def factors(settings=DEFAULT):
    return [learning_rate_factor(step / 1000, settings) for step in range(1001)]


def test_the_learning_rate_rises_and_then_falls_to_a_hundredth():
    rates = factors()
    peak = rates.index(max(rates))
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert (rates[0], max(rates), rates[-1]) == pytest.approx((0.1, 1.0, 0.01))
    assert peak == 100


def test_warm_up_start_and_floor_are_settings():
    settings = replace(
        DEFAULT, warm_up_fraction=0.25, learning_rate_start=0.5, learning_rate_floor=0.2
    )
    rates = factors(settings)
    assert (rates[0], rates[250], rates[-1]) == pytest.approx((0.5, 1.0, 0.2))
    assert rates.index(max(rates)) == 250


def test_without_warm_up_the_learning_rate_starts_at_its_peak():
    assert factors(replace(DEFAULT, warm_up_fraction=0.0))[0] == 1.0


@given(fractions, st.floats(0.0, 1.0, exclude_max=True), fractions, fractions)
def test_the_factor_is_always_between_zero_and_one(progress, warm_up, start, floor):
    settings = replace(
        DEFAULT, warm_up_fraction=warm_up, learning_rate_start=start, learning_rate_floor=floor
    )
    assert -1e-9 <= learning_rate_factor(progress, settings) <= 1.0 + 1e-9
