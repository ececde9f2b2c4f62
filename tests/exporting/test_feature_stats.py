import numpy as np
import pytest

from namo.exporting.feature_stats import NAMES, QUANTILES, PixelStats, StatsSum, vector_stats

RNG = np.random.default_rng(5)


def test_statistics_of_images_are_those_of_all_their_pixels():
    images = RNG.integers(0, 256, (4, 6, 8, 3), dtype=np.uint8) // 2
    counted = PixelStats()
    for image in images:
        counted.add(image)
    found, pixels = counted.stats(), images.reshape(-1, 3) / 255.0
    assert found.keys() == set(NAMES)
    assert {values.shape for name, values in found.items() if name != "count"} == {(3, 1, 1)}
    assert found["count"].tolist() == [4]
    for name in ("min", "max", "mean", "std"):
        np.testing.assert_allclose(found[name].ravel(), getattr(pixels, name)(axis=0))
    for name, fraction in QUANTILES.items():
        expected = np.quantile(pixels, fraction, axis=0, method="inverted_cdf")
        np.testing.assert_allclose(found[name].ravel(), expected)


def test_episodes_add_up_to_the_statistics_of_all_frames():
    parts = [RNG.normal(size=(frames, 3)) * frames for frames in (5, 20, 1)]
    total = StatsSum()
    for part in parts:
        total.add(vector_stats(part))
    found, everything = total.stats(), np.concatenate(parts)
    assert found["count"].tolist() == [26]
    for name in ("min", "max", "mean", "std"):
        np.testing.assert_allclose(found[name], getattr(everything, name)(axis=0))
    weighted = sum(len(part) * np.quantile(part, 0.5, axis=0) for part in parts) / 26
    np.testing.assert_allclose(found["q50"], weighted)


def test_no_episode_has_no_statistics():
    with pytest.raises(ValueError, match="no episode"):
        StatsSum().stats()
