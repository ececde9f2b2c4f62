import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.learning.passes import PassShape, in_passes, rows_are_independent

CHANNELS, PIXELS, FEATURES = 2, 3, 4

shapes = st.builds(PassShape, st.integers(1, 5), st.integers(1, 5))
sizes = st.lists(st.tuples(st.integers(1, 7), st.integers(1, 12)), min_size=1, max_size=4)


def random_inputs(seed, views, candidates):
    rng = np.random.default_rng(seed)
    rasters = rng.integers(0, 256, (views, CHANNELS, PIXELS, PIXELS), np.uint8)
    return rasters, rng.random((views, candidates, FEATURES), np.float32)


def by_rows(rasters, features):
    """Logits of which each depends on a raster and a candidate alone."""
    of_raster = rasters.astype(np.float64).sum(axis=(1, 2, 3))[:, None]
    of_candidate = features.astype(np.float64).sum(axis=2)
    return np.stack([of_raster + of_candidate, of_raster * of_candidate], axis=2)


@given(shapes, sizes)
def test_every_input_gets_the_logits_that_it_gets_alone_whatever_shares_its_passes(shape, sizes):
    inputs = [random_inputs(seed, *size) for seed, size in enumerate(sizes)]
    together = in_passes(by_rows, shape, inputs)
    assert len(together) == len(inputs)
    for logits, each in zip(together, inputs, strict=True):
        np.testing.assert_array_equal(logits, by_rows(*each))


@given(shapes, sizes)
def test_all_passes_have_the_same_shape_and_none_is_empty(shape, sizes):
    rows = []

    def forward(rasters, features):
        assert rasters.shape == (shape.rows, CHANNELS, PIXELS, PIXELS)
        assert features.shape == (shape.rows, shape.candidates, FEATURES)
        rows.append(int(features.any(axis=(1, 2)).sum()))
        return by_rows(rasters, features)

    inputs = [random_inputs(seed, *size) for seed, size in enumerate(sizes)]
    in_passes(forward, shape, inputs)
    needed = sum(views * -(-candidates // shape.candidates) for views, candidates in sizes)
    assert rows == [shape.rows] * (needed // shape.rows) + [needed % shape.rows] * bool(
        needed % shape.rows
    )


def by_order(rasters, features):
    return by_rows(rasters, features) + np.arange(len(rasters))[:, None, None]


def less_the_mean(rasters, features):
    logits = by_rows(rasters, features)
    return logits - logits.mean()


@pytest.mark.parametrize(
    ("forward", "expected"), [(by_rows, True), (by_order, False), (less_the_mean, False)]
)
def test_rows_that_mix_are_noticed(forward, expected):
    shape = PassShape(3, 4)
    inputs = random_inputs(0, 7, 4)
    assert rows_are_independent(forward, shape, inputs) is expected
