"""What must hold of a folder that several processes collect into, in plain terms."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from namo.collection.journal import MAX_EXTERNAL_KILLS, MAX_OWN_CRASHES, running_in
from namo.errors import ResultFileError
from namo.results.record_types import EnvironmentRecord
from tests.simulation.scheduler import Process, current

Stamp = tuple[int, int]
"""Inode and time of a file."""


@dataclass(frozen=True)
class Finished:
    """A result that was written.

    Attributes:
        path: of its file.
        fingerprint: of what decided it.
        stamp: of the file.
    """

    path: Path
    fingerprint: str
    stamp: Stamp


@dataclass
class Model:
    """What is known to be finished, and who works on what.

    Attributes:
        finished: results that must stay and must not be collected again, by environment.
        given_up: environments whose results a `verify --recollect` was told to remove.
        damaged: files that were deleted or damaged by hand.
        searches: number of searches so far.
    """

    finished: dict[int, Finished] = field(default_factory=dict)
    given_up: set[int] = field(default_factory=set)
    damaged: set[Path] = field(default_factory=set)
    searches: int = 0
    _searching: dict[int, Process] = field(default_factory=dict)
    _own: Counter[int] = field(default_factory=Counter)
    _external: Counter[int] = field(default_factory=Counter)

    def begins(self, environment: int, fingerprint: str) -> None:
        """A process begins to search an environment."""
        known = self.finished.get(environment)
        assert known is None or known.fingerprint != fingerprint, (
            f"environment {environment} is finished and is collected again"
        )
        other = self._searching.get(environment)
        assert other is None or other.ended, f"two processes search environment {environment}"
        self._searching[environment] = current()
        self.searches += 1

    def wrote(self, path: Path, record: EnvironmentRecord) -> None:
        """A process has written a record."""
        environment = record["env_index"]
        self._searching.pop(environment, None)
        self.given_up.discard(environment)
        if record["error"]:
            assert record["error"]["kind"] == "crashed", record["error"]
            assert self.may_be_quarantined(environment), f"{environment} is quarantined too early"
            self.finished.pop(environment, None)
        else:
            finished = Finished(path, record["fingerprint"], stamp_of(path))
            self.finished[environment] = finished

    def damages(self, path: Path) -> None:
        """A file is about to be deleted or damaged by hand."""
        self.damaged.add(path)
        self.finished = {
            number: each for number, each in self.finished.items() if each.path != path
        }

    def dies(self, part: Path, *, memory: bool) -> None:
        """A process that collects a part is killed."""
        try:
            running = running_in(part)
        except ResultFileError:
            return
        for each in running:
            (self._own if memory else self._external)[each.environment] += 1

    def may_be_quarantined(self, environment: int) -> bool:
        """Whether enough processes died in an environment."""
        return (
            self._own[environment] >= MAX_OWN_CRASHES
            or self._external[environment] + self._own[environment] >= MAX_EXTERNAL_KILLS
        )

    def check(self) -> None:
        """Nothing that is finished is lost or replaced."""
        for environment, each in [*self.finished.items()]:
            if not each.path.exists() and environment in self.given_up:
                del self.finished[environment]
                continue
            assert each.path.exists(), f"environment {environment} is lost"
            assert stamp_of(each.path) == each.stamp, f"environment {environment} was replaced"


def stamp_of(path: Path) -> Stamp:
    """Return the stamp of a file."""
    at = path.stat()
    return at.st_ino, at.st_mtime_ns
