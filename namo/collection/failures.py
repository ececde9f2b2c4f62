"""Failures of a chunk that are not the fault of its scenes: when to stop.

A scene that is invalid stays invalid. Any other failure may come from the machine or the
installation, so the plain rerun tries it again (`namo.results.retries`); and when most environments
fail that way, the chunk stops, whatever its size.
"""

from __future__ import annotations

from pathlib import Path

from namo.errors import MachineError
from namo.results.parts import Part
from namo.results.record_types import EnvironmentRecord
from namo.results.retries import FAILURES, next_try, read_failures, write_failures
from namo.results.schema import CRASHED, SCENE

MIN_ENVIRONMENTS = 10
"""A run is not given up for its fraction of failures before so many environments: one bad scene in
three says nothing about the installation."""
ENOUGH_ENVIRONMENTS = 100
"""Neighbouring chunks are looked at up to about so many environments."""


class FailureCount:
    """Counts the failures of a chunk while it is collected."""

    def __init__(self, part: Part, max_failed_fraction: float) -> None:
        """Start with no environment.

        Args:
            part: of the chunk.
            max_failed_fraction: ratio of failed environments to all above which the chunk stops.

        Raises:
            ResultFileError: the file of its failures is damaged.
        """
        self._part, self._allowed = part, max_failed_fraction
        self._before = read_failures(part.folder)
        self._environments = 0
        self._failed: list[int] = []

    def add(self, record: EnvironmentRecord) -> None:
        """Count an environment.

        Raises:
            MachineError: more environments than allowed failed for other reasons than their scenes,
                here and in the neighbouring chunks.
        """
        self._environments += 1
        error = record["error"]
        if error is None or error["kind"] in (SCENE, CRASHED):
            return
        self._failed.append(record["env_index"])
        if self._allowed >= 1:
            return
        failed, total = self._with_neighbours()
        if total >= MIN_ENVIRONMENTS and failed > self._allowed * total:
            self._write(self._before["tries"])
            raise MachineError(
                f"{failed} of {total} environments failed for reasons other than their scenes, "
                f"more than --max-failed-fraction {self._allowed}; the machine or the installation "
                f"may be at fault; the last: {error['message']}"
            )

    def finish(self) -> None:
        """Write the failures of the complete chunk.

        Raises:
            OSError: the file cannot be written.
        """
        self._write(next_try(self._before))

    def _write(self, tries: int) -> None:
        write_failures(
            self._part.folder,
            {"tries": tries, "environments": self._environments, "failed": sorted(self._failed)},
        )

    def _with_neighbours(self) -> tuple[int, int]:
        """Return how many environments failed, of how many, in this chunk and those nearby."""
        failed, total = len(self._failed), self._environments
        others = self._part.folder.parent.glob(f"*/{FAILURES}")
        for folder in sorted((path.parent for path in others), key=self._distance):
            if total >= ENOUGH_ENVIRONMENTS:
                break
            if folder != self._part.folder:
                other = read_failures(folder)
                failed += len(other["failed"])
                total += other["environments"]
        return failed, total

    def _distance(self, folder: Path) -> int:
        start = folder.name.partition("-")[0]
        return abs(int(start) - self._part.start) if start.isdecimal() else self._part.end
