"""Rectangles that together are more or less one polygon."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from namo.geometry import Pose2D

ORIGIN = Pose2D(0.0, 0.0, 0.0)


def rectangle(
    x_min: float, y_min: float, x_max: float, y_max: float, pose: Pose2D = ORIGIN
) -> list[tuple[float, float]]:
    """Return the corners of a rectangle in a frame, in the world."""
    corners = [(x_min, y_min), (x_max, y_min), (x_max, y_max), (x_min, y_max)]
    return [(x, y) for x, y in pose.to_world(np.array(corners, float)).tolist()]


@st.composite
def attached_rectangles(draw: st.DrawFn) -> list[tuple[int, int, int, int]]:
    """Rectangles on a grid, each of which touches or overlaps one before it."""
    sizes = st.integers(1, 4)
    found = [(0, 0, draw(sizes), draw(sizes))]
    for _ in range(draw(st.integers(1, 5))):
        x_min, y_min, x_max, y_max = draw(st.sampled_from(found))
        width, height = draw(sizes), draw(sizes)
        x = draw(st.integers(x_min - width, x_max))
        y = draw(st.integers(y_min - height, y_max))
        found.append((x, y, x + width, y + height))
    return found
