"""Rasters as PNG files: small, exact, and anything can look at them."""

from __future__ import annotations

import cv2
import numpy as np

from namo.errors import ResultFileError
from namo.learning.rasters import Raster


def to_png(raster: Raster) -> bytes:
    """Return a raster (channels, pixels, pixels) as a picture, its channels below each other."""
    channels, rows, columns = raster.shape
    _, png = cv2.imencode(".png", raster.reshape(channels * rows, columns))
    return bytes(png.tobytes())


def from_png(png: bytes, channels: int) -> Raster:
    """Return the raster (channels, pixels, pixels) of a picture, bit for bit.

    Raises:
        ResultFileError: it is no picture of so many channels.
    """
    data = np.frombuffer(png, np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if png else None  # refuses to look at none
    if picture is None or picture.shape[0] != channels * picture.shape[1]:
        shape = None if picture is None else picture.shape
        raise ResultFileError(f"a raster is a picture of shape {shape}; {channels} channels wanted")
    side = picture.shape[1]
    return np.asarray(picture, np.uint8).reshape(channels, side, side)
