"""What a person sees while a collection runs: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TimeElapsedColumn,
)
from rich.text import Text

from namo.wording import counted, duration, number

Record = dict[str, Any]


class Verbosity(IntEnum):
    """How much a collection says."""

    QUIET = 0
    """Only what went wrong."""
    NORMAL = 1
    VERBOSE = 2
    """A line for every environment on a terminal too, beside the bar."""


@dataclass
class Tally:
    """Counts of environments so far.

    Attributes:
        total: to be collected.
        done: collected now or by an earlier run.
        resumed: of these, by an earlier run.
        solved: of those done.
        failed: likewise, those that ended in an error.
        began: value of `time.monotonic()` (s) at the start.
    """

    total: int
    done: int = 0
    resumed: int = 0
    solved: int = 0
    failed: int = 0
    began: float = field(default_factory=time.monotonic)

    def add(self, record: Record, *, resumed: bool) -> None:
        """Count an environment; `resumed` when an earlier run had finished it."""
        self.done += 1
        self.resumed += resumed
        self.solved += bool(record["success"])
        self.failed += record["error"] is not None

    def pace(self) -> str:
        """Return rate and time left in words; empty before anything was collected."""
        collected = self.done - self.resumed
        if not collected:
            return ""
        each_s = (time.monotonic() - self.began) / collected
        left = duration(each_s * (self.total - self.done))
        return f"{number(60 / max(each_s, 1e-3))}/min, {left} left"


@dataclass
class _Now:
    """What is being worked on."""

    name: str = ""
    began: float = 0.0
    search: str = ""

    def __str__(self) -> str:
        if not self.name:
            return ""
        return f"  {self.name}, {duration(time.monotonic() - self.began)}{self.search}"


class ProgressDisplay:
    """Shows a range of environments being collected. Use as a context manager."""

    def __init__(
        self,
        label: str,
        total: int,
        verbosity: Verbosity = Verbosity.NORMAL,
        stream: TextIO | None = None,
    ) -> None:
        """Start counting.

        Args:
            label: of the range, in front of every line.
            total: environments in the range.
            verbosity: how much to say.
            stream: where to write; standard error by default.
        """
        self.tally = Tally(total)
        self._label = label
        self._verbosity = verbosity
        self._console = Console(file=stream or sys.stderr, highlight=False, soft_wrap=True)
        self._now = _Now()
        self._bar: _Bar | None = None
        if self._console.is_terminal and verbosity is not Verbosity.QUIET:
            self._bar = _Bar(self._console, self.tally, self._now)

    def __enter__(self) -> ProgressDisplay:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def working_on(self, name: str) -> None:
        """Show what is being worked on; only a terminal has room for it."""
        self._now.name, self._now.began = name, time.monotonic()
        self._now.search = ", preparing"

    def searching(self, episode: int, pushes: int, depth: int) -> None:
        """Show how far the search in it is, likewise.

        Args:
            episode: number of the episode in its environment, from 0.
            pushes: simulated so far.
            depth: of the latest (pushes from the start).
        """
        which = f", episode {episode + 1}" if episode else ""
        self._now.search = f"{which}, depth {depth}, {counted(pushes, 'push', 'pushes')} simulated"

    def finished(self, record: Record, *, resumed: bool) -> None:
        """Show that an environment is done."""
        self.tally.add(record, resumed=resumed)
        self._now.name = ""
        if self._bar:
            self._bar.advance(self._bar.task_ids[0])
        says_all = self._verbosity >= (Verbosity.VERBOSE if self._bar else Verbosity.NORMAL)
        if says_all or record["error"]:
            style = "red" if record["error"] else ""
            self._console.print(self._line(record, resumed=resumed), markup=False, style=style)
        if record["error"] and self._verbosity is Verbosity.QUIET:  # there is no report to say it
            self._console.print(f"  again: {record['error']['command']}", markup=False)

    def say(self, text: str) -> None:
        """Print a line of its own, unless nothing is to be said that did not go wrong."""
        if self._verbosity > Verbosity.QUIET:
            self.note(text)

    def note(self, text: str) -> None:
        """Print a line of its own."""
        self._console.print(text, markup=False)

    def _line(self, record: Record, *, resumed: bool) -> str:
        tally = self.tally
        counts = [f"{tally.solved} solved", f"{tally.failed} failed", tally.pace()]
        parts = [
            f"[{self._label}]",
            f"{tally.done}/{tally.total}",
            f"env {record['env_index']:06d}",
            "already done:" if resumed else f"{record['processing_time']:.1f} s:",
            describe(record),
            f"({', '.join(filter(None, counts))})",
        ]
        return "  ".join(parts)


class _Bar(Progress):
    """A bar with counts, and below it what is being worked on.

    Nothing is drawn when something happens, only at every refresh: a search tells of thousands of
    pushes a second.
    """

    def __init__(self, console: Console, tally: Tally, now: _Now) -> None:
        self._now = now
        super().__init__(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            _Live(lambda: f"{tally.solved} solved", "green"),
            _Live(lambda: f"{tally.failed} failed" if tally.failed else "", "red"),
            TimeElapsedColumn(),
            _Live(tally.pace, ""),
            console=console,
        )
        self.add_task("", total=tally.total)

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return the two lines."""
        yield from super().get_renderables()
        yield Text(str(self._now), style="dim", no_wrap=True, overflow="ellipsis")


class _Live(ProgressColumn):
    """A column whose text is asked for at every refresh."""

    def __init__(self, text: Callable[[], str], style: str) -> None:
        super().__init__()
        self._text, self._style = text, style

    def render(self, _: Task) -> Text:
        return Text(self._text(), style=self._style, no_wrap=True)


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
