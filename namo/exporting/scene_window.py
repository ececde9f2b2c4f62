"""The square of a scene that images of a fixed size show."""

from __future__ import annotations

from namo.errors import UsageError
from namo.learning.top_view import Window
from namo.scenes.scene import Scene


def scene_window(scene: Scene, pixels: int, metres_per_pixel: float | None) -> Window:
    """Return the square that images of a scene show.

    Args:
        scene: in its centre.
        pixels: side of the images.
        metres_per_pixel: side of a pixel (m); None to fit the longer side of the scene.

    Raises:
        UsageError: the scene does not fit at this scale.
    """
    window = Window.around(scene.bounds, pixels, metres_per_pixel)
    if not window.contains(scene.bounds):
        smallest = Window.around(scene.bounds, pixels).metres_per_pixel
        raise UsageError(
            f"--metres-per-pixel {window.metres_per_pixel:g}: {scene.path} does not fit into "
            f"{pixels} pixels; allowed for it: {smallest:.4g} or more"
        )
    return window
