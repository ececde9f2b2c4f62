"""Result files of environments: pickles of builtins only, sealed with a checksum.

A pickle ends at its STOP opcode, and whatever follows is not read; there the seal stands. So
`pickle.load` reads the file anywhere, without this package, and a truncated or flipped file is told
from a whole one.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, cast

from namo.errors import ResultFileError
from namo.files import read_sealed, sha256_of, write_sealed
from namo.results.plain_pickle import KEYS, LEAVES, PLAIN, PROTOCOL, load_plain

Record = dict[str, Any]


def write_record(path: Path, record: Record) -> None:
    """Write a record, whole or not at all.

    Args:
        path: the file.
        record: builtins only (dict, list, tuple, str, int, float, bool, None), keys no containers,
            nested no deeper than `MOST_DEPTH`.

    Raises:
        ResultFileError: the record holds anything else; nothing is written.
        OSError: the file cannot be written.
    """
    _require_plain(record, f"{path}: not written, record")
    write_sealed(path, pickle.dumps(record, protocol=PROTOCOL))


def read_record(path: Path) -> Record:
    """Read a record without running any code from it.

    Raises:
        ResultFileError: the file is damaged, has no seal, or holds more than builtins.
        OSError: the file cannot be read.
    """
    body = read_sealed(path)
    try:
        record = load_plain(body)
    except ResultFileError as error:
        raise ResultFileError(f"{path}: {error}") from None
    if not isinstance(record, dict):
        raise ResultFileError(f"{path}: holds a {type(record).__name__}; allowed: a dict")
    _require_plain(record, f"{path}: record", MOST_SHARED * len(body))
    return cast(Record, record)


MOST_DEPTH = 100
"""How deep values may be nested."""
MOST_SHARED = 10
"""How many times more values than bytes a record may come to where values are shared; one of ours
has fewer."""


def _require_plain(record: object, where: str, most: float = math.inf) -> None:
    """Raise unless a record is made of builtins alone; subclasses such as NumPy's are not.

    Args:
        record: may share values and hold itself.
        where: in front of what messages call it.
        most: how many values it may come to, shared ones counted each time.
    """
    odd = _Look(most).first_odd(record)
    if odd is not None:
        raise ResultFileError(f"{where}{odd}")


class _Look:
    """A look at every value of a record."""

    def __init__(self, most: float) -> None:
        self.left = most

    def first_odd(self, value: object, depth: int = 0) -> str | None:
        """Return where something is that does not belong there, and what; None if nowhere."""
        kind = type(value)
        if kind in LEAVES:
            return None
        if depth > MOST_DEPTH:
            return f" is nested deeper than {MOST_DEPTH}"
        if kind is dict:
            content = cast(dict[object, object], value)
            self.left -= len(content)
            for key, item in content.items():
                if type(key) not in LEAVES:
                    return f" has a key that is a {_full_name(type(key))}; allowed: {KEYS}"
                if type(item) not in LEAVES and (odd := self.first_odd(item, depth + 1)):
                    return f"[{key!r}]{odd}"
        elif kind is list or kind is tuple:
            items = cast(Sequence[object], value)
            self.left -= len(items)
            for index, item in enumerate(items):
                if type(item) not in LEAVES and (odd := self.first_odd(item, depth + 1)):
                    return f"[{index}]{odd}"
        else:
            return f" is a {_full_name(kind)}; allowed: {PLAIN}"
        return " holds the same values over and over" if self.left < 0 else None


def _full_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__name__}"


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


def record_in(folder: Path, name: str) -> Record:
    """Return a record that has to be in a collection.

    Args:
        folder: of the collection.
        name: of the file in it.

    Raises:
        ResultFileError: it is missing or damaged, or leads out of the folder.
    """
    path = inside(folder, name)
    try:
        return read_record(path)
    except FileNotFoundError:
        raise ResultFileError(f"{path}: is missing; `namo verify` says what else is") from None


def file_entry(path: Path, folder: Path, rows: int | None) -> dict[str, Any]:
    """Return the manifest's line on a file: path, bytes, sha256, rows."""
    return {
        "path": path.relative_to(folder).as_posix(),
        "bytes": path.stat().st_size,
        "sha256": sha256_of(path),
        "rows": rows,
    }
