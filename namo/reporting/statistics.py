"""The fraction of episodes solved within an effort, with a confidence band.

Unsolved episodes are right-censored: an episode that ran out of budget counts as at risk up to its
end and is removed there (Kaplan and Meier 1958). An episode with nothing left to try stays unsolved
at any effort.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from namo.binomial import Z
from namo.geometry import Floats


@dataclass(frozen=True, eq=False)
class SolvedCurve:
    """Fraction solved (0 to 1) within an effort: a step function with one entry per step.

    Attributes:
        effort: positions of the steps, ascending, in the unit of the effort, (m,).
        estimate: fraction from each step on, (m,).
        low: lower end of its confidence interval, a fraction, (m,).
        high: likewise, upper end, (m,).
        end: largest observed effort, in the same unit.
    """

    effort: Floats
    estimate: Floats
    low: Floats
    high: Floats
    end: float

    def at(self, effort: float) -> float:
        """Return the fraction solved within an effort."""
        step = int(np.searchsorted(self.effort, effort, side="right"))
        return float(self.estimate[step - 1]) if step else 0.0


def solved_within(
    effort: Floats, solved: NDArray[np.bool_], closed: NDArray[np.bool_], max_steps: int = 200
) -> SolvedCurve:
    """Return the Kaplan-Meier curve of solved episodes with a log-log band (Greenwood's variance).

    Args:
        effort: of each episode until its end, in any unit, (n,).
        solved: whether it ended with a plan, (n,).
        closed: whether it ended because nothing was left to try, (n,).
        max_steps: number of steps to keep at most.
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
    spread = np.where(np.isfinite(spread), spread, 1.0)  # all solved: the variance is undefined
    kept = _thinned(steps, max_steps)
    estimate, low, high = (
        np.asarray(1.0 - unsolved[kept] ** power, np.float64)
        for power in (1.0, spread[kept], 1.0 / spread[kept])
    )
    return SolvedCurve(steps[kept], estimate, low, high, last)


def _thinned(steps: Floats, limit: int) -> NDArray[np.int64]:
    """Return indices of steps, evenly spaced in the logarithm of the effort, including the last.

    Of several steps in one cell the latest is kept, so the thinned curve never overestimates.
    """
    if steps.size <= limit:
        return np.arange(steps.size)
    logarithms = np.log(np.maximum(steps, steps[steps > 0].min(initial=1.0)))
    cells = np.floor((logarithms - logarithms[0]) / (np.ptp(logarithms) or 1.0) * (limit - 1))
    return np.flatnonzero(np.diff(cells, append=np.inf))
