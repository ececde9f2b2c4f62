"""JSON files of a collection: read at one door, checked against their declared types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar, cast

from namo.errors import ResultFileError
from namo.regular_files import open_regular
from namo.results.value_types import require_type

MAX_BYTES = 64 * 2**20
"""Size of the largest JSON file that is read; the marker of a large part has a few megabytes."""

Kind = TypeVar("Kind")


def read_json(path: Path, kind: type[Kind], advice: str = "") -> Kind:
    """Return the content of a JSON file.

    Args:
        path: the file.
        kind: a TypedDict that declares it.
        advice: end of messages: what to do about a damaged file.

    Raises:
        ResultFileError: the file is no regular file, larger than `MAX_BYTES`, not valid JSON, or of
            another type.
        OSError: it cannot be read.
    """
    value = read_json_object(path, advice)
    try:
        require_type(value, kind, f"{path}: content")
    except ResultFileError as error:
        raise ResultFileError(f"{error}{advice}") from None
    return cast(Kind, value)


def read_json_object(path: Path, advice: str = "") -> dict[str, Any]:
    """Return the content of a JSON file that holds an object, with keys of any type.

    Raises:
        ResultFileError: as for `read_json`.
        OSError: likewise.
    """
    with open_regular(path) as handle:
        data = handle.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ResultFileError(f"{path}: has more than {MAX_BYTES} bytes{advice}")
    try:
        value = json.loads(data)
    except RecursionError:
        raise ResultFileError(f"{path}: nested too deep{advice}") from None
    except ValueError as error:  # also bytes that are not UTF-8, and integers of many digits
        raise ResultFileError(f"{path}: not valid JSON: {error}{advice}") from None
    if not isinstance(value, dict):
        raise ResultFileError(f"{path}: not a JSON object{advice}")
    return value
