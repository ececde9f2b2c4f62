"""Progress of a collection: what is done, running, stopped and failed, and the time left.

Everything is read from the folder, so it works while the collection runs and from any machine that
mounts the folder. A chunk is running when its lock is held; its journal names the environments that
it is working on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from operator import itemgetter
from pathlib import Path

from namo.collection.journal import running_in
from namo.errors import ResultFileError
from namo.locks import holder_of
from namo.results.parts import LOCK, PARTS, Part, started_parts
from namo.results.plan import last_plan
from namo.results.record_files import record_files
from namo.results.record_types import EnvironmentRecord
from namo.results.records import read_environment
from namo.results.run_lock import planned_chunks
from namo.results.selection import Selection, survey
from namo.scenes.sources import range_name


class ChunkState(StrEnum):
    """State of a chunk."""

    DONE = "done"
    RUNNING = "running"
    STOPPED = "stopped"
    """It was started and is not finished, and no process is working on it."""
    WAITING = "waiting"
    """It was not started yet."""
    OUTDATED = "outdated"
    """It is finished, but damaged, or not as the last run asked for; the next run collects it."""
    UNUSED = "not used"
    """It is finished, and nothing of it belongs to what the last run asked for."""


@dataclass
class Chunk:
    """One range of environments.

    Attributes:
        start: first environment.
        end: one past the last.
        state: running, stopped and so on.
        done: finished environments.
        solved: those of them that have a plan.
        failed: error message, by environment.
        generation: of its part; None when it is not finished. Of overlapping chunks the greatest
            takes precedence.
        worker: process that works on it, or did last; empty when there was none.
        environments: those it is working on, or stopped at; empty when that is unknown.
        rate: environments per second; None before the first one.
        objections: lines that say what of it does not belong to what was asked for, and why.
        unasked: environments that do not belong to what was asked for, and lie outside its range.
    """

    start: int
    end: int
    state: ChunkState = ChunkState.WAITING
    done: set[int] = field(default_factory=set)
    solved: set[int] = field(default_factory=set)
    failed: dict[int, str] = field(default_factory=dict)
    generation: int | None = None
    worker: str = ""
    environments: list[int] = field(default_factory=list)
    rate: float | None = None
    objections: list[str] = field(default_factory=list)
    unasked: set[int] = field(default_factory=set)

    @property
    def counted(self) -> set[int]:
        """The environments that the chunk adds to the collection when it is finished."""
        return set(range(self.start, self.end)) - self.unasked

    @property
    def name(self) -> str:
        """The range, as in the name of its folder."""
        return range_name(self.start, self.end)


@dataclass(frozen=True)
class Status:
    """Progress of a collection.

    Attributes:
        chunks: sorted by range.
    """

    chunks: list[Chunk]

    @cached_property
    def environments(self) -> int:
        """Number of environments in all chunks, without what was not asked for."""
        return len(set().union(*(chunk.counted for chunk in self.chunks)))

    @cached_property
    def _latest(self) -> dict[int, Chunk]:
        """The chunk that each finished environment is taken from."""
        in_order = sorted(
            self.chunks, key=lambda chunk: (chunk.generation is None, chunk.generation or 0)
        )
        return {number: chunk for chunk in in_order for number in chunk.done}

    @property
    def done(self) -> int:
        """Number of finished environments, failed ones included."""
        return len(self._latest)

    @property
    def solved(self) -> int:
        """Number of environments with a plan."""
        return sum(number in chunk.solved for number, chunk in self._latest.items())

    @property
    def failed(self) -> dict[int, str]:
        """Error messages by environment, in order."""
        latest = sorted(self._latest.items(), key=itemgetter(0))
        return {n: chunk.failed[n] for n, chunk in latest if n in chunk.failed}

    def of(self, state: ChunkState) -> list[Chunk]:
        """Return the chunks in a state."""
        return [chunk for chunk in self.chunks if chunk.state is state]

    @property
    def rate(self) -> float | None:
        """Environments per second of all running chunks; None while it is unknown."""
        running = self.of(ChunkState.RUNNING)
        known = [chunk.rate for chunk in self.chunks if chunk.rate]
        if not running or not known:
            return None
        usual = sum(known) / len(known)
        return sum(chunk.rate or usual for chunk in running)

    @property
    def left_s(self) -> float | None:
        """Time left if as many chunks keep running as now (s); None while it is unknown."""
        return (self.environments - self.done) / self.rate if self.rate else None


def status_of(folder: Path) -> Status:
    """Return the progress of a collection.

    Finished chunks are compared with what the last run asked for, as a merge would.

    Raises:
        ResultFileError: no collection was started in this folder, or one of its files is damaged.
    """
    planned = planned_chunks(folder)
    started = [(part.start, part.end) for part in started_parts(folder / PARTS)]
    bounds = sorted({*planned, *started})
    if not bounds:
        raise ResultFileError(f"{folder}: no collection was started here")
    plan = last_plan(folder)
    compared, damaged = (None, {}) if plan is None else survey(folder, plan, look=False)
    files = {number: paths[-1] for number, paths in record_files(folder).items()}
    chunks = [_chunk(Part.of(folder, *each), files, damaged) for each in bounds]
    if compared is not None:
        _compare(chunks, compared)
    return Status(chunks)


def _compare(chunks: list[Chunk], selection: Selection) -> None:
    """Take out of finished chunks what does not belong to the plan, and say why."""
    examined = {(each.part.start, each.part.end): each for each in selection.parts}
    stale = {each.part for each in selection.stale}
    for chunk in chunks:
        each = examined.get((chunk.start, chunk.end))
        if each is None or not each.objections:
            continue
        chunk.objections = selection.left_out([each])
        chunk.unasked = {n for n in each.objections if n not in selection.plan.wanted}
        chunk.done -= each.objections.keys()
        chunk.solved -= each.objections.keys()
        chunk.failed = {n: text for n, text in chunk.failed.items() if n in chunk.done}
        if each.part in stale:
            chunk.state = ChunkState.OUTDATED
        elif not chunk.done:
            chunk.state = ChunkState.UNUSED


def _chunk(part: Part, files: dict[int, Path], damaged: Mapping[Part, str]) -> Chunk:
    chunk = Chunk(part.start, part.end)
    if part in damaged:
        chunk.state, chunk.objections = ChunkState.OUTDATED, [damaged[part]]
        return chunk
    if part.is_finished:
        return _finished(part, chunk)
    chunk.state, chunk.worker = _work(part)
    here = [files[number] for number in part.numbers if number in files]
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
        chunk.environments = [each.environment for each in running_in(part.folder)]
    if chunk.state is ChunkState.RUNNING:
        began = (part.folder / LOCK).stat().st_mtime
        fresh = sum(path.stat().st_mtime >= began for path in here)
        chunk.rate = fresh / max(time.time() - began, 1.0) or None
    return chunk


def _finished(part: Part, chunk: Chunk) -> Chunk:
    metadata = part.metadata()
    chunk.state, chunk.done = ChunkState.DONE, set(part.numbers)
    chunk.generation = metadata.get("generation", 0)  # earlier versions wrote none
    chunk.worker = f"{metadata['host']} (pid {metadata['process']})"
    chunk.failed = {int(number): text for number, text in metadata["failed"].items()}
    chunk.solved = part.solved()
    collected = metadata["environments"] - metadata["resumed"]
    chunk.rate = collected / max(metadata["duration_s"], 1e-3) or None
    return chunk


def _record(path: Path) -> EnvironmentRecord | None:
    """Return a record; None when it is damaged (the collector replaces it) or was deleted."""
    try:
        return read_environment(path)
    except (ResultFileError, FileNotFoundError):
        return None


def _work(part: Part) -> tuple[ChunkState, str]:
    """Return the state of an unfinished chunk, and the process that works on it or did last."""
    worker, is_held = holder_of(part.folder / LOCK)
    if is_held:
        return ChunkState.RUNNING, worker
    return (ChunkState.STOPPED, worker) if worker else (ChunkState.WAITING, "")
