"""Collectors that run side by side, timed, with their memory."""

from __future__ import annotations

import math
import resource
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from namo.errors import MachineError, UsageError
from namo.results.metadata_types import PartMetadata
from namo.results.parts import finished_parts
from namo.signals import check_termination
from namo.tuning.processes import children_of, memory_of, waited_s

_LOOK_S = 0.02
_EXIT_USAGE = 2


@dataclass(frozen=True)
class Sample:
    """All processes at one time.

    Attributes:
        at_unix_s: when (s since 1970).
        total_bytes: memory of the collectors and their workers together (bytes).
        worker_bytes: of a worker, what no other process shares, the mean (bytes); 0 without any.
        waited_s: how long each process has waited for a core so far (s), by its id.
    """

    at_unix_s: float
    total_bytes: int
    worker_bytes: float
    waited_s: dict[int, float]


@dataclass(frozen=True)
class TimedRun:
    """What a run cost.

    Attributes:
        began_unix_s: when its processes were started (s since 1970).
        wall_s: time until all had ended (s).
        cpu_s: CPU time of all (s).
        collectors: ids of the processes; others in the samples are their workers.
        parts: metadata of the parts that they wrote, in order of their ranges.
        written_unix_s: when each of these was complete (s since 1970).
        samples: of all processes; empty where none were taken.
    """

    began_unix_s: float
    wall_s: float
    cpu_s: float
    collectors: frozenset[int]
    parts: Sequence[PartMetadata]
    written_unix_s: Sequence[float]
    samples: Sequence[Sample]

    @property
    def peak_bytes(self) -> int | None:
        """Largest memory of all processes together (bytes); None without samples."""
        return max((sample.total_bytes for sample in self.samples), default=None)

    def waited_s(
        self,
        since_unix_s: float = -math.inf,
        until_unix_s: float = math.inf,
        *,
        of_workers: bool = False,
    ) -> float:
        """Return how long processes have waited for a core that others used, in total (s).

        Args:
            since_unix_s: start of the time to look at (s since 1970).
            until_unix_s: end of it (s since 1970).
            of_workers: of the workers, else of the collectors.
        """
        seen: dict[int, list[tuple[float, float]]] = {}
        for sample in self.samples:
            for process, waited in sample.waited_s.items():
                if of_workers == (process not in self.collectors):
                    seen.setdefault(process, []).append((sample.at_unix_s, waited))
        total = 0.0
        for samples in seen.values():
            times, waits = zip(*samples, strict=True)
            before, after = np.interp((since_unix_s, until_unix_s), times, waits, left=0.0)
            total += float(after - before)
        return total


def timed_run(
    commands: Sequence[Sequence[str]], output: Path, sampled_every_s: float | None
) -> TimedRun:
    """Run collectors side by side until all have ended.

    Args:
        commands: one per collector, each with `--part-only`.
        output: folder of their collection.
        sampled_every_s: time between two samples, which slow them down (s); None for none.

    Raises:
        UsageError: a collector refuses its arguments.
        MachineError: a collector fails.
        ResultFileError: a part is damaged.
        TerminationRequested: a signal asked this process to end.
    """
    samples: list[Sample] = []
    cpu_before, began = _cpu_s(), time.time()
    with ExitStack() as stack:
        logs = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in commands]
        children = []
        for command, log in zip(commands, logs, strict=True):
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)  # noqa: S603 - our own command
            stack.callback(_end, child)
            children.append(child)
        while any(child.poll() is None for child in children):
            check_termination()
            if sampled_every_s is not None:
                samples.append(_sample([child.pid for child in children]))
            time.sleep(_LOOK_S if sampled_every_s is None else sampled_every_s)
        wall_s = time.time() - began
        for child, log in zip(children, logs, strict=True):
            _require_success(child, log)
    cpu_s = _cpu_s() - cpu_before
    parts = finished_parts(output)
    metadata = [part.metadata() for part in parts]
    written = [part.marker.stat().st_mtime for part in parts]
    pids = frozenset(child.pid for child in children)
    return TimedRun(began, wall_s, cpu_s, pids, metadata, written, samples)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()  # no effect on one that has ended
    child.wait()


def _require_success(child: subprocess.Popen[bytes], log: IO[str]) -> None:
    if child.returncode == 0:
        return
    log.seek(0)
    last = (log.read().splitlines() or ["it said nothing"])[-1]
    if child.returncode == _EXIT_USAGE:
        raise UsageError(last)
    raise MachineError(f"a collector ended with exit code {child.returncode}: {last}")


def _sample(collectors: Sequence[int]) -> Sample:
    workers = [*children_of(collectors)]
    memory = {process: memory_of(process) for process in (*collectors, *workers)}
    private = [memory[process].private_bytes for process in workers]
    return Sample(
        time.time(),
        sum(each.proportional_bytes for each in memory.values()),
        sum(private) / len(private) if private else 0.0,
        {process: waited for process in memory if (waited := waited_s(process))},
    )


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
