"""The style sheets: of the page, and of a drawing that stands alone."""

from __future__ import annotations

import re
from importlib import resources

from namo.scenes import palette

_COLOURS = ("ink", "floor", "wall", "movable", "movable-edge", "robot", "goal")
"""CSS variables with the colours of `namo.scenes.palette`."""


def page_style() -> str:
    """Return the style sheet of the page: the colours of scenes in both schemes, then the rules."""
    light, dark = (
        " ".join(f"--{name}: {colour};" for name, colour in _colours(prefix).items())
        for prefix in ("", "DARK_")
    )
    return (
        f":root {{ {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
        f"{asset('scene.css')}{asset('page.css')}"
    )


def drawing_style() -> str:
    """Return the style sheet of a drawing outside the page, with colours instead of variables.

    Programs that edit or convert drawings know no variables. The colours are the light ones: the
    floor covers the drawing, so it reads well on any background.
    """
    colours = {**_colours(""), "page": palette.PAGE}
    rules = re.sub(r"var\(--([\w-]+)\)", lambda name: colours[name[1]], asset("scene.css"))
    return re.sub(r"/\*.*?\*/\s*", "", rules)


def asset(name: str) -> str:
    """Return the text of a file of this package."""
    return resources.files("namo.reporting").joinpath(name).read_text("utf-8")


def _colours(prefix: str) -> dict[str, str]:
    return {name: getattr(palette, prefix + name.upper().replace("-", "_")) for name in _COLOURS}
