"""Pictures in notebooks: what can be drawn shows itself as `namo.draw` draws it.

What draws is above what is drawn. It is named here, as planners are in their registry, and imported
when the first picture is shown.
"""

from __future__ import annotations

import importlib

_DRAWING = "namo.reporting.pictures"


class Pictured:
    """Something that a notebook shows as a picture, and `namo.draw` draws."""

    def _repr_svg_(self) -> str:
        svg: str = importlib.import_module(_DRAWING).draw(self).svg
        return svg
