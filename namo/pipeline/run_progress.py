"""One line of progress over all chunks of a run, from what their journals hold.

It works wherever the folder is seen, also while the chunks run on other machines.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from namo.collection.counts import EnvironmentCounts
from namo.collection.journal import ChunkProgress, progress_in
from namo.errors import ResultFileError
from namo.machine_code import COMPILING, is_warm
from namo.results.parts import Part
from namo.wording import counted

BAR = 24
"""Characters of the bar."""
LOOK_S = 0.5
"""Time between two looks at the journals (s)."""
JOIN_S = 5.0
"""Longest wait for a look that is under way when the progress is stopped (s)."""
FIRST_LINE_S, LAST_LINE_S = 10.0, 600.0
"""Times between two lines where the output is no terminal (s): each is twice the one before."""
_CLEAR = "\r\x1b[2K"


@dataclass
class _Chunk:
    """A chunk of the run.

    Attributes:
        part: where its results are.
        pending: whether this run is to collect it.
        before: what an earlier process has left in its journal; says nothing about this run.
        progress: what its process wrote last; None before that.
        finished: whether nothing more is to come.
        notes: number of warnings that were shown.
    """

    part: Part
    pending: bool
    before: ChunkProgress | None = None
    progress: ChunkProgress | None = None
    finished: bool = False
    notes: int = 0

    @property
    def size(self) -> int:
        return self.part.end - self.part.start

    def look(self) -> None:
        """Read what there is to read."""
        if self.finished:
            return
        finished = self.part.is_finished  # before the journal, whose last entry is older
        if self.pending:
            self.progress = self._written()
            self.finished = finished and self.progress is not None
        else:
            self.progress, self.finished = self._stored(), True

    def remember(self) -> None:
        """Take what the journal holds now for what an earlier process has left."""
        self.before = self._written()

    def _written(self) -> ChunkProgress | None:
        try:
            written = progress_in(self.part.folder)
        except (ResultFileError, OSError):  # whoever needs the journal reports it
            return None
        return None if written is self.before or written == self.before else written

    def _stored(self) -> ChunkProgress:
        """Return the counts of a part that an earlier run has finished."""
        try:
            failed = len(self.part.metadata()["failed"])
            solved = len(self.part.solved())
        except (ResultFileError, OSError):  # the merge reports it
            failed = solved = 0
        return ChunkProgress(
            done=self.size, resumed=self.size, solved=solved, failed=failed, notes=0, latest=[]
        )


@dataclass
class RunProgress:
    """Shows the progress of a run until its chunks are finished, or until it is stopped.

    Attributes:
        chunks: names of all chunks of the run with their parts.
        stream: to write to.
    """

    chunks: Sequence[_Chunk]
    stream: TextIO
    _began_s: float | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _drawn: bool = False
    _next_line_s: float = 0.0
    _pause_s: float = FIRST_LINE_S

    @classmethod
    def of(
        cls, parts: Sequence[Part], pending: Sequence[Path], stream: TextIO | None = None
    ) -> RunProgress:
        """Return the progress of a run, of which nothing is shown yet.

        Args:
            parts: of all chunks of the run.
            pending: markers of those that this run is to collect.
            stream: to write to; standard error by default.
        """
        markers = set(pending)
        chunks = [_Chunk(part, part.marker in markers) for part in parts]
        for chunk in chunks:
            if chunk.pending:
                chunk.remember()
        return cls(chunks, stream or sys.stderr)

    def start(self) -> None:
        """Show the progress from a thread of its own, which ends with the process."""
        self._thread = threading.Thread(target=self.run, daemon=True, name="progress")
        self._thread.start()

    @property
    def is_terminal(self) -> bool:
        """Whether one line can be drawn again in place."""
        return self.stream.isatty() and os.environ.get("TERM") != "dumb"

    def run(self) -> None:
        """Show the progress until everything is collected."""
        while not self._stopped.is_set():
            if self.update():
                break
            self._stopped.wait(LOOK_S)

    def stop(self) -> None:
        """Show the last state, and nothing after it."""
        if not self._stopped.is_set():
            self._stopped.set()
            if self._thread is not None:
                self._thread.join(JOIN_S)
            self.clear()

    def clear(self) -> None:
        """Remove the line, before something else is written."""
        if self._drawn:
            self._drawn = False
            self.stream.write(_CLEAR)
            self.stream.flush()

    def update(self) -> bool:
        """Look at the chunks, show how far they are, and return whether they are finished."""
        for chunk in self.chunks:
            chunk.look()
            self._show_notes(chunk)
        finished = all(chunk.finished for chunk in self.chunks)
        now = time.monotonic()
        if self._began_s is None and any(each.pending and each.progress for each in self.chunks):
            self._began_s = now  # models are loaded and kernels compiled
        if self._stopped.is_set():
            return True
        if self.is_terminal:
            end = "\n" if finished else ""
            columns = shutil.get_terminal_size().columns - BAR - 3
            self.stream.write(f"{_CLEAR}{self._bar()}  {self.text()[:columns]}{end}")
            self._drawn = not finished
        elif finished or now >= self._next_line_s:
            self.stream.write(f"{self.text()}\n")
            self._next_line_s = now + self._pause_s
            self._pause_s = min(2.0 * self._pause_s, LAST_LINE_S)
        self.stream.flush()
        return finished

    def text(self) -> str:
        """Return the progress in words: environments done, solved, failed, rate and time left."""
        counts = self._counts()
        words = [f"{counts.done}/{counted(counts.total, 'environment', 'environments')}"]
        if counts.done:
            words += [f"{counts.solved} solved", f"{counts.failed} failed"]
        if self._began_s is None:
            words.append("starting" if is_warm() else COMPILING)
        elif counts.done < counts.total and (pace := counts.pace()):
            words.append(pace)
        return ", ".join(words)

    def _counts(self) -> EnvironmentCounts:
        counts = EnvironmentCounts(sum(chunk.size for chunk in self.chunks))
        for chunk in self.chunks:
            if (found := chunk.progress) is not None:
                counts.done += found["done"]
                counts.resumed += found["resumed"]
                counts.solved += found["solved"]
                counts.failed += found["failed"]
        if self._began_s is not None:
            counts.began = self._began_s
        return counts

    def _bar(self) -> str:
        counts = self._counts()
        full = BAR * counts.done // max(counts.total, 1)
        colours = "NO_COLOR" not in os.environ
        green, dim, plain = ("\x1b[32m", "\x1b[2m", "\x1b[0m") if colours else ("", "", "")
        mark = "━" if "utf" in (self.stream.encoding or "").lower() else "="
        rest = mark if colours else " "
        return f"{green}{mark * full}{plain}{dim}{rest * (BAR - full)}{plain}"

    def _show_notes(self, chunk: _Chunk) -> None:
        """Show the warnings and failures that are new, above the line."""
        if chunk.progress is None:
            return
        new = chunk.progress["notes"] - chunk.notes
        if new <= 0:
            chunk.notes = chunk.progress["notes"]  # another process began
            return
        chunk.notes += new
        latest = chunk.progress["latest"][-new:]
        self.clear()
        if new > len(latest):
            self.stream.write(f"... {new - len(latest)} more, in the log of this chunk\n")
        self.stream.writelines(f"[{chunk.part.folder.name}] {line}\n" for line in latest)
