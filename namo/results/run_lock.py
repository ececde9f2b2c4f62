"""One run at a time per collection, the plan of its chunks, and its label."""

from __future__ import annotations

import json
import re
import socket
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from namo.errors import ResultFileError, UsageError
from namo.files import remove_leftovers, replacing
from namo.locks import lock_held
from namo.results.index_range import require_range
from namo.results.json_file import read_json
from namo.results.metadata_types import AskedRecord, PlanFile

PLAN = ".plan.json"
"""The chunks of the run, written before the first one is started."""
_ADVICE = "; the next run regenerates it"
PLAN_LOCK = ".plan.lock"
"""Held while the plan is written: several collectors may be started by hand."""
LOCK = ".run.lock"
LABEL_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]*"
"""Of a label, which becomes part of file names."""


@dataclass(frozen=True)
class WrittenPlan:
    """What the last run into a folder wrote down.

    Attributes:
        chunks: first environment and one past the last of each.
        asked: what it asked for; None when that is not written down.
        run_from: folder in which it was started.
    """

    chunks: list[tuple[int, int]] = field(default_factory=list)
    asked: AskedRecord | None = None
    run_from: Path = Path()


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
    with _only_planner_of(folder):
        _write(folder, label, chunks, asked)


def join_plan(folder: Path, asked: AskedRecord) -> None:
    """Write down what a collector that was started by hand asks for.

    Chunks of a run that asks for the same, another range aside, stay planned.

    Args:
        folder: of the collection.
        asked: what is asked for.
    """
    with _only_planner_of(folder):
        try:
            known = read_plan(folder)
        except ResultFileError:  # it is replaced
            known = WrittenPlan()
        same = known.asked is not None and without_range(known.asked) == without_range(asked)
        _write(folder, asked["label"], known.chunks if same else [], asked)


def _only_planner_of(folder: Path) -> AbstractContextManager[object]:
    return lock_held(folder / PLAN_LOCK, f"which writes the plan of {folder}", wait=True)


def _write(
    folder: Path, label: str, chunks: list[tuple[int, int]], asked: AskedRecord | None
) -> None:
    content = {"label": label, "chunks": chunks, "asked": asked, "run_from": str(Path.cwd())}
    remove_leftovers(folder, [PLAN])
    with replacing(folder / PLAN) as handle:
        handle.write((json.dumps(content) + "\n").encode())


def without_range(asked: AskedRecord) -> AskedRecord:
    """Return what is asked for with an empty range and label, to compare all but these."""
    return {**asked, "start": 0, "end": 0, "label": ""}


def planned_chunks(folder: Path) -> list[tuple[int, int]]:
    """Return the planned chunks; none when the collector was started by hand.

    Raises:
        ResultFileError: the file is damaged.
    """
    return read_plan(folder).chunks


def read_plan(folder: Path) -> WrittenPlan:
    """Return what is written down of the last run.

    Args:
        folder: of the collection.

    Raises:
        ResultFileError: the file is damaged.
    """
    path, chunks = folder / PLAN, []
    try:
        plan = read_json(path, PlanFile, _ADVICE)
    except FileNotFoundError:
        return WrittenPlan()
    for chunk in plan["chunks"]:
        if len(chunk) != 2:
            raise ResultFileError(f"{path}: chunk {chunk[:5]}; allowed: first and end{_ADVICE}")
        start, end = chunk
        chunks.append(require_range(start, end, f"{path}: chunk"))
    return WrittenPlan(chunks, plan.get("asked"), Path(plan.get("run_from", "")))


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
