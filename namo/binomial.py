"""Fractions of independent trials with confidence intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

CONFIDENCE = 0.95
Z = 1.959963984540054
"""Standard normal quantile of a two-sided interval at `CONFIDENCE`."""


@dataclass(frozen=True)
class EstimatedFraction:
    """A fraction (0 to 1) with its confidence interval at `CONFIDENCE`."""

    estimate: float
    low: float
    high: float


def wilson_interval(fraction: float, trials: int) -> EstimatedFraction:
    """Return a fraction with its Wilson score interval.

    Args:
        fraction: 0 to 1.
        trials: number of independent trials, at least 1. Correlated episodes, such as those of one
            environment, count as one trial.
    """
    centre = fraction + Z**2 / (2 * trials)
    half = Z * math.sqrt(fraction * (1 - fraction) / trials + Z**2 / (4 * trials**2))
    scale = 1 + Z**2 / trials
    low, high = (centre - half) / scale, (centre + half) / scale
    return EstimatedFraction(
        fraction, float(min(max(low, 0.0), fraction)), float(max(min(high, 1.0), fraction))
    )
