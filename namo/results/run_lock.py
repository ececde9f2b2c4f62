"""One run at a time per collection, the plan of its chunks, and its label."""

from __future__ import annotations

import json
import re
import socket
from contextlib import AbstractContextManager
from pathlib import Path

from namo.errors import ResultFileError, UsageError
from namo.files import replacing
from namo.locks import lock_held
from namo.results.index_range import require_range
from namo.results.json_file import read_json
from namo.results.metadata_types import PlanFile

PLAN = ".plan.json"
"""The chunks of the run, written before the first one is started."""
LOCK = ".run.lock"
LABEL_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]*"
"""Of a label, which becomes part of file names."""


def only_run_in(folder: Path) -> AbstractContextManager[object]:
    """Hold the lock of a collection's folder, so that only one run collects into it.

    Unlike Snakemake's own lock it is released however the process ends.

    Args:
        folder: of the collection.

    Raises:
        BusyError: another run holds it, on entering; names it.
    """
    return lock_held(folder / LOCK, f"which runs a collection into {folder}", wait=False)


def write_plan(folder: Path, label: str, chunks: list[tuple[int, int]]) -> None:
    """Write the chunks of a run, so that those not yet started are known too.

    Args:
        folder: of the collection.
        label: of the run.
        chunks: first environment and one past the last of each.
    """
    with replacing(folder / PLAN) as handle:
        handle.write((json.dumps({"label": label, "chunks": chunks}) + "\n").encode())


def planned_chunks(folder: Path) -> list[tuple[int, int]]:
    """Return the planned chunks; none when the collector was started by hand.

    Raises:
        ResultFileError: the file is damaged.
    """
    path, chunks = folder / PLAN, []
    advice = "; the next run regenerates it"
    try:
        plan = read_json(path, PlanFile, advice)
    except FileNotFoundError:
        return []
    for chunk in plan["chunks"]:
        if len(chunk) != 2:
            raise ResultFileError(f"{path}: chunk {chunk[:5]}; allowed: first and end{advice}")
        start, end = chunk
        chunks.append(require_range(start, end, f"{path}: chunk"))
    return chunks


def run_label(hostname: str | None) -> str:
    """Return the label of a run: as given, or the name of this machine.

    Raises:
        UsageError: the label is not allowed in a file name.
    """
    label = hostname if hostname is not None else socket.gethostname().partition(".")[0]
    if not re.fullmatch(LABEL_PATTERN, label):
        raise UsageError(
            f"--hostname is '{label}'; allowed: letters, digits, '.', '_' and '-', since it "
            "becomes part of file names"
        )
    return label
