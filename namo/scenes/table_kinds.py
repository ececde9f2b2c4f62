"""Tables that are easily mistaken for a list of scenes, told apart by their columns.

Three of them have a namesake: `scenes.parquet` is the scene manifest of a generated set, the scenes
table of a collection, or the scenes of a data set; `manifest.parquet` lists result files.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

_KINDS = (
    ({"path", "bytes", "sha256", "rows"}, "the list of result files of a collection"),
    ({"env_id", "env_index", "outlines"}, "the scenes table of a collection"),
    ({"env_id", "env_index"}, "a table of a collection"),
    ({"scene_sha256", "xml"}, "the scenes of a data set"),
)


def missing_columns(columns: Collection[str], needed: Collection[str], expected: str) -> str:
    """Return the clause of a message on a table that lacks columns of a list of scenes.

    Args:
        columns: of the table.
        needed: columns that the caller reads, such as "file".
        expected: what the table should be.

    Returns:
        The missing columns and what the table is instead; empty if no column is missing.
    """
    missing = [f"'{name}'" for name in needed if name not in columns]
    if not missing:
        return ""
    kind = next((kind for marks, kind in _KINDS if marks <= set(columns)), "")
    found = f"this is {kind}" if kind else f"it has: {', '.join(columns) or 'none'}"
    return f"no column {', '.join(missing)}; {found}; expected {expected}"


def how_to_certify(manifest: Path | str = "FILE.parquet", scenes: Path | str = "FOLDER") -> str:
    """Return the clause of a message on which command makes a scene manifest.

    Args:
        manifest: to make.
        scenes: that it lists.
    """
    return (
        f"`namo scenes certify {scenes} --output {manifest}` makes the manifest of the scenes in a "
        "folder or list"
    )
