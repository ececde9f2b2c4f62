"""Orderly termination of a process when a scheduler asks for it.

Some seconds before they kill a process, at its time limit or when a node is preempted, schedulers
send SIGTERM (or SIGUSR1, if so configured). By default either signal ends Python immediately.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)


class TerminationRequested(KeyboardInterrupt):
    """A signal asked the process to end; as an interrupt, no `except Exception` catches it.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Raise `TerminationRequested` in the main thread on one of `SIGNALS` within the block."""
    before = {number: signal.signal(number, _end) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _: FrameType | None) -> None:
    raise TerminationRequested(number)
