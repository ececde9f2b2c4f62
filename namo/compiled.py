"""Compiled loops: functions over arrays that run as machine code.

For the few loops that NumPy cannot express without touching every element many times. A compiled
function takes and returns arrays and numbers only, and holds no lock while it runs. Nothing is
reordered for speed (no `fastmath`), so results are those of the same operations written out.

Machine code is kept on disk, so that only the first run after an installation waits for the
compiler. A compiled function contains those that it calls and the constants of other files, so all
sources of the package together decide where it is kept: after any change it is made anew.
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
    """Compile a function when it is first called; a decorator."""
    before = getattr(config, _FOLDER_SETTING)
    setattr(config, _FOLDER_SETTING, str(_FOLDER))
    try:
        made = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # there is no folder to keep it in: compiled for this process alone
        made = numba.njit(nogil=True)(function)
    finally:
        setattr(config, _FOLDER_SETTING, before)
    return cast("F", made)
