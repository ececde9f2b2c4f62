"""Check scene files in a process of their own, each within a time limit.

A file can keep MuJoCo busy for hours or end the process. Its checker is then replaced, and the next
files are checked as usual.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Generic, TypeVar

Given = TypeVar("Given")
Result = TypeVar("Result")

START_S = 120.0
"""Time that a process may take to start and load its libraries (s)."""
_READY = "ready"


class GaveUpError(Exception):
    """There is no result; the text says why, as a clause."""


class CheckerProcess(Generic[Given, Result]):
    """Calls a function in another process, which is replaced where it hangs or dies.

    Use it as a context manager, so that its process ends.
    """

    def __init__(
        self,
        check: Callable[[Given], Result],
        prepare: Callable[[], None],
        limit_s: float,
        work: str = "read",
    ) -> None:
        """Start nothing yet.

        Args:
            check: a function of a module.
            prepare: likewise; called first, outside the time limit, to load libraries.
            limit_s: time that a call may take (s).
            work: what the function does with a scene, in the past tense, for messages.
        """
        self._check, self._prepare, self._limit_s = check, prepare, limit_s
        self._work = work
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> CheckerProcess[Given, Result]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._end()

    def __call__(self, given: Given) -> Result:
        """Return what the function returns.

        Raises:
            GaveUpError: it took too long, or its process died.
        """
        connection = self._started()
        try:
            connection.send(given)
            if not connection.poll(self._limit_s):
                self._end()
                raise GaveUpError(
                    f"still being {self._work} after {self._limit_s:g} s (--time-limit)"
                )
            result: Result = connection.recv()
        except (EOFError, OSError):
            raise GaveUpError(f"the process that {self._work} it died ({self._end(1.0)})") from None
        return result

    def _started(self) -> Connection:
        if self._connection is not None:
            return self._connection
        context = get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(other, self._check, self._prepare), daemon=True
        )
        self._process.start()
        other.close()
        try:
            if self._connection.poll(START_S) and self._connection.recv() == _READY:
                return self._connection
        except (EOFError, OSError):
            pass
        raise GaveUpError(f"the process that reads scenes does not start ({self._end(1.0)})")

    def _end(self, patience_s: float = 0.0) -> str:
        """End the process, and return how it ended if it did so by itself within some seconds."""
        if self._process is None or self._connection is None:
            return "not started"
        self._process.join(patience_s)
        code = self._process.exitcode
        self._process.kill()
        self._process.join()
        self._connection.close()
        self._process = self._connection = None
        if code is None:
            return "no answer"
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def _serve(
    connection: Connection, check: Callable[[Given], Result], prepare: Callable[[], None]
) -> None:
    """Call the function for everything that arrives, until the other side closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started this one ends it
    prepare()
    connection.send(_READY)
    while True:
        try:
            given: Given = connection.recv()
        except EOFError:
            return
        connection.send(check(given))
