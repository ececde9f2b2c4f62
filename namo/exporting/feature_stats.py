"""Statistics of the features of a LeRobot data set, per episode and over all of them.

Of each feature: `min`, `max`, `mean`, `std`, the quantiles `q01` to `q99`, and `count`, the number
of frames. Pixels are numbers from 0 to 1, one per channel. The quantiles of all episodes are means
of those of the episodes, weighted by their frames, which is how LeRobot itself adds episodes up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats
from namo.scenes.topdown import RgbImage

QUANTILES = {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}
NAMES = ("min", "max", "mean", "std", "count", *QUANTILES)
"""Statistics of a feature."""
_LEVELS = 256

Stats = dict[str, NDArray[np.float64]]
"""One value of each of `NAMES` per component of a feature; `count` has one alone."""


def vector_stats(values: Floats) -> Stats:
    """Return the statistics of a feature, in its own unit, (components,) each.

    Args:
        values: (frames, components) of it, in any unit.
    """
    return {
        "min": values.min(axis=0),
        "max": values.max(axis=0),
        "mean": values.mean(axis=0),
        "std": values.std(axis=0),
        "count": np.array([len(values)], np.float64),
        **dict(zip(QUANTILES, np.quantile(values, [*QUANTILES.values()], axis=0), strict=True)),
    }


class PixelStats:
    """Counts the values of pixels, from which all statistics of images follow exactly."""

    def __init__(self) -> None:
        """Count nothing yet."""
        self._counts = np.zeros((3, _LEVELS), np.int64)
        self._images = 0

    def add(self, image: RgbImage) -> None:
        """Add an image (height, width, 3)."""
        for channel, counts in enumerate(self._counts):
            counts += np.bincount(image[..., channel].ravel(), minlength=_LEVELS)
        self._images += 1

    def stats(self) -> Stats:
        """Return the statistics of at least one image, (3, 1, 1) each, as fractions from 0 to 1.

        `count` is the number of images.
        """
        levels = np.arange(_LEVELS) / (_LEVELS - 1)
        below = np.cumsum(self._counts, axis=1)
        pixels = below[:, -1:]
        mean = (self._counts * levels).sum(axis=1, keepdims=True) / pixels
        variance = (self._counts * (levels - mean) ** 2).sum(axis=1, keepdims=True) / pixels
        found = {
            "min": levels[(below > 0).argmax(axis=1)],
            "max": levels[(below == pixels).argmax(axis=1)],
            "mean": mean,
            "std": np.sqrt(variance),
            **{
                name: levels[(below >= fraction * pixels).argmax(axis=1)]
                for name, fraction in QUANTILES.items()
            },
        }
        shaped = {name: values.reshape(3, 1, 1) for name, values in found.items()}
        return {**shaped, "count": np.array([self._images], np.float64)}


class StatsSum:
    """The statistics of many episodes, one of which is in memory."""

    def __init__(self) -> None:
        """Start without an episode."""
        self._total: Stats | None = None

    def add(self, stats: Stats) -> None:
        """Add an episode.

        Args:
            stats: of its frames, (components,) or (3, 1, 1) each, in the unit of the feature.
        """
        self._total = stats if self._total is None else _added(self._total, stats)

    def stats(self) -> Stats:
        """Return the statistics of all episodes, of the shapes (components,) or (3, 1, 1).

        Units are those of the features; `count` is the number of frames.

        Raises:
            ValueError: there is no episode.
        """
        if self._total is None:
            raise ValueError("no episode was added")
        return self._total


def _added(one: Stats, other: Stats) -> Stats:
    count = one["count"] + other["count"]
    weights = one["count"] / count, other["count"] / count

    def mean_of(values: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
        return weights[0] * values + weights[1] * others

    mean = mean_of(one["mean"], other["mean"])
    variance = mean_of(
        one["std"] ** 2 + (one["mean"] - mean) ** 2, other["std"] ** 2 + (other["mean"] - mean) ** 2
    )
    return {
        "min": np.minimum(one["min"], other["min"]),
        "max": np.maximum(one["max"], other["max"]),
        "mean": mean,
        "std": np.sqrt(variance),
        "count": count,
        **{name: mean_of(one[name], other[name]) for name in QUANTILES},
    }
