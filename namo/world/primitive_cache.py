"""A cache of primitive libraries, in memory and on disk."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from namo.cache_files import read_cached, write_cached
from namo.files import cache_folder
from namo.scenes.scene import Movable, Scene
from namo.world.contacts import contact_points
from namo.world.cost_to_go import SHAPE, CostToGo
from namo.world.primitives import TRAVELS, PrimitiveLibrary, PushClass, simulate_library

KEPT = 8
"""Libraries kept in memory, 0.6 MB each; to load one takes a millisecond."""


def library_for(scene: Scene, movable: Movable, folder: Path | None = None) -> PrimitiveLibrary:
    """Return the primitives of a movable: from memory, from disk, or simulated now.

    Args:
        scene: with the physics and the robot.
        movable: the box.
        folder: of the disk cache; `cache_folder()` by default.

    Raises:
        SceneError: see `namo.world.primitives.simulate_library`.
    """
    return _library(PushClass.of(scene, movable), folder or cache_folder())


@lru_cache(maxsize=KEPT)
def _library(push_class: PushClass, folder: Path) -> PrimitiveLibrary:
    path = folder / "primitives" / f"{push_class.key()}.npz"
    library = _load(path, push_class)
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
    write_cached(path, buffer.getvalue())


def _load(path: Path, push_class: PushClass) -> PrimitiveLibrary | None:
    """Return a cached library; None if there is none, or it is damaged or of another class.

    Simulating a damaged entry again takes a second and overwrites it.
    """
    data = read_cached(path)
    if data is None:
        return None
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            library = PrimitiveLibrary(
                float(arrays["size"]),
                arrays["displacements"],
                arrays["travels"],
                arrays["steps"],
                CostToGo(float(arrays["size"]), arrays["cost_to_go"]),
            )
    except (ValueError, TypeError, LookupError, EOFError, OSError, BadZipFile):
        return None
    return library if _fits(library, push_class) else None


def _fits(library: PrimitiveLibrary, push_class: PushClass) -> bool:
    """Return whether a library has the size, and its arrays the shapes, of a class."""
    contacts = len(contact_points(push_class.footprint, push_class.robot.radius).positions)
    shape = contacts, len(TRAVELS)
    found = [
        (array.dtype, array.shape)
        for array in (
            library.displacements,
            library.travels,
            library.steps,
            library.cost_to_go.table,
        )
    ]
    return library.size == push_class.footprint.size and found == [
        (np.dtype(np.float64), (*shape, 3)),
        (np.dtype(np.float64), (len(TRAVELS),)),
        (np.dtype(np.float64), shape),
        (np.dtype(np.float32), SHAPE),
    ]
