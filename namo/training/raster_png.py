"""Rasters as PNG files: small, lossless, and readable by any image viewer."""

from __future__ import annotations

import cv2
import numpy as np

from namo.errors import ResultFileError
from namo.learning.rasters import Raster


def to_png(raster: Raster) -> bytes:
    """Return a raster (channels, pixels, pixels) as PNG, its channels stacked vertically."""
    channels, rows, columns = raster.shape
    _, png = cv2.imencode(".png", raster.reshape(channels * rows, columns))
    return bytes(png.tobytes())


def from_png(png: bytes, channels: int) -> Raster:
    """Return the raster (channels, pixels, pixels) of a PNG, bit for bit.

    Raises:
        ResultFileError: the data are not an image with that many channels.
    """
    data = np.frombuffer(png, np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if png else None  # raises on empty input
    if image is None or image.shape[0] != channels * image.shape[1]:
        shape = None if image is None else image.shape
        raise ResultFileError(f"raster: image has shape {shape}; expected {channels} channels")
    side = image.shape[1]
    return np.asarray(image, np.uint8).reshape(channels, side, side)
