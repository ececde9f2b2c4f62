"""How far an export is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from namo.wording import duration

EVERY_S = 10.0
"""Between two lines, where there is no terminal."""

Item = TypeVar("Item")


def counting(
    items: Iterable[Item], total: int, what: str, stream: TextIO | None = None
) -> Iterator[Item]:
    """Yield items, and show how many of them are done.

    Args:
        items: to yield.
        total: how many there are.
        what: they are, in the plural.
        stream: where to write; standard error by default.
    """
    console = Console(file=stream or sys.stderr, highlight=False, soft_wrap=True)
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=console) as bar:
            yield from bar.track(items, total, description=what)
        return
    began = said = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - said >= EVERY_S:
            said = now
            left = duration((now - began) / done * (total - done))
            console.print(f"{done} of {total} {what}, {left} left", markup=False)
