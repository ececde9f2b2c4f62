"""Result files of environments: pickles of builtins only, sealed with a checksum.

A pickle ends at its STOP opcode, and whatever follows is not read; there the seal stands. So
`pickle.load` reads the file anywhere, without this package, and a truncated or flipped file is told
from a whole one.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn, cast

from namo.errors import ResultFileError
from namo.files import read_sealed, sha256_of, write_sealed

Record = dict[str, Any]


def write_record(path: Path, record: Record) -> None:
    """Write a record, whole or not at all.

    Args:
        path: the file.
        record: builtins only (dict, list, tuple, str, int, float, bool, None).

    Raises:
        ResultFileError: the record holds anything else; nothing is written.
        OSError: the file cannot be written.
    """
    _require_plain(record, f"{path}: not written, record")
    write_sealed(path, pickle.dumps(record, protocol=4))


def read_record(path: Path) -> Record:
    """Read a record without running any code from it.

    Raises:
        ResultFileError: the file is damaged, has no seal, or holds more than builtins.
        OSError: the file cannot be read.
    """
    body = read_sealed(path)
    try:
        record = _BuiltinsOnly(io.BytesIO(body)).load()
    except _MALFORMED as error:
        raise ResultFileError(f"{path}: {error}") from None
    if not isinstance(record, dict):
        raise ResultFileError(f"{path}: holds a {type(record).__name__}; allowed: a dict")
    _require_plain(record, f"{path}: record")
    return record


_MALFORMED = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
)
"""What the unpickler raises on bytes that are no pickle."""

_LEAVES = frozenset({str, int, float, bool, type(None)})


def _require_plain(value: object, where: str) -> None:
    """Raise unless a value is made of builtins alone; subclasses such as NumPy's are not."""
    odd = _first_odd(value)
    if odd is not None:
        path, kind = odd
        raise ResultFileError(
            f"{where}{path} is a {kind.__module__}.{kind.__name__}; allowed: dict, list, tuple, "
            "str, int, float, bool, None"
        )


def _first_odd(value: object) -> tuple[str, type] | None:
    """Return where in a value something else than builtins is, and its type; None if nowhere."""
    kind = type(value)
    if kind in _LEAVES:
        return None
    if kind is dict:
        for key, item in cast(dict[object, object], value).items():
            if odd := _first_odd(key):
                return odd
            if odd := _first_odd(item):
                return f"[{key!r}]{odd[0]}", odd[1]
        return None
    if kind is list or kind is tuple:
        for index, item in enumerate(cast(Sequence[object], value)):
            if type(item) not in _LEAVES and (odd := _first_odd(item)):
                return f"[{index}]{odd[0]}", odd[1]
        return None
    return "", kind


class _BuiltinsOnly(pickle.Unpickler):
    """An unpickler that looks up no class or function: plain values need none."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(
            f"refers to {module}.{name}; allowed: dict, list, tuple, str, int, float, bool, None"
        )


def inside(folder: Path, path: str) -> Path:
    """Return the file that a list of a collection's files names.

    Args:
        folder: of the collection.
        path: as listed, relative to it.

    Raises:
        ResultFileError: it leads out of the folder.
    """
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts:
        raise ResultFileError(f"{folder}: lists '{path}', which leads out of the collection")
    return folder / pure


def file_entry(path: Path, folder: Path, rows: int | None) -> dict[str, Any]:
    """Return the manifest's line on a file: path, bytes, sha256, rows."""
    return {
        "path": path.relative_to(folder).as_posix(),
        "bytes": path.stat().st_size,
        "sha256": sha256_of(path),
        "rows": rows,
    }
