"""Counts of environments while they are collected, and what they say of the time left."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from namo.results.record_types import EnvironmentRecord
from namo.wording import duration, number


@dataclass
class EnvironmentCounts:
    """Counts of environments so far.

    Attributes:
        total: environments in the range.
        done: those collected by this run or an earlier one.
        resumed: those of `done` collected by an earlier run.
        solved: those of `done` with a plan.
        failed: those of `done` that ended in an error.
        began: value of `time.monotonic()` (s) at the start.
    """

    total: int
    done: int = 0
    resumed: int = 0
    solved: int = 0
    failed: int = 0
    began: float = field(default_factory=time.monotonic)

    def add(self, record: EnvironmentRecord, *, resumed: bool) -> None:
        """Count an environment.

        Args:
            record: of the environment.
            resumed: whether an earlier run had collected it.
        """
        self.done += 1
        self.resumed += resumed
        self.solved += bool(record["success"])
        self.failed += record["error"] is not None

    def pace(self) -> str:
        """Return rate and time left as text; empty before this run collected anything."""
        collected = self.done - self.resumed
        if not collected:
            return ""
        seconds_per_environment = (time.monotonic() - self.began) / collected
        left = duration(seconds_per_environment * (self.total - self.done))
        return f"{number(60 / max(seconds_per_environment, 1e-3))}/min, {left} left"
