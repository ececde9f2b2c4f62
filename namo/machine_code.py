"""Where the machine code of this version is cached, and whether all of it has been compiled once.

Apart from `namo.compiled`, so that who only wants to know need not load a compiler.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from namo.cache_files import read_cached, write_cached
from namo.files import cache_folder

COMPILING = "compiling, once per machine"
"""What is said while the first process compiles."""


def _sources_digest() -> str:
    """Return a hash of all source files of the package."""
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


FOLDER = cache_folder() / "compiled" / _sources_digest()
"""Of the machine code that these sources are compiled to."""
_WARM = FOLDER / "warm"


def is_warm() -> bool:
    """Return whether some process has compiled everything, and could keep it."""
    return read_cached(_WARM) is not None


def set_warm() -> None:
    """Record that everything has been compiled."""
    write_cached(_WARM, b"")
