"""Where the files are that are shipped with the package: pipeline, settings, scenes, models.

In a clone they are at the top level; a wheel carries them inside the package, in the same folders.
`setup.py` puts them there.
"""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_IN_A_WHEEL = _PACKAGE / "shipped_files"


def shipped_folder() -> Path:
    """Return the folder that holds the shipped files."""
    return _IN_A_WHEEL if _IN_A_WHEEL.is_dir() else _PACKAGE.parent


def here_or_shipped(path: str, here: str = "") -> str:
    """Return a path as it is, or that of the shipped file where only this exists.

    Args:
        path: of a file or folder. A relative one starts in `here`, or else in `shipped_folder()`:
            "resources/models/goal" is the shipped model from everywhere.
        here: a folder; the working directory by default.
    """
    own, shipped = os.path.join(here, path), shipped_folder() / path  # noqa: PTH118 - as it is
    return str(shipped) if not Path(own).exists() and shipped.exists() else own
