"""Planning data for Navigation Among Movable Obstacles (NAMO), collected in MuJoCo."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from namo.version import __version__

if TYPE_CHECKING:
    from namo.results.collection import Collection

__all__ = ["__version__", "load"]


def load(folder: str | os.PathLike[str], run_from: str | os.PathLike[str] = Path()) -> Collection:
    """Open a finished collection: its tables as Arrow, its episodes with states and scenes.

    Nothing of it is run: files are read as plain values.

    Args:
        folder: of the collection.
        run_from: where it was run, if not here: relative paths of scenes start there.

    Raises:
        UsageError: no finished collection is there.
    """
    from namo.results.collection import Collection  # takes MuJoCo and Arrow along

    return Collection(Path(folder), Path(run_from))
