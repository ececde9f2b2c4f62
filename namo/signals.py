"""Ends a process in good order when a scheduler asks for it.

Before a time limit or on a node that is taken back, schedulers send SIGTERM (or SIGUSR1, where one
asks for it), some seconds before they kill. By default either ends Python on the spot.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)


class EndedError(KeyboardInterrupt):
    """A signal asked the process to end; like an interrupt, no `except Exception` stops it.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Raise `EndedError` in the main thread when one of `SIGNALS` comes within the block."""
    before = {number: signal.signal(number, _end) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _: FrameType | None) -> None:
    raise EndedError(number)
