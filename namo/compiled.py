"""Compiled kernels: loops over arrays as machine code, through Numba.

For the few loops that NumPy cannot express without many passes over the data. A kernel takes and
returns only arrays and numbers, and releases the interpreter lock. Floating-point operations are
not reordered (no `fastmath`), so results equal those of the plain Python loops.

Machine code is cached on disk, so only the first run after an installation waits for the compiler.
A kernel contains the functions that it calls and constants of other files, which Numba's own cache
does not track. Therefore a hash of all sources of the package names the cache folder, and any
change recompiles. Numba's own files have no checksum, and one flipped bit in machine code may do
anything; here they are sealed (`namo.cache_files`), and what does not load is compiled again.
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import caching
from numba.core.dispatcher import Dispatcher
from numba.core.serialize import dumps

from namo.cache_files import read_cached, write_cached
from namo.machine_code import FOLDER

_log = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., object])


_FOLDER = FOLDER


def compiled(function: F) -> F:
    """Compile a function on its first call; a decorator."""
    made = numba.njit(nogil=True)(function)
    if isinstance(made, Dispatcher):  # not with NUMBA_DISABLE_JIT
        made._cache = _Cache(function)  # type: ignore[attr-defined]
    return cast("F", made)


class _Locator(caching.UserProvidedCacheLocator):
    """Places the files of a function in the folder named by the hash, writable or not."""

    def __init__(self, function: Callable[..., object], source: str) -> None:
        self._py_file = source
        self._lineno = function.__code__.co_firstlineno
        folder = self.get_suitable_cache_subpath(source)  # type: ignore[no-untyped-call]
        self._cache_path = str(_FOLDER / folder)

    @classmethod
    def from_function(cls, function: Callable[..., object], source: str) -> _Locator:
        return cls(function, source)

    def ensure_cache_path(self) -> None:
        """Do nothing: writing creates the folder, or warns."""


class _Implementation(caching.CompileResultCacheImpl):
    _locator_classes = [_Locator]  # noqa: RUF012 - as in Numba


class _Files(caching.IndexDataCacheFile):
    """The index and the machine code of one function, in sealed files."""

    def load(self, key: object) -> Any:  # noqa: ANN401 - what Numba reduced
        name = self._load_index().get(key)
        return None if name is None else _unpickled(self._path(name))

    def _path(self, name: str) -> Path:
        return Path(self._cache_path) / name

    def _load_index(self) -> dict[object, str]:
        content = _unpickled(self._path(self._index_name))
        match content:
            case (self._version, self._source_stamp, dict() as overloads):
                return overloads
        return {}

    def _save_index(self, overloads: dict[object, str]) -> None:
        content = self._version, self._source_stamp, overloads
        write_cached(self._path(self._index_name), _pickled(content))

    def _save_data(self, name: str, data: object) -> None:
        write_cached(self._path(name), _pickled(data))


class _Cache(caching.FunctionCache):
    """Numba's cache of one function; what it holds is compiled again when it does not load."""

    _impl_class = _Implementation

    def __init__(self, function: Callable[..., object]) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        locator = self._impl.locator
        self._cache_file = _Files(  # type: ignore[no-untyped-call]
            self._cache_path, self._impl.filename_base, locator.get_source_stamp()
        )

    def load_overload(self, sig: object, target_context: object) -> Any:  # noqa: ANN401
        try:
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001 - whatever linking it raises
            _log.debug("%s: compiled again: %s", self._cache_file._index_path, error)
            return None


def _pickled(content: object) -> bytes:
    """Return what Numba pickles, functions by their code included."""
    data: bytes = dumps(content)  # type: ignore[no-untyped-call]
    return data


def _unpickled(path: Path) -> Any:  # noqa: ANN401
    """Return the content of a sealed file of Numba's; None if it does not load."""
    data = read_cached(path)
    if data is None:
        return None
    try:
        return pickle.loads(data)  # noqa: S301 - this package's own file, with a checksum
    except Exception as error:  # noqa: BLE001 - unpickling raises anything
        _log.debug("%s: compiled again: %s", path, error)
        return None
