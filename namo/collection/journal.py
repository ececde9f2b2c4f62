"""The journal of a chunk: which environment is being worked on, and which ones ended a process.

It is written before an environment starts and again when it is done, so the next process of the
chunk can tell in which one the last process died. Of what:

- a fatal signal, or a hang that the watchdog ended: both leave a trace in a file that is open for
  that purpose;
- too much memory: the kernel counts the processes it kills for it;
- none of these: killed from outside, as schedulers and people do, which says little of the
  environment.

An environment that ended two processes by itself is set aside. One in which five were killed from
outside is too, after all others had their turn: what kills it may be nothing that leaves a trace.
"""

from __future__ import annotations

import faulthandler
import json
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from namo.errors import ResultFileError
from namo.files import replacing

if TYPE_CHECKING:
    from namo.collection.environment import Environment

JOURNAL = ".journal.json"
TRACE = ".trace.txt"
OWN_DEATHS = 2
"""Processes that an environment may end before it is set aside."""
OTHER_DEATHS = 5
"""Processes that may be killed from outside in an environment before it is set aside."""
LATER_AFTER = 2
"""After so many the other environments of the chunk come first."""
GRACE_S = 120.0
"""What an episode may take beyond its search before the watchdog ends the process (s)."""

_STDERR = 2


@dataclass(frozen=True)
class Deaths:
    """Processes that ended in an environment.

    Attributes:
        fingerprint: of the environment then.
        own: how many it ended by itself.
        other: how many were killed from outside.
        reason: of the last one.
    """

    fingerprint: str
    own: int = 0
    other: int = 0
    reason: str = ""

    @property
    def is_enough(self) -> bool:
        """Whether the environment is set aside."""
        return self.own >= OWN_DEATHS or self.other >= OTHER_DEATHS

    @property
    def comes_later(self) -> bool:
        """Whether the other environments come first."""
        return self.own + self.other >= LATER_AFTER


@dataclass(frozen=True)
class Running:
    """The environment that is being worked on, and where."""

    environment: int
    fingerprint: str
    host: str = field(default_factory=socket.gethostname)
    process: int = field(default_factory=os.getpid)
    boot: str = field(default_factory=lambda: _boot())
    memory_kills: int = field(default_factory=lambda: _memory_kills())


class Journal:
    """The journal of one chunk; only the holder of the chunk's lock may open it."""

    def __init__(self, folder: Path) -> None:
        """Read the journal and find out what became of the last process.

        Args:
            folder: of the part.

        Raises:
            ResultFileError: the journal is damaged.
            OSError: it cannot be read or written.
        """
        self._path, self._trace = folder / JOURNAL, folder / TRACE
        self._deaths, running = _read(self._path)
        self.last: str | None = None
        """How the last process died and in which environment, if it did."""
        if running is not None:
            own, reason = _cause(running, self._trace)
            before = self._deaths.get(running.environment)
            if before is None or before.fingerprint != running.fingerprint:
                before = Deaths(running.fingerprint)
            after = replace(
                before, own=before.own + own, other=before.other + (not own), reason=reason
            )
            self._deaths[running.environment] = after
            self.last = (
                f"process {running.process} on {running.host} died in environment "
                f"{running.environment}: {reason}"
            )
        self._write(None)
        self._trace.unlink(missing_ok=True)

    def deaths(self, environment: int, fingerprint: str) -> Deaths:
        """Return which processes ended in an environment as it is now."""
        deaths = self._deaths.get(environment)
        if deaths is None or deaths.fingerprint != fingerprint:
            return Deaths(fingerprint)
        return deaths

    def in_order(self, environments: Sequence[Environment]) -> list[Environment]:
        """Return the environments in the order to work on: those under suspicion come last."""
        return sorted(
            environments,
            key=lambda each: each.index in self._deaths and self._deaths[each.index].comes_later,
        )

    @contextmanager
    def working_on(self, environment: int, fingerprint: str) -> Iterator[Watchdog]:
        """Say what is worked on until the block ends, however it ends.

        Only a process that dies within the block leaves the environment in the journal. What it can
        still say then goes to a file, and so does what the watchdog sees.
        """
        self._write(Running(environment, fingerprint))
        was_enabled = faulthandler.is_enabled()
        try:
            with self._trace.open("w") as trace:
                faulthandler.enable(trace)
                try:
                    yield Watchdog(trace)
                finally:
                    faulthandler.cancel_dump_traceback_later()
                    faulthandler.disable()
        finally:
            if was_enabled:
                faulthandler.enable(_STDERR)
            self._trace.unlink(missing_ok=True)
            self._write(None)

    def _write(self, running: Running | None) -> None:
        content = {
            "deaths": {str(number): asdict(each) for number, each in self._deaths.items()},
            "running": None if running is None else asdict(running),
        }
        with replacing(self._path) as handle:
            handle.write(json.dumps(content, indent=1, sort_keys=True).encode())


class Watchdog:
    """Ends the process when what is watched hangs, even where Python does not get to run."""

    def __init__(self, trace: TextIO) -> None:
        """Write to `trace` where each thread hung."""
        self._trace = trace

    def watch(self, seconds: float) -> None:
        """Give what comes next so much time, then end the process; what came before is over."""
        faulthandler.dump_traceback_later(seconds, exit=True, file=self._trace)


def running_in(folder: Path) -> Running | None:
    """Return which environment a chunk is at, or was when its last process died; None for none.

    Raises:
        ResultFileError: the journal is damaged.
    """
    return _read(folder / JOURNAL)[1]


def _read(path: Path) -> tuple[dict[int, Deaths], Running | None]:
    if not path.exists():
        return {}, None
    try:
        content = json.loads(path.read_text())
        deaths = {int(number): Deaths(**each) for number, each in content["deaths"].items()}
        running = content["running"]
        return deaths, None if running is None else Running(**running)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ResultFileError(
            f"{path}: {type(error).__name__}: {error}; it says which environments ended a process: "
            "delete it to forget that"
        ) from None


def _cause(running: Running, trace: Path) -> tuple[bool, str]:
    """Return whether an environment ended its process by itself, and what is known of it."""
    said = trace.read_text(errors="replace").strip() if trace.exists() else ""
    if said:
        first = said.partition("\n")[0]
        return True, f"hung\n{said}" if first.startswith("Timeout") else said
    same_boot = running.boot == _boot() and running.host == socket.gethostname()
    if same_boot and _memory_kills() > running.memory_kills:
        return True, "killed by the kernel, which ran out of memory"
    return False, "killed from outside, or ended without a trace"


def _boot() -> str:
    """Return what tells one start of this machine from another; empty where nothing does."""
    return _content(Path("/proc/sys/kernel/random/boot_id")).strip()


def _memory_kills() -> int:
    """Return how many processes the kernel killed for memory since it started, where it counts."""
    for line in _content(Path("/proc/vmstat")).splitlines():
        name, _, count = line.partition(" ")
        if name == "oom_kill":
            return int(count)
    return 0


def _content(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # another kernel: no such file
        return ""
