"""What a person sees while a collection runs: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import Any, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Record = dict[str, Any]


@dataclass
class Tally:
    """Counts of environments so far.

    Attributes:
        total: to be collected.
        done: collected now or by an earlier run.
        kept: of these, by an earlier run.
        solved: of those done.
        failed: likewise, those that ended in an error.
        began: value of `time.monotonic()` (s) at the start.
    """

    total: int
    done: int = 0
    kept: int = 0
    solved: int = 0
    failed: int = 0
    began: float = field(default_factory=time.monotonic)

    def add(self, record: Record, *, resumed: bool) -> None:
        """Count an environment; `resumed` when an earlier run had finished it."""
        self.done += 1
        self.kept += resumed
        self.solved += bool(record["success"])
        self.failed += record["error"] is not None

    def left_s(self) -> float | None:
        """Return the time that is left at the present rate (s); None before there is a rate."""
        collected = self.done - self.kept
        if not collected:
            return None
        return (time.monotonic() - self.began) / collected * (self.total - self.done)


class ProgressDisplay:
    """Shows a range of environments being collected. Use as a context manager."""

    def __init__(
        self, label: str, total: int, *, verbose: bool, stream: TextIO | None = None
    ) -> None:
        """Start counting.

        Args:
            label: of the range, in front of every line.
            total: environments in the range.
            verbose: a line an environment on a terminal too.
            stream: where to write; standard error by default.
        """
        self.tally = Tally(total)
        self._label = label
        self._verbose = verbose
        self._console = Console(file=stream or sys.stderr, highlight=False, soft_wrap=True)
        self._bar: Progress | None = None
        if self._console.is_terminal:
            self._bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("[green]{task.fields[solved]} solved[/]"),
                TextColumn("{task.fields[failed]}"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                TextColumn("[dim]{task.fields[now]}"),
                console=self._console,
            )
            self._task = self._bar.add_task(label, total=total, solved=0, failed="", now="")

    def __enter__(self) -> ProgressDisplay:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def working_on(self, name: str) -> None:
        """Show what is being worked on; only a terminal has room for it."""
        if self._bar:
            self._bar.update(self._task, now=name)

    def finished(self, record: Record, *, resumed: bool) -> None:
        """Show that an environment is done."""
        self.tally.add(record, resumed=resumed)
        if self._bar:
            failed = f"[red]{self.tally.failed} failed[/]" if self.tally.failed else ""
            self._bar.update(self._task, advance=1, solved=self.tally.solved, failed=failed, now="")
        if not self._bar or self._verbose or record["error"]:
            self._console.print(self._line(record, resumed=resumed), markup=False)

    def note(self, text: str) -> None:
        """Print a line of its own."""
        self._console.print(text, markup=False)

    def _line(self, record: Record, *, resumed: bool) -> str:
        tally = self.tally
        left = tally.left_s()
        parts = [
            f"[{self._label}]",
            f"{tally.done}/{tally.total}",
            f"env {record['env_index']:06d}",
            "already done:" if resumed else f"{record['processing_time']:.1f} s:",
            describe(record),
            f"({tally.solved} solved, {tally.failed} failed"
            + ("" if left is None else f", {duration(left)} left")
            + ")",
        ]
        return "  ".join(parts)


def describe(record: Record) -> str:
    """Return in a few words what became of an environment."""
    if record["error"]:
        return f"FAILED, {record['error']['message']}"
    return ", ".join(_in_words(row) for row in record["metrics"])


def _in_words(row: Record) -> str:
    tried = f"{row['pushes_simulated']} tried"
    depth = row["solution_depth"]
    if depth is None:
        return f"unsolved, {row['termination']} ({tried})"
    if depth == 0:
        return "goal was open from the start"
    return f"solved with {counted(depth, 'push', 'pushes')} ({tried})"


def counted(number: int, one: str, many: str) -> str:
    """Return a count with its noun: "1 push", "2 pushes"."""
    return f"{number} {one if number == 1 else many}"


def duration(seconds: float) -> str:
    """Return a duration as h:mm:ss or m:ss."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
