"""The watchdog of a process, and the file that says where it was when it crashed or hung."""

from __future__ import annotations

import faulthandler
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

_STDERR = 2


@contextmanager
def traced(path: Path) -> Iterator[Watchdog]:
    """Keep a file open for the stacks of this process if it dies within the block.

    Args:
        path: of the file; it is removed when the block ends.

    Yields:
        The watchdog of the block, not yet started.
    """
    was_enabled = faulthandler.is_enabled()
    try:
        with path.open("w") as trace:
            faulthandler.enable(trace)
            try:
                yield Watchdog(trace)
            finally:
                faulthandler.cancel_dump_traceback_later()
                faulthandler.disable()
    finally:
        if was_enabled:
            faulthandler.enable(_STDERR)
        path.unlink(missing_ok=True)


class Watchdog:
    """Ends the process when it hangs, even when no Python code gets to run."""

    def __init__(self, trace: TextIO) -> None:
        """Create a watchdog that is not started.

        Args:
            trace: open file that takes the stack of each thread when the process hangs.
        """
        self._trace = trace

    def watch(self, seconds: float) -> None:
        """Restart the watchdog: the process ends unless this is called again in time.

        Args:
            seconds: time until then (s).
        """
        faulthandler.dump_traceback_later(seconds, exit=True, file=self._trace)
