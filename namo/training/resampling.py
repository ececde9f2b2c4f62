"""Confidence intervals and tests by resampling scenes.

Episodes of a scene are correlated, so the bootstrap (Efron 1979) resamples scenes, each with all
its episodes (a cluster bootstrap). Intervals are percentile intervals, each for one quantity. If
all scenes agree (all solved, say) the interval has zero width, although another scene might differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats

CONFIDENCE = 0.95
RESAMPLES, FLIPS = 2000, 9999


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval, in the unit of the quantity.

    None means beyond the budget (medians) or undefined (ratios); the upper end of a ratio is None
    if it is unbounded.
    """

    estimate: float | None
    low: float | None
    high: float | None


class Bootstrap:
    """Bootstrap over scenes: statistics of the original scenes, then of each resample.

    Results have R = 1 + RESAMPLES rows; row 0 is the estimate from the original scenes.

    Attributes:
        scene: (n,) index of the scene of each episode.
        size: number S of scenes.
        per_scene: (S,) episodes per scene.
        episodes: (R,) total number of episodes.
    """

    def __init__(self, scenes: NDArray[np.str_], rng: np.random.Generator) -> None:
        """Draw the resamples.

        Args:
            scenes: (n,) scene of each episode.
            rng: random stream of the resamples.
        """
        _, scene = np.unique(scenes, return_inverse=True)
        self.scene, self.size = scene, int(scene.max()) + 1
        self.per_scene = np.bincount(scene)
        drawn = rng.integers(self.size, size=(RESAMPLES, self.size))
        drawn += self.size * np.arange(RESAMPLES)[:, None]
        times = np.bincount(drawn.ravel(), minlength=RESAMPLES * self.size)
        ones = np.ones((1, self.size), np.float32)
        # Single precision is exact for counts up to 16 million episodes, and twice as fast.
        drawn_times = times.reshape(RESAMPLES, self.size).astype(np.float32)
        self._weights = np.concatenate([ones, drawn_times])
        self.episodes = self._weights @ self.per_scene.astype(np.float64)

    def total(self, values: Floats) -> Floats:
        """Return the sums (R,) of a value per episode (n,), in its unit."""
        return np.asarray(self._weights @ np.bincount(self.scene, values, self.size))

    def scene_means(self, values: Floats) -> Floats:
        """Return the mean per scene (S,) of a value per episode (n,), in its unit."""
        return np.asarray(np.bincount(self.scene, values, self.size) / self.per_scene)

    def mean_of_scenes(self, values: Floats) -> Floats:
        """Return the means (R,) of a value per scene (S,), in its unit."""
        return np.asarray(self._weights @ values / self.size)

    def within(self, cost: Floats, solved: NDArray[np.bool_], levels: Floats) -> Floats:
        """Return the fractions (R, V) of episodes solved at a cost (n,) of at most each level (V,).

        Args:
            cost: (n,) of each episode, in the unit of the levels.
            solved: (n,) whether the episode was solved.
            levels: (V,) ascending, in any unit.
        """
        index = np.searchsorted(levels, cost)
        counted = solved & (index < len(levels))
        cells = self.scene[counted] * len(levels) + index[counted]
        table = np.bincount(cells, minlength=self.size * len(levels)).astype(np.float32)
        table = table.reshape(self.size, len(levels)).cumsum(axis=1)
        return np.asarray((self._weights @ table) / self.episodes[:, None])


def sign_flip_p(differences: Floats, rng: np.random.Generator) -> Floats:
    """Return two-sided p-values (A,) for the means of paired differences (A, S), by sign flips.

    A sign-flip permutation test (Fisher 1935): the null hypothesis is that the sign of each
    difference is arbitrary. The differences may be in any unit; a p-value is a probability.
    """
    arms, scenes = differences.shape
    # A relative tolerance, since the order of summation changes the last bits.
    observed = np.abs(differences.sum(axis=1)) * (1.0 - 1e-9)
    at_least = np.zeros(arms)
    block = max(1, 2**21 // scenes)
    for start in range(0, FLIPS, block):
        flips = rng.integers(2, size=(min(block, FLIPS - start), scenes), dtype=np.int8)
        sums = (2.0 * flips - 1.0) @ differences.T
        at_least += (np.abs(sums) >= observed).sum(axis=0)
    return np.asarray((1.0 + at_least) / (1.0 + FLIPS))


def ratio(arm: Floats, baseline: Floats) -> Interval:
    """Return the interval of a ratio of replicates (R,); all None if it is undefined.

    A resample in which both medians are beyond the budget widens the interval at both ends.
    """
    if not (np.isfinite(arm[0]) and np.isfinite(baseline[0]) and baseline[0] > 0.0):
        return Interval(None, None, None)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = arm / baseline
    low = interval(np.where(np.isnan(ratio), 0.0, ratio))
    high = interval(np.where(np.isnan(ratio), np.inf, ratio))
    return Interval(low.estimate, low.low, high.high)


def percentile_bounds(replicates: Floats) -> Floats:
    """Return estimate, lower and upper bound (3, K) of replicates (R, K); row 0 is the estimate.

    All are in the unit of the replicates. Bounds are order statistics, the next ones outwards, not
    interpolated, so infinite replicates are handled. They always include the estimate, even if all
    replicates are equal up to rounding.
    """
    estimate, drawn = replicates[0], np.sort(replicates[1:], axis=0)
    outside = int((1.0 - CONFIDENCE) / 2.0 * (len(drawn) - 1))
    low, high = drawn[outside], drawn[len(drawn) - 1 - outside]
    return np.stack([estimate, np.minimum(low, estimate), np.maximum(high, estimate)])


def intervals(replicates: Floats) -> list[Interval]:
    """Return the K intervals of replicates (R, K), in their unit."""
    bounds = percentile_bounds(replicates).T.tolist()
    return [Interval(*(end if np.isfinite(end) else None for end in each)) for each in bounds]


def interval(replicates: Floats) -> Interval:
    """Return the interval of replicates (R,), in their unit."""
    return intervals(replicates[:, None])[0]
