"""Live progress of a collection: a progress bar on a terminal, plain log lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, TextIO

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

from namo.collection.counts import EnvironmentCounts
from namo.results.record_types import EnvironmentRecord, MetricsRow
from namo.wording import counted, duration, printable

if TYPE_CHECKING:  # the journal would load MuJoCo with the parser of the command line
    from namo.collection.journal import ChunkProgress


class Verbosity(IntEnum):
    """How much a collection prints."""

    QUIET = 0
    """Only failures and warnings."""
    NORMAL = 1
    """A progress bar on a terminal; elsewhere one line per environment."""
    VERBOSE = 2
    """One line per environment on a terminal too, above the progress bar."""


MAX_LINES = 8
"""Environments in progress that are shown below the bar."""
MAX_LATEST = 5
"""Warnings and failures that are written down for who shows the progress of all chunks."""


@dataclass
class _Current:
    """An environment in progress."""

    name: str
    began: float = field(default_factory=time.monotonic)
    search: str = ", preparing"

    def __str__(self) -> str:
        return f"  {self.name}, {duration(time.monotonic() - self.began)}{self.search}"


class ProgressDisplay:
    """Displays the progress of a range of environments. Use as a context manager."""

    def __init__(
        self,
        label: str,
        total: int,
        verbosity: Verbosity = Verbosity.NORMAL,
        stream: TextIO | None = None,
        *,
        redraws: bool = True,
    ) -> None:
        """Start counting.

        Args:
            label: of the range, at the start of every line.
            total: number of environments in the range.
            verbosity: how much to print.
            stream: to write to; standard error by default.
            redraws: whether a thread draws the bar again and again; else `redraw` does.
        """
        self.counts = EnvironmentCounts(total)
        self._label = label
        self._verbosity = verbosity
        self._console = Console(
            file=stream or getattr(sys.stderr, "unescaped", sys.stderr),
            highlight=False,
            soft_wrap=True,
        )
        self._notes: list[str] = []
        self._current: dict[int, _Current] = {}
        self._bar: _Bar | None = None
        if self._console.is_terminal and verbosity is not Verbosity.QUIET:
            self._bar = _Bar(self._console, self.counts, self._current, redraws=redraws)

    def __enter__(self) -> ProgressDisplay:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def working_on(self, environment: int, name: str) -> None:
        """Show an environment in progress, on a terminal only.

        Args:
            environment: its number.
            name: of the scene file.
        """
        self._current[environment] = _Current(printable(name))

    def stopped(self, environment: int) -> None:
        """Show an environment no longer, until it is worked on again."""
        self._current.pop(environment, None)

    def redraw(self) -> None:
        """Draw the bar, if there is one."""
        if self._bar:
            self._bar.refresh()

    def searching(self, environment: int, episode: int, pushes: int, depth: int) -> None:
        """Show the progress of the search in an environment in progress, on a terminal only.

        Args:
            environment: its number.
            episode: number of the episode in its environment, from 0.
            pushes: number of pushes simulated so far.
            depth: of the latest push (pushes from the start).
        """
        which = f", episode {episode + 1}" if episode else ""
        simulated = counted(pushes, "push", "pushes")
        self._current[environment].search = f"{which}, depth {depth}, {simulated} simulated"

    def finished(self, record: EnvironmentRecord, again: str, *, resumed: bool) -> None:
        """Show that an environment is done.

        Args:
            record: of the environment.
            again: command that collects it again.
            resumed: whether an earlier run had collected it.
        """
        self.counts.add(record, resumed=resumed)
        self.stopped(record["env_index"])
        if self._bar:
            self._bar.advance(self._bar.task_ids[0])
        prints_all = self._verbosity >= (Verbosity.VERBOSE if self._bar else Verbosity.NORMAL)
        error = record["error"]
        if error:
            self._notes.append(
                printable(f"environment {record['env_index']} failed: {error['message']}")
            )
        if prints_all or error:
            style = "red" if error else ""
            self._console.print(
                printable(self._line(record, resumed=resumed)), markup=False, style=style
            )
        if error and self._verbosity is Verbosity.QUIET:  # no summary follows that would print it
            self._console.print(printable(f"  to collect it again: {again}"), markup=False)

    def info(self, text: str) -> None:
        """Print a line, unless the display is quiet."""
        if self._verbosity > Verbosity.QUIET:
            self._print(text)

    def written(self) -> ChunkProgress:
        """Return the progress as a chunk's journal holds it."""
        counts = self.counts
        return {
            "done": counts.done,
            "resumed": counts.resumed,
            "solved": counts.solved,
            "failed": counts.failed,
            "notes": len(self._notes),
            "latest": self._notes[-MAX_LATEST:],
        }

    def warn(self, text: str) -> None:
        """Print a line, even if the display is quiet."""
        self._notes.append(printable(text))
        self._print(text)

    def _print(self, text: str) -> None:
        self._console.print(printable(text), markup=False)

    def _line(self, record: EnvironmentRecord, *, resumed: bool) -> str:
        counts = self.counts
        totals = [f"{counts.solved} solved", f"{counts.failed} failed", counts.pace()]
        parts = [
            f"[{self._label}]",
            f"{counts.done}/{counts.total}",
            f"env {record['env_index']:06d}",
            "already done:" if resumed else f"{record['processing_time']:.1f} s:",
            describe(record),
            f"({', '.join(filter(None, totals))})",
        ]
        return "  ".join(parts)


class _Bar(Progress):
    """A progress bar with counts, and below it the environments in progress.

    It is drawn at every refresh, not at every event: a search reports thousands of pushes per
    second.
    """

    def __init__(
        self,
        console: Console,
        counts: EnvironmentCounts,
        current: dict[int, _Current],
        *,
        redraws: bool,
    ) -> None:
        self._current = current
        super().__init__(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            _Live(lambda: f"{counts.solved} solved", "green"),
            _Live(lambda: f"{counts.failed} failed" if counts.failed else "", "red"),
            TimeElapsedColumn(),
            _Live(counts.pace, ""),
            console=console,
            auto_refresh=redraws,
        )
        self.add_task("", total=counts.total)

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return the bar, and a line per environment in progress."""
        yield from super().get_renderables()
        lines = [str(each) for each in self._current.copy().values()]
        if len(lines) > MAX_LINES:
            lines[MAX_LINES - 1 :] = [f"  and {len(lines) - MAX_LINES + 1} more"]
        for line in lines or [""]:
            yield Text(line, style="dim", no_wrap=True, overflow="ellipsis")


class _Live(ProgressColumn):
    """A column whose text is evaluated at every refresh."""

    def __init__(self, text: Callable[[], str], style: str) -> None:
        super().__init__()
        self._text, self._style = text, style

    def render(self, _: Task) -> Text:
        return Text(self._text(), style=self._style, no_wrap=True)


def describe(record: EnvironmentRecord) -> str:
    """Return the outcome of an environment in a few words."""
    if record["error"]:
        return f"FAILED, {record['error']['message']}"
    outcomes = list(map(_outcome, record["metrics"]))
    if not record["success"] and record["scene"]:
        outcomes += dict.fromkeys(each["kind"] for each in record["scene"]["remarks"] or ())
    return ", ".join(outcomes)


def _outcome(row: MetricsRow) -> str:
    tried = f"{row['pushes_simulated']} tried"
    depth = row["solution_depth"]
    if depth is None:
        return f"unsolved, {row['termination']} ({tried})"
    if depth == 0:
        return "goal reachable from the start"
    return f"solved with {counted(depth, 'push', 'pushes')} ({tried})"
