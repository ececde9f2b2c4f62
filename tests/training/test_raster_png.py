import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from namo.errors import ResultFileError
from namo.training.raster_png import from_png, to_png

shapes = st.tuples(st.integers(1, 8), st.integers(1, 20)).map(lambda n: (n[0], n[1], n[1]))


@given(shapes.flatmap(lambda shape: arrays(np.uint8, shape)))
def test_a_raster_survives_the_round_trip_bit_for_bit(raster):
    np.testing.assert_array_equal(from_png(to_png(raster), len(raster)), raster)


def test_the_image_stacks_the_channels_vertically():
    raster = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    png = to_png(raster)
    assert png.startswith(b"\x89PNG")
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(image, np.concatenate(raster))


def test_an_image_with_another_number_of_channels_is_refused():
    png = to_png(np.zeros((6, 4, 4), np.uint8))
    for channels in (5, 7):
        with pytest.raises(ResultFileError) as caught:
            from_png(png, channels)
        assert str(caught.value) == (
            f"raster: image has shape (24, 4); expected {channels} channels"
        )


@pytest.mark.parametrize("damage", ["empty", "cut off", "a bit", "something else"])
def test_a_damaged_image_is_refused(damage):
    raster = np.random.default_rng(0).integers(0, 256, (6, 8, 8), np.uint8)
    png = bytearray(to_png(raster))
    if damage == "empty":
        png.clear()
    elif damage == "cut off":
        del png[-10:]
    elif damage == "a bit":
        png[len(png) // 2] ^= 1
    else:
        png[:] = b"not an image"
    with pytest.raises(ResultFileError, match="raster: image has shape None; expected 6 channels"):
        from_png(bytes(png), 6)
