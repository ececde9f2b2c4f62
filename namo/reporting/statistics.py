"""Shares with intervals, and how many searches are solved within an effort.

Unsolved searches are censored: one that ran out of its budget would have needed more than that,
nobody knows how much, so it counts up to where it ended and not beyond (Kaplan and Meier 1958). One
that had nothing left to try stays unsolved whatever the effort.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats

CONFIDENCE = 0.95
Z = 1.959963984540054
"""Quantile of the normal distribution that belongs to `CONFIDENCE`."""


@dataclass(frozen=True)
class Share:
    """A share (0 to 1) with the ends of its interval at `CONFIDENCE`."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Curve:
    """Share solved (0 to 1) within an effort, a step function; one entry a step.

    Attributes:
        effort: where it steps, ascending, in the unit of the effort, (m,).
        estimate: share from there on, (m,).
        low: lower end of the interval of that share, (m,).
        high: likewise, upper end, (m,).
        end: largest effort that anything is known of, in the same unit.
    """

    effort: Floats
    estimate: Floats
    low: Floats
    high: Floats
    end: float

    def at(self, effort: float) -> float:
        """Return the share solved within an effort."""
        place = int(np.searchsorted(self.effort, effort, side="right"))
        return float(self.estimate[place - 1]) if place else 0.0


def wilson(share: float, number: int) -> Share:
    """Return a share with its Wilson score interval.

    Args:
        share: 0 to 1.
        number: of independent trials, at least 1; of searches that are alike, such as those of one
            environment, count one.
    """
    centre = share + Z**2 / (2 * number)
    half = Z * np.sqrt(share * (1 - share) / number + Z**2 / (4 * number**2))
    scale = 1 + Z**2 / number
    low, high = (centre - half) / scale, (centre + half) / scale
    return Share(share, float(min(max(low, 0.0), share)), float(max(min(high, 1.0), share)))


def solved_within(
    effort: Floats, solved: NDArray[np.bool_], closed: NDArray[np.bool_], points: int = 200
) -> Curve:
    """Return the share solved within an effort, with a band (Greenwood's variance, log-log).

    Args:
        effort: that a search took until it ended, in any unit, (n,).
        solved: whether it ended with a plan, (n,).
        closed: whether it ended since nothing was left to try, (n,).
        points: steps to keep at most.
    """
    last = float(effort.max()) if effort.size else 0.0
    ends = np.sort(np.where(closed & ~solved, np.inf, effort))
    steps, counts = np.unique(effort[solved], return_counts=True)
    events = counts.astype(np.float64)
    at_risk = ends.size - np.searchsorted(ends, steps, side="left")
    unsolved = np.cumprod(1.0 - events / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(events / (at_risk * (at_risk - events)))
        spread = np.exp(Z * np.sqrt(variance) / np.log(unsolved))
    spread = np.where(np.isfinite(spread), spread, 1.0)  # all solved: there is nothing to spread
    kept = _thinned(steps, points)
    estimate, low, high = (
        np.asarray(1.0 - unsolved[kept] ** power, np.float64)
        for power in (1.0, spread[kept], 1.0 / spread[kept])
    )
    return Curve(steps[kept], estimate, low, high, last)


def _thinned(steps: Floats, points: int) -> NDArray[np.int64]:
    """Return places of steps, spread evenly over the logarithm of the effort, the last among them.

    Of steps too close to tell apart the later stays, so that a curve lags and never runs ahead.
    """
    if steps.size <= points:
        return np.arange(steps.size)
    logarithms = np.log(np.maximum(steps, steps[steps > 0].min(initial=1.0)))
    cells = np.floor((logarithms - logarithms[0]) / (np.ptp(logarithms) or 1.0) * (points - 1))
    return np.flatnonzero(np.diff(cells, append=np.inf))
