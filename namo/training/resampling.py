"""Intervals and tests from drawing scenes again and again.

Episodes of a scene are alike, so it is scenes that are drawn in the bootstrap (Efron 1979), each
with all its episodes. Intervals are percentiles and hold for one number at a time. Where all scenes
agree (all solved, say) an interval has no width, although another scene might have differed.
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
    """A number with the ends of its interval, in its unit.

    None stands for what lies beyond the budget (medians) or is not defined (ratios); the upper end
    of a ratio is None where it has no bound.
    """

    estimate: float | None
    low: float | None
    high: float | None


class Sample:
    """Scenes drawn again and again: sums over episodes in the scenes as they are, then as drawn.

    What it returns has R = 1 + RESAMPLES rows; row 0 is the estimate.

    Attributes:
        scene: (n,) number of the scene of each episode.
        size: number S of scenes.
        per_scene: (S,) episodes of each.
        episodes: (R,) episodes in all.
    """

    def __init__(self, scenes: NDArray[np.str_], rng: np.random.Generator) -> None:
        """Draw.

        Args:
            scenes: (n,) the scene of each episode.
            rng: stream for the draws.
        """
        _, scene = np.unique(scenes, return_inverse=True)
        self.scene, self.size = scene, int(scene.max()) + 1
        self.per_scene = np.bincount(scene)
        drawn = rng.integers(self.size, size=(RESAMPLES, self.size))
        drawn += self.size * np.arange(RESAMPLES)[:, None]
        times = np.bincount(drawn.ravel(), minlength=RESAMPLES * self.size)
        ones = np.ones((1, self.size), np.float32)
        # Single precision is exact here for counts, up to 16 million episodes, and twice as fast.
        drawn_times = times.reshape(RESAMPLES, self.size).astype(np.float32)
        self._weights = np.concatenate([ones, drawn_times])
        self.episodes = self._weights @ self.per_scene.astype(np.float64)

    def total(self, values: Floats) -> Floats:
        """Return the sums (R,) of a value (n,) an episode, in its unit."""
        return np.asarray(self._weights @ np.bincount(self.scene, values, self.size))

    def scene_means(self, values: Floats) -> Floats:
        """Return the mean (S,) over the episodes of each scene, of a value (n,) an episode.

        It is in the unit of the value.
        """
        return np.asarray(np.bincount(self.scene, values, self.size) / self.per_scene)

    def mean_of_scenes(self, values: Floats) -> Floats:
        """Return the means (R,) of a value (S,) a scene, in its unit."""
        return np.asarray(self._weights @ values / self.size)

    def within(self, cost: Floats, solved: NDArray[np.bool_], levels: Floats) -> Floats:
        """Return the shares (R, V) of episodes solved at a cost (n,) of at most each level (V,).

        Args:
            cost: (n,) of each episode, in the unit of the levels.
            solved: (n,) whether it was solved.
            levels: (V,) ascending, in any unit.
        """
        place = np.searchsorted(levels, cost)
        counted = solved & (place < len(levels))
        cells = self.scene[counted] * len(levels) + place[counted]
        table = np.bincount(cells, minlength=self.size * len(levels)).astype(np.float32)
        table = table.reshape(self.size, len(levels)).cumsum(axis=1)
        return np.asarray((self._weights @ table) / self.episodes[:, None])


def sign_flip_p(differences: Floats, rng: np.random.Generator) -> Floats:
    """Return the p-values (A,) of differences (A, S): two-sided, of their means, by sign flips.

    A p-value is the probability of a mean as far from zero if each difference could as well have
    the other sign (Fisher 1935). The differences may be in any unit.
    """
    arms, scenes = differences.shape
    # A little less: sums of another order differ in bits.
    observed = np.abs(differences.sum(axis=1)) * (1.0 - 1e-9)
    at_least = np.zeros(arms)
    block = max(1, 2**21 // scenes)
    for start in range(0, FLIPS, block):
        flips = rng.integers(2, size=(min(block, FLIPS - start), scenes), dtype=np.int8)
        sums = (2.0 * flips - 1.0) @ differences.T
        at_least += (np.abs(sums) >= observed).sum(axis=0)
    return np.asarray((1.0 + at_least) / (1.0 + FLIPS))


def ratio(arm: Floats, baseline: Floats) -> Interval:
    """Return the interval of a ratio of replicates (R,); all None where it is not defined.

    A resample without a ratio, both medians beyond the budget, counts against us at both ends.
    """
    if not (np.isfinite(arm[0]) and np.isfinite(baseline[0]) and baseline[0] > 0.0):
        return Interval(None, None, None)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = arm / baseline
    low = interval(np.where(np.isnan(ratio), 0.0, ratio))
    high = interval(np.where(np.isnan(ratio), np.inf, ratio))
    return Interval(low.estimate, low.low, high.high)


def ends(replicates: Floats) -> Floats:
    """Return estimate, lower and upper end (3, K) of replicates (R, K); row 0 is the estimate.

    All are in the unit of the replicates. Ends are replicates themselves, the next ones outwards,
    so that infinite ones do no harm. They hold the estimate also where all replicates are the same
    but for rounding.
    """
    estimate, drawn = replicates[0], np.sort(replicates[1:], axis=0)
    outside = int((1.0 - CONFIDENCE) / 2.0 * (len(drawn) - 1))
    low, high = drawn[outside], drawn[len(drawn) - 1 - outside]
    return np.stack([estimate, np.minimum(low, estimate), np.maximum(high, estimate)])


def intervals(replicates: Floats) -> list[Interval]:
    """Return the K intervals of replicates (R, K), in their unit."""
    found = ends(replicates).T.tolist()
    return [Interval(*(end if np.isfinite(end) else None for end in each)) for each in found]


def interval(replicates: Floats) -> Interval:
    """Return the interval of replicates (R,), in their unit."""
    return intervals(replicates[:, None])[0]
