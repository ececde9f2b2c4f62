"""What a run is to collect, written down before its first chunk is begun."""

from __future__ import annotations

import json
from pathlib import Path

from namo.errors import ResultFileError
from namo.files import replacing

PLAN = ".plan.json"


def write_plan(folder: Path, label: str, chunks: list[tuple[int, int]]) -> None:
    """Write down the chunks, so that those nobody has begun are known too.

    Args:
        folder: of the collection.
        label: of the run.
        chunks: first environment and one past the last of each.
    """
    with replacing(folder / PLAN) as handle:
        handle.write((json.dumps({"label": label, "chunks": chunks}) + "\n").encode())


def planned_chunks(folder: Path) -> list[tuple[int, int]]:
    """Return the chunks that were written down; none where the collector runs by itself.

    Raises:
        ResultFileError: the file is damaged.
    """
    path = folder / PLAN
    if not path.exists():
        return []
    try:
        return [(int(start), int(end)) for start, end in json.loads(path.read_text())["chunks"]]
    except (ValueError, LookupError, TypeError) as error:
        raise ResultFileError(f"{path}: {error}; the next run writes it anew") from None
