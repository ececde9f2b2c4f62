"""Progress of an export: a bar on a terminal, periodic lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from namo.signals import check_termination
from namo.wording import duration

LINE_PERIOD_S = 10.0
"""Time between lines without a terminal."""

Item = TypeVar("Item")


def track_progress(
    items: Iterable[Item], total: int, unit: str, stream: TextIO | None = None
) -> Iterator[Item]:
    """Yield items while showing how many are done, until a signal asks the process to end.

    Args:
        items: to yield.
        total: number of items.
        unit: what the items are, in the plural.
        stream: to write to; standard error by default.
    """
    console = Console(
        file=stream or getattr(sys.stderr, "unescaped", sys.stderr), highlight=False, soft_wrap=True
    )
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=console) as bar:
            for item in bar.track(items, total, description=unit):
                check_termination()
                yield item
        return
    start = last_line = time.monotonic()
    for done, item in enumerate(items, start=1):
        check_termination()
        yield item
        now = time.monotonic()
        if now - last_line >= LINE_PERIOD_S:
            last_line = now
            left = duration((now - start) / done * (total - done))
            console.print(f"{done} of {total} {unit}, {left} left", markup=False)
