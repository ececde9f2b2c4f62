"""The schema version that a file of a collection was written with, and what to do about others."""

from __future__ import annotations

import shlex
from pathlib import Path

import pyarrow as pa

from namo.errors import ResultFileError
from namo.version import FINGERPRINTED_SCHEMA, SCHEMA_VERSION

KEY = b"schema_version"
"""Of the metadata of a table."""


def table_version(schema: pa.Schema) -> int | None:
    """Return the schema version of a table; None when it names none."""
    text = (schema.metadata or {}).get(KEY, b"").decode("ascii", "replace")
    return int(text[:9]) if text.isdecimal() else None


def require_schema_version(version: object, path: Path, folder: Path) -> None:
    """Make sure that a file has the schema version that this version of the package reads.

    Args:
        version: that the file names; None when it names none.
        path: of the file.
        folder: of its collection.

    Raises:
        ResultFileError: it has another one; says what to do.
    """
    if version == SCHEMA_VERSION:
        return
    if is_upgradable(version):
        advice = f"`namo upgrade {shlex.quote(str(folder))}` rewrites the collection"
    elif isinstance(version, int) and version > SCHEMA_VERSION:
        advice = "a newer version of this package wrote it"
    else:
        advice = "collect again"
    raise ResultFileError(
        f"{path}: is of schema version {version!s:.20}; this version reads {SCHEMA_VERSION}; "
        f"{advice}"
    )


def is_upgradable(version: object) -> bool:
    """Return whether `namo upgrade` rewrites files of a schema version."""
    return isinstance(version, int) and FINGERPRINTED_SCHEMA <= version < SCHEMA_VERSION
