"""Orderly termination of a process when a person or a scheduler asks for it.

Some seconds before they kill a process, at its time limit or when a node is preempted, schedulers
send SIGTERM (or SIGUSR1, if so configured); Ctrl-C sends SIGINT, a closed terminal SIGHUP.

A handler that raises would raise wherever the process happens to be. Inside compiled code that is
about to return a tuple, that is a segmentation fault; in a callback, the exception is lost. So
the handler only sets a flag, and long work looks at it where it can stop: between steps of the
physics, pushes, environments, row groups and batches. A second signal ends the process at once.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)
SAME_REQUEST_S = 0.2
"""Signals that follow within this time belong to the first request (s): a terminal, `timeout` and
schedulers send theirs to the process and again to its group."""
_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux's prctl."""


class TerminationRequested(KeyboardInterrupt):
    """A signal asked the process to end; as an interrupt, no `except Exception` catches it.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number

    @property
    def exit_code(self) -> int:
        """Exit code of a process that ends for this signal, as shells count."""
        return 128 + self.number


class _Request:
    """The request to end.

    Attributes:
        number: of the signal; None without a request.
        raised: whether the main thread was told, so that it can tidy up undisturbed.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.raised = False
        self._received_s = 0.0

    def receive(self, number: int, _: FrameType | None) -> None:
        """Note the first signal; end the process at a later one."""
        now = time.monotonic()
        if self.number is None:
            self.number, self._received_s = number, now
        elif now - self._received_s > SAME_REQUEST_S:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    def check(self) -> None:
        if self.number is None:
            return
        if threading.current_thread() is threading.main_thread():
            if self.raised:
                return
            self.raised = True
        raise TerminationRequested(self.number)


_request = _Request()


def check_termination() -> None:
    """Raise if a signal has asked the process to end; long work calls it where it can stop.

    In the main thread it raises once. Other threads are told at every call, since nobody may look
    at their results.

    Raises:
        TerminationRequested: names the signal.
    """
    if _request.number is not None:
        _request.check()


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Let `check_termination` raise after one of `SIGNALS` within the block.

    A request that nothing looked at in time is raised at the end of the block. Outside the main
    thread, and within another such block, the block changes nothing.

    Raises:
        TerminationRequested: on leaving the block.
    """
    global _request
    if threading.current_thread() is not threading.main_thread() or _installed():
        yield
        return
    _request = _Request()
    # Who starts a process in the background or with nohup has it ignore signals.
    heard = [number for number in SIGNALS if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    before = {number: signal.signal(number, _receive) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        request, _request = _request, _Request()
    request.check()  # only now: a signal until here is one within the block


def end_at_once_on_signals() -> None:
    """Let signals end this process at once, without Python; for worker processes of a pool."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def _receive(number: int, frame: FrameType | None) -> None:
    _request.receive(number, frame)


def _installed() -> bool:
    return any(signal.getsignal(number) is _receive for number in SIGNALS)


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the one that started it ends, in whatever way (Linux).

    Args:
        parent: id of the process that has started this one.
    """
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended before
        os._exit(1)
