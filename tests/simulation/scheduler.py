"""Processes of a simulation: threads of which one runs at a time, for as long as it is told.

A process stops before each operation that changes the folder, takes a lock or waits. One that is
killed there does nothing to the folder any more while it unwinds; its locks go as its files close.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate", "open"}
"""Audit events of operations on a path."""
_OTHERS = {"fcntl.flock", "time.sleep"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
PATIENCE_S = 120.0
"""Time after which a process that does not stop is a failure of the simulation (s)."""


class Killed(BaseException):
    """The process is no more."""


class Process:
    """One process of a simulation.

    Attributes:
        name: for messages.
        ended: whether it has returned, raised or been killed.
        error: what it raised; None if it did not, or was killed.
        waits: whether it waits for a lock.
        environment: that it is searching; None for none.
    """

    def __init__(self, name: str, root: Path, work: Callable[[], object]) -> None:
        self.name, self.ended, self.waits = name, False, False
        self.error: BaseException | None = None
        self.environment: int | None = None
        self._root, self._work = str(root), work
        self._dead, self._budget = False, 0
        self._resumed, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def advance(self, operations: int) -> None:
        """Let it do so many operations, fewer if it ends or waits for a lock."""
        if not self.ended:
            self._budget, self.waits = operations, False
            self._resumed.release()
            assert self._stopped.acquire(timeout=PATIENCE_S), f"{self.name} does not stop"

    def kill(self) -> None:
        """End it before its next operation."""
        if not self.ended:
            self._dead = True
            self._resumed.release()
            assert self._stopped.acquire(timeout=PATIENCE_S), f"{self.name} does not end"

    def stop(self) -> None:
        """Stop here, in the process itself, until it may do another operation."""
        if self._dead:
            raise Killed
        if self._budget > 0:
            self._budget -= 1
            return
        self._stopped.release()
        self._resumed.acquire()
        if self._dead:
            raise Killed
        self._budget -= 1

    def before(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Stop before an operation."""
        if event == "time.sleep":
            self.waits, self._budget = True, 0
        elif event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITING):
            return
        elif event in _CHANGES and not str(arguments[0]).startswith(self._root):
            return  # of a module that is imported, say
        self.stop()

    def _run(self) -> None:
        _here.process = self
        self._resumed.acquire()
        try:
            if not self._dead:
                self._work()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - who has started it looks at it
            self.error = error
        finally:
            self.ended, _here.process = True, None
            self._stopped.release()


_here = threading.local()


def current() -> Process:
    """Return the process that runs."""
    process: Process = _here.process
    return process


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _CHANGES or event in _OTHERS:
        process = getattr(_here, "process", None)
        if process is not None:
            process.before(event, arguments)


sys.addaudithook(_audit)
