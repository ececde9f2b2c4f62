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
from namo.results.metadata_types import AskedRecord, PlanFile

PLAN = ".plan.json"
"""The chunks of the run, written before the first one is started."""
_ADVICE = "; the next run regenerates it"
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


def write_plan(
    folder: Path, label: str, chunks: list[tuple[int, int]], asked: AskedRecord | None = None
) -> None:
    """Write the chunks of a run, so that those not yet started are known too.

    Args:
        folder: of the collection.
        label: of the run.
        chunks: first environment and one past the last of each.
        asked: what the run asks for; None where it is not known before scenes are made.
    """
    content = {"label": label, "chunks": chunks, "asked": asked, "run_from": str(Path.cwd())}
    with replacing(folder / PLAN) as handle:
        handle.write((json.dumps(content) + "\n").encode())


def join_plan(folder: Path, asked: AskedRecord) -> None:
    """Write down what a collector that was started by hand asks for.

    Chunks of a run that asks for the same, another range aside, stay planned.

    Args:
        folder: of the collection.
        asked: what is asked for.
    """
    try:
        known, chunks = asked_for(folder), planned_chunks(folder)
    except ResultFileError:  # it is replaced
        known, chunks = None, []
    ranges = ("start", "end", "label")
    same = known is not None and all(
        known.get(name) == value for name, value in asked.items() if name not in ranges
    )
    write_plan(folder, asked["label"], chunks if same else [], asked)


def planned_chunks(folder: Path) -> list[tuple[int, int]]:
    """Return the planned chunks; none when the collector was started by hand.

    Raises:
        ResultFileError: the file is damaged.
    """
    path, chunks = folder / PLAN, []
    plan = _plan_file(folder)
    for chunk in [] if plan is None else plan["chunks"]:
        if len(chunk) != 2:
            raise ResultFileError(f"{path}: chunk {chunk[:5]}; allowed: first and end{_ADVICE}")
        start, end = chunk
        chunks.append(require_range(start, end, f"{path}: chunk"))
    return chunks


def asked_for(folder: Path) -> AskedRecord | None:
    """Return what the last run asked for; None when that is not written down.

    Raises:
        ResultFileError: the file is damaged.
    """
    plan = _plan_file(folder)
    return None if plan is None else plan.get("asked")


def run_from(folder: Path) -> Path:
    """Return the folder in which the last run was started, as far as it is written down.

    Raises:
        ResultFileError: the file is damaged.
    """
    plan = _plan_file(folder)
    return Path("" if plan is None else plan.get("run_from", ""))


def _plan_file(folder: Path) -> PlanFile | None:
    try:
        return read_json(folder / PLAN, PlanFile, _ADVICE)
    except FileNotFoundError:
        return None


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
