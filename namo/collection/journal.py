"""The journal of a chunk: environments in progress, and environments that crashed a process.

It is written before an environment starts and again when it is done, so the next process of the
chunk can tell in which environment the previous one died, and why. Where the chunk has several
workers, its process writes it for all of them and finds out in the same way why one has died:

- a fatal signal, or a hang that the watchdog ended: both leave a trace in a file kept open for that
  purpose;
- out of memory: the kernel counts the processes that it kills for memory;
- none of these: killed externally, by a scheduler or a person, which says little about the
  environment.

An environment that crashed two processes by itself is quarantined: it is recorded as failed and not
run again. An environment in which two processes died for any reason is deferred until the others of
the chunk are done, and quarantined once five were killed externally, since a crash may leave no
trace. Where all workers of a chunk died at once, memory says nothing about any one of their
environments; deferred ones are collected one at a time, so that it does.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NotRequired, TypedDict

from namo.collection.watchdog import Watchdog, traced
from namo.errors import ResultFileError
from namo.files import replacing
from namo.results.json_file import read_json

if TYPE_CHECKING:  # a command looks at progress without loading MuJoCo
    from namo.collection.environment import Environment

JOURNAL = ".journal.json"
TRACES = ".trace*.txt"
"""The files that take the stacks of processes that crash or hang, see `trace_file`."""
MAX_OWN_CRASHES = 2
"""Processes that an environment may crash by itself before it is quarantined."""
MAX_EXTERNAL_KILLS = 5
"""Processes that may be killed externally in an environment before it is quarantined."""
DEFERRED_AFTER = 2
"""Dead processes after which the other environments of the chunk go first."""
GRACE_S = 120.0
"""Time that an episode may take beyond its search before the watchdog ends the process (s)."""


@dataclass(frozen=True)
class CrashRecord:
    """Processes that died in an environment.

    Attributes:
        fingerprint: of the environment at that time.
        own: number of processes that the environment crashed by itself.
        external: number of processes that were killed externally.
        reason: of the last one.
    """

    fingerprint: str
    own: int = 0
    external: int = 0
    reason: str = ""

    @property
    def count(self) -> int:
        """Number of processes that died in the environment."""
        return self.own + self.external

    @property
    def quarantined(self) -> bool:
        """Whether the environment is not run again."""
        return self.own >= MAX_OWN_CRASHES or self.external >= MAX_EXTERNAL_KILLS

    @property
    def deferred(self) -> bool:
        """Whether the other environments of the chunk go first."""
        return self.count >= DEFERRED_AFTER


@dataclass(frozen=True)
class Running:
    """An environment in progress, and the process that works on it.

    Attributes:
        environment: its number.
        fingerprint: of the environment.
        host: name of the machine.
        process: id of the process.
        boot: id of the boot of the machine.
        memory_kills: processes that the kernel had killed for memory when the environment started.
    """

    environment: int
    fingerprint: str
    host: str = field(default_factory=socket.gethostname)
    process: int = field(default_factory=os.getpid)
    boot: str = field(default_factory=lambda: _boot())
    memory_kills: int = field(default_factory=lambda: _memory_kills())


class ChunkProgress(TypedDict):
    """How far the process of a chunk is.

    Attributes:
        done: environments that are done, by this process or an earlier one.
        resumed: those of `done` that an earlier process collected.
        solved: those of `done` with a plan.
        failed: those of `done` that ended in an error.
        notes: number of warnings and failures so far.
        latest: the latest of these, in order.
    """

    done: int
    resumed: int
    solved: int
    failed: int
    notes: int
    latest: list[str]


def none() -> None:
    """Return that there is nothing to write down."""


class Journal:
    """The journal of one chunk; only the holder of the chunk's lock may open it.

    Attributes:
        last_crashes: how processes died before, and in which environments; empty if none did.
    """

    def __init__(self, folder: Path, progress: Callable[[], ChunkProgress | None] = none) -> None:
        """Read the journal and determine how the last process ended.

        Args:
            folder: of the part.
            progress: returns what to write down of the progress, for others to read.

        Raises:
            ResultFileError: the journal is damaged.
            OSError: it cannot be read or written.
        """
        self._folder, self._path = folder, folder / JOURNAL
        self._progress = progress
        content = _read(self._path)
        self._crashes, self._running = content.crashes, dict[int, Running]()
        alone = len(content.running) == 1
        self.last_crashes = [self._count(each, alone=alone) for each in content.running]
        self._write()
        for trace in folder.glob(TRACES):
            trace.unlink(missing_ok=True)

    def crashes(self, environment: int, fingerprint: str) -> CrashRecord:
        """Return the processes that died in an environment with this fingerprint.

        Args:
            environment: its number.
            fingerprint: of the environment now; crashes under another one do not count.
        """
        record = self._crashes.get(environment)
        if record is None or record.fingerprint != fingerprint:
            return CrashRecord(fingerprint)
        return record

    def is_deferred(self, environment: int) -> bool:
        """Return whether the other environments of the chunk go before one, by its number."""
        return environment in self._crashes and self._crashes[environment].deferred

    def in_order(self, environments: Collection[Environment]) -> list[Environment]:
        """Return the environments in the order to work on: deferred ones last."""
        return sorted(environments, key=lambda each: self.is_deferred(each.index))

    @contextmanager
    def working_on(self, environment: int, fingerprint: str) -> Iterator[Watchdog]:
        """Record that this process works on an environment until the block ends, in any way.

        Only a process that dies within the block leaves the environment in the journal. The trace
        of a fatal signal or of the watchdog then goes to a file.

        Args:
            environment: its number.
            fingerprint: of the environment.

        Yields:
            The watchdog of the block, not yet started.
        """
        self.begin(environment, fingerprint, os.getpid())
        try:
            with traced(self.trace_file(environment)) as watchdog:
                yield watchdog
        finally:
            self.end(environment)

    @property
    def running(self) -> list[int]:
        """The environments in progress, by number."""
        return list(self._running)

    def trace_file(self, environment: int) -> Path:
        """Return the file that takes the trace of a process that dies in an environment."""
        return self._folder / f".trace_{environment:06d}.txt"

    def begin(self, environment: int, fingerprint: str, process: int) -> None:
        """Record an environment as in progress.

        Args:
            environment: its number.
            fingerprint: of the environment.
            process: id of the process that is about to work on it.
        """
        self._running[environment] = Running(environment, fingerprint, process=process)
        self._write()

    def end(self, *environments: int) -> None:
        """Record that environments are no longer in progress, which is no fault of theirs."""
        for environment in environments:
            self._running.pop(environment)
            self.trace_file(environment).unlink(missing_ok=True)
        self._write()

    def died(self, environment: int) -> str:
        """Count the death of the process that worked on an environment; return a line about it.

        Args:
            environment: in progress, by its number.
        """
        line = self._count(self._running.pop(environment), alone=True)
        kills = _memory_kills()  # those before are accounted for
        self._running = {
            number: replace(each, memory_kills=kills) for number, each in self._running.items()
        }
        self.trace_file(environment).unlink(missing_ok=True)
        self._write()
        return line

    def write_progress(self) -> None:
        """Write down the progress after the last environment."""
        self._write()

    def _count(self, running: Running, *, alone: bool) -> str:
        """Count the death of a process in an environment; return a line about it."""
        own, reason = _cause(running, self.trace_file(running.environment), alone=alone)
        before = self.crashes(running.environment, running.fingerprint)
        self._crashes[running.environment] = replace(
            before, own=before.own + own, external=before.external + (not own), reason=reason
        )
        return (
            f"process {running.process} on {running.host} died in environment "
            f"{running.environment}: {reason}"
        )

    def _write(self) -> None:
        running = [asdict(each) for each in self._running.values()]
        content: dict[str, object] = {
            "deaths": {str(number): _stored(each) for number, each in self._crashes.items()},
            # Earlier versions know of one at most.
            "running": running if len(running) > 1 else next(iter(running), None),
        }
        progress = self._progress()
        if progress is not None:
            content["progress"] = progress
        with replacing(self._path) as handle:
            handle.write(json.dumps(content, indent=1, sort_keys=True).encode())


def running_in(folder: Path) -> list[Running]:
    """Return the environments that a chunk is at, or that its last processes died in, if any.

    Raises:
        ResultFileError: the journal is damaged.
    """
    return _read(folder / JOURNAL).running


def progress_in(folder: Path) -> ChunkProgress | None:
    """Return the progress of a chunk as its process last wrote it down, if any.

    Raises:
        ResultFileError: the journal is damaged.
    """
    return _read(folder / JOURNAL).progress


class _Content(NamedTuple):
    """The content of a journal."""

    crashes: dict[int, CrashRecord]
    running: list[Running]
    progress: ChunkProgress | None


def _read(path: Path) -> _Content:
    if not path.exists():
        return _Content({}, [], None)
    advice = "; it lists the environments that crashed a process: delete it to discard that"
    content = read_json(path, _Stored, advice)
    try:
        crashes = {int(number): _restored(each) for number, each in content["deaths"].items()}
    except ValueError as error:
        raise ResultFileError(f"{path}: {error}{advice}") from None
    stored = content["running"] or []
    running = stored if isinstance(stored, list) else [stored]
    return _Content(crashes, [Running(**each) for each in running], content.get("progress"))


class _StoredCrashes(TypedDict):
    """Crashes in the journal, under the names that earlier versions read and write."""

    fingerprint: str
    own: int
    other: int
    reason: str


class _StoredRunning(TypedDict):
    environment: int
    fingerprint: str
    host: str
    process: int
    boot: str
    memory_kills: int


class _Stored(TypedDict):
    deaths: dict[str, _StoredCrashes]
    running: _StoredRunning | list[_StoredRunning] | None
    progress: NotRequired[ChunkProgress]


def _stored(crashes: CrashRecord) -> _StoredCrashes:
    return {
        "fingerprint": crashes.fingerprint,
        "own": crashes.own,
        "other": crashes.external,
        "reason": crashes.reason,
    }


def _restored(stored: _StoredCrashes) -> CrashRecord:
    return CrashRecord(stored["fingerprint"], stored["own"], stored["other"], stored["reason"])


def _cause(running: Running, trace: Path, *, alone: bool) -> tuple[bool, str]:
    """Return whether an environment crashed its process by itself, and the reason.

    Memory is the fault of an environment only where no others that were in progress died too.
    """
    traced = trace.read_text(errors="replace").strip() if trace.is_file() else ""
    if traced:
        return True, f"hung\n{traced}" if traced.startswith("Timeout") else traced
    same_boot = running.boot == _boot() and running.host == socket.gethostname()
    if same_boot and _memory_kills() > running.memory_kills:
        return alone, "killed by the kernel, out of memory"
    return False, "killed externally, or ended without a trace"


def _boot() -> str:
    """Return the id of the current boot of this machine; empty where there is none."""
    return _content(Path("/proc/sys/kernel/random/boot_id")).strip()


def _memory_kills() -> int:
    """Return the number of processes that the kernel killed for memory since boot; else 0."""
    for line in _content(Path("/proc/vmstat")).splitlines():
        name, _, count = line.partition(" ")
        if name == "oom_kill":
            return int(count)
    return 0


def _content(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # not Linux: no such file
        return ""
