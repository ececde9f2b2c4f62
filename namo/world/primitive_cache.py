"""A cache of primitive libraries, in memory and on disk."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

import numpy as np

from namo.errors import ResultFileError
from namo.files import cache_folder, read_sealed, write_sealed
from namo.scenes.scene import Movable, Scene
from namo.world.cost_to_go import CostToGo
from namo.world.primitives import PrimitiveLibrary, PushClass, simulate_library


def library_for(scene: Scene, movable: Movable, folder: Path | None = None) -> PrimitiveLibrary:
    """Return the primitives of a movable: from memory, from disk, or simulated now.

    Args:
        scene: with the physics and the robot.
        movable: the box.
        folder: of the disk cache; `cache_folder()` by default.

    Raises:
        SceneError: see `namo.world.primitives.simulate_library`.
        OSError: the folder cannot be read or written.
    """
    return _library(PushClass.of(scene, movable), folder or cache_folder())


@lru_cache(maxsize=512)
def _library(push_class: PushClass, folder: Path) -> PrimitiveLibrary:
    path = folder / "primitives" / f"{push_class.key()}.npz"
    library = _load(path)
    if library is None:
        library = simulate_library(push_class)
        _store(path, library)
    return library


def _store(path: Path, library: PrimitiveLibrary) -> None:
    buffer = io.BytesIO()
    np.savez(  # reads ten times faster than a compressed file
        buffer,
        size=library.size,
        displacements=library.displacements,
        travels=library.travels,
        steps=library.steps,
        cost_to_go=library.cost_to_go.table,
    )
    write_sealed(path, buffer.getvalue())


def _load(path: Path) -> PrimitiveLibrary | None:
    """Return a cached library; None if there is none or it is damaged."""
    try:
        data = read_sealed(path)
    except (FileNotFoundError, ResultFileError):
        # Simulating a damaged entry again takes a second and overwrites it.
        return None
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        size = float(arrays["size"])
        return PrimitiveLibrary(
            size,
            arrays["displacements"],
            arrays["travels"],
            arrays["steps"],
            CostToGo(size, arrays["cost_to_go"]),
        )
