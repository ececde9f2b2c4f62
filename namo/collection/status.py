"""How far a collection is: what is done, running, stopped and failed, and how long it takes.

Everything is read from the folder alone, so it can be asked while the collection runs and from any
machine that sees the folder. A chunk runs when its lock is held; which environment it is at stands
in its journal.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from namo.collection.journal import running_in
from namo.errors import ResultFileError
from namo.locks import holder_of
from namo.results.parts import LOCK, PARTS, Part, begun_parts
from namo.results.records import read_record
from namo.results.run_lock import planned_chunks
from namo.scenes.sources import range_name


class ChunkState(StrEnum):
    """What a chunk is doing."""

    DONE = "done"
    RUNNING = "running"
    STOPPED = "stopped"
    """It was begun, and nobody works on it now."""
    WAITING = "waiting"


@dataclass
class Chunk:
    """One range of environments.

    Attributes:
        start: first environment.
        end: one past the last.
        state: what it is doing.
        done: environments that are finished.
        solved: those of them that have a plan.
        failed: what went wrong, by environment.
        generation: of its part; where chunks overlap the greatest counts. None: not finished.
        worker: who works on it, or did last; empty when nobody did.
        environment: which one it is at, or stopped at; None when that is unknown.
        rate: environments a second; None before there is one.
    """

    start: int
    end: int
    state: ChunkState = ChunkState.WAITING
    done: set[int] = field(default_factory=set)
    solved: set[int] = field(default_factory=set)
    failed: dict[int, str] = field(default_factory=dict)
    generation: int | None = None
    worker: str = ""
    environment: int | None = None
    rate: float | None = None

    @property
    def name(self) -> str:
        """The range as folders are named."""
        return range_name(self.start, self.end)


@dataclass(frozen=True)
class Status:
    """How far a collection is.

    Attributes:
        chunks: by range.
    """

    chunks: list[Chunk]

    @cached_property
    def environments(self) -> int:
        """How many environments there are."""
        return len(set().union(*(range(chunk.start, chunk.end) for chunk in self.chunks)))

    @cached_property
    def _latest(self) -> dict[int, Chunk]:
        """The chunk whose word on a finished environment counts."""
        in_order = sorted(
            self.chunks, key=lambda chunk: (chunk.generation is None, chunk.generation or 0)
        )
        return {number: chunk for chunk in in_order for number in chunk.done}

    @property
    def done(self) -> int:
        """How many of them are finished, failed ones included."""
        return len(self._latest)

    @property
    def solved(self) -> int:
        """How many of them have a plan."""
        return sum(number in chunk.solved for number, chunk in self._latest.items())

    @property
    def failed(self) -> dict[int, str]:
        """What went wrong, by environment, in their order."""
        latest = sorted(self._latest.items(), key=itemgetter(0))
        return {n: chunk.failed[n] for n, chunk in latest if n in chunk.failed}

    def of(self, state: ChunkState) -> list[Chunk]:
        """Return the chunks in a state."""
        return [chunk for chunk in self.chunks if chunk.state is state]

    @property
    def rate(self) -> float | None:
        """Environments a second, of the running chunks together; None when nothing says so."""
        running = self.of(ChunkState.RUNNING)
        known = [chunk.rate for chunk in self.chunks if chunk.rate]
        if not running or not known:
            return None
        usual = sum(known) / len(known)
        return sum(chunk.rate or usual for chunk in running)

    @property
    def left_s(self) -> float | None:
        """How long the rest takes with as many chunks running as now (s); None if unknown."""
        return (self.environments - self.done) / self.rate if self.rate else None


def status_of(folder: Path) -> Status:
    """Return how far a collection is.

    Raises:
        ResultFileError: nothing was begun in this folder, or a file of its is damaged.
    """
    begun = [(part.start, part.end) for part in begun_parts(folder / PARTS)]
    bounds = [*planned_chunks(folder), *begun]
    if not bounds:
        raise ResultFileError(f"{folder}: no collection was begun here")
    files = _files(folder)
    return Status([_chunk(Part.of(folder, *each), files) for each in sorted(set(bounds))])


def _files(folder: Path) -> dict[int, Path]:
    """Return the result files by environment."""
    found = {}
    for path in folder.glob("*_env_*_results.pkl"):
        number = path.name.rpartition("_env_")[2].partition("_")[0]
        if number.isdigit():
            found[int(number)] = path
    return found


def _chunk(part: Part, files: dict[int, Path]) -> Chunk:
    chunk = Chunk(part.start, part.end)
    if part.marker.exists():
        return _finished(part, chunk)
    chunk.state, chunk.worker = _work(part)
    here = [files[number] for number in range(part.start, part.end) if number in files]
    for path in here:
        record = _record(path)
        if record is None:
            continue
        chunk.done.add(record["env_index"])
        if record["success"]:
            chunk.solved.add(record["env_index"])
        if record["error"]:
            chunk.failed[record["env_index"]] = record["error"]["message"]
    if chunk.state is not ChunkState.WAITING:
        running = running_in(part.folder)
        chunk.environment = None if running is None else running.environment
    if chunk.state is ChunkState.RUNNING:
        began = (part.folder / LOCK).stat().st_mtime
        fresh = sum(path.stat().st_mtime >= began for path in here)
        chunk.rate = fresh / max(time.time() - began, 1.0) or None
    return chunk


def _finished(part: Part, chunk: Chunk) -> Chunk:
    information = part.information()
    chunk.state, chunk.done = ChunkState.DONE, set(range(part.start, part.end))
    chunk.generation = information["generation"]
    chunk.worker = f"{information['host']} (pid {information['process']})"
    chunk.failed = {int(number): text for number, text in information["failed"].items()}
    rows = pq.read_table(part.table("metrics"), columns=["env_index", "success"])
    chunk.solved = set(rows.filter(rows["success"])["env_index"].to_pylist())
    collected = information["environments"] - information["resumed"]
    chunk.rate = collected / max(information["duration_s"], 1e-3) or None
    return chunk


def _record(path: Path) -> dict[str, Any] | None:
    """Return a record; None when the file is not one (the collector makes it anew) or is gone."""
    try:
        return read_record(path)
    except (ResultFileError, FileNotFoundError):
        return None


def _work(part: Part) -> tuple[ChunkState, str]:
    """Return whether a chunk that is not done runs, and who works on it or did last."""
    worker, is_held = holder_of(part.folder / LOCK)
    if is_held:
        return ChunkState.RUNNING, worker
    return (ChunkState.STOPPED, worker) if worker else (ChunkState.WAITING, "")
