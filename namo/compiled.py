"""Compiled kernels: loops over arrays as machine code, through Numba.

For the few loops that NumPy cannot express without many passes over the data. A kernel takes and
returns only arrays and numbers, and releases the interpreter lock. Floating-point operations are
not reordered (no `fastmath`), so results equal those of the plain Python loops.

Machine code is cached on disk, so only the first run after an installation waits for the compiler.
A kernel contains the functions that it calls and constants of other files, which Numba's own cache
does not track. Therefore a hash of all sources of the package names the cache folder, and any
change recompiles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numba
from numba.core import config

from namo.files import cache_folder

F = TypeVar("F", bound=Callable[..., object])


def _sources_digest() -> str:
    """Return a hash of all source files of the package."""
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


_FOLDER_SETTING = "CACHE_DIR"
_FOLDER = cache_folder() / "compiled" / _sources_digest()


def compiled(function: F) -> F:
    """Compile a function on its first call; a decorator."""
    before = getattr(config, _FOLDER_SETTING)
    setattr(config, _FOLDER_SETTING, str(_FOLDER))
    try:
        made = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no writable cache folder: compile for this process only
        made = numba.njit(nogil=True)(function)
    finally:
        setattr(config, _FOLDER_SETTING, before)
    return cast("F", made)
