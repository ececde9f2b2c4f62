"""Result files of environments: pickles of builtins only, sealed with a checksum.

A pickle ends at its STOP opcode, and whatever follows is not read; there the seal stands. So
`pickle.load` reads the file anywhere, without this package, and a truncated or flipped file is told
from a whole one.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from pathlib import Path
from typing import Any, NoReturn

from namo.errors import ResultFileError
from namo.files import read_sealed, write_sealed

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
    data = pickle.dumps(record, protocol=4)
    try:
        _BuiltinsOnly(io.BytesIO(data)).load()
    except pickle.UnpicklingError as error:
        raise ResultFileError(f"{path}: not written, {error}") from None
    write_sealed(path, data)


def read_record(path: Path) -> Record:
    """Read a record without running any code from it.

    Raises:
        ResultFileError: the file is damaged, has no seal, or holds more than builtins.
        OSError: the file cannot be read.
    """
    body = read_sealed(path)
    try:
        record = _BuiltinsOnly(io.BytesIO(body)).load()
    except (pickle.UnpicklingError, EOFError, ValueError) as error:
        raise ResultFileError(f"{path}: {error}") from None
    if not isinstance(record, dict):
        raise ResultFileError(f"{path}: holds a {type(record).__name__}; allowed: a dict")
    return record


class _BuiltinsOnly(pickle.Unpickler):
    """An unpickler that looks up no class or function: plain values need none."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(
            f"refers to {module}.{name}; allowed: dict, list, tuple, str, int, float, bool, None"
        )


def file_entry(path: Path, folder: Path, rows: int | None) -> dict[str, Any]:
    """Return the manifest's line on a file: path, bytes, sha256, rows."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
            size += len(block)
    relative = path.relative_to(folder).as_posix()
    return {"path": relative, "bytes": size, "sha256": digest.hexdigest(), "rows": rows}
