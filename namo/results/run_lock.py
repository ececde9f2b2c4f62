"""What a run is to collect, written down before its first chunk is begun, by one run at a time."""

from __future__ import annotations

import json
import re
import socket
from contextlib import AbstractContextManager
from pathlib import Path

from namo.errors import ResultFileError, UsageError
from namo.files import replacing
from namo.locks import lock_held

PLAN = ".plan.json"
LOCK = ".run.lock"
LABEL_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]*"
"""Of a label, which becomes part of file names."""


def only_run_in(folder: Path) -> AbstractContextManager[object]:
    """Make sure that no other run collects into a folder until the block ends, or the process.

    Unlike Snakemake's own lock it is never left behind, whatever ends the process.

    Args:
        folder: of the collection.

    Raises:
        BusyError: another run does, on entering; names it.
    """
    return lock_held(folder / LOCK, f"which runs a collection into {folder}", wait=False)


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


def run_label(hostname: str | None) -> str:
    """Return the label of a run: as given, or this machine's name.

    Raises:
        UsageError: it cannot be part of a file name.
    """
    label = hostname if hostname is not None else socket.gethostname().partition(".")[0]
    if not re.fullmatch(LABEL_PATTERN, label):
        raise UsageError(
            f"--hostname is '{label}'; allowed: letters, digits, '.', '_' and '-', as it becomes "
            "part of file names"
        )
    return label
