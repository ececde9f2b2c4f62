"""Measure on this machine what the cost model needs, with the collector itself.

The same environments are collected by one process, and by one with workers on all cores, or by two
processes where workers cannot share the models. How fast one process hands out environments is
measured with simulated workers. Time in which processes wait for a core that others use is left
out, as the kernel counts it, so that a machine with other work can be measured too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from namo.errors import MachineError, UsageError
from namo.results.metadata_types import ModelUseRecord
from namo.results.record_files import record_files
from namo.results.record_types import EnvironmentRecord
from namo.results.records import read_environment
from namo.tuning.cost_model import Costs, Layout
from namo.tuning.processes import HAS_ROLLUP
from namo.tuning.simulated_load import WORKERS, hand_out_s, read_s, write_s
from namo.tuning.timed_run import TimedRun, timed_run
from namo.wording import counted

SAMPLED_EVERY_S = 0.2
_MIN_S = 1e-6
_MIN_FRACTION = 0.01


@dataclass(frozen=True)
class ModelCost:
    """What a model costs.

    Attributes:
        kind: "object" or "goal".
        load_s: time to load it and to warm it up (s).
        queries: ratio of queries to environments.
        query_s: time of a query, rasters included (s); 0 without any.
    """

    kind: str
    load_s: float
    queries: float
    query_s: float


@dataclass(frozen=True)
class Check:
    """A run beside what the model says of it.

    Attributes:
        processes: number of them side by side.
        workers: of each.
        environments: collected by all together.
        wall_s: time that was measured, without waiting for a core (s).
        predicted_s: time by the cost model (s).
        peak_bytes: memory of all processes together (bytes).
    """

    processes: int
    workers: int
    environments: int
    wall_s: float
    predicted_s: float
    peak_bytes: float


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Attributes:
        costs: constants of the cost model.
        models: cost of each model.
        checks: the runs.
    """

    costs: Costs
    models: list[ModelCost]
    checks: list[Check]


@dataclass(frozen=True)
class Measurement:
    """What to measure, and where.

    Attributes:
        arguments: returns those of `namo collect` without a range, for the folder of a collection.
        folder: an empty one, on the file system of the collection to come.
        environments: number of environments, at least two.
        available: number of environments that there are.
        cores: number of cores to keep busy.
        scene: file of a scene.
        shares: whether workers can share the models.
        says: called with a line on what is measured next.
    """

    arguments: Callable[[Path], list[str]]
    folder: Path
    environments: int
    available: int
    cores: int
    scene: Path
    shares: bool
    says: Callable[[str], object]

    def run(self) -> Measured:
        """Measure.

        Raises:
            UsageError: the collector refuses its arguments, or this is not Linux.
            MachineError: the collector fails, or no environment could be collected.
            ResultFileError: a result is damaged.
            TerminationRequested: a signal asked this process to end.
        """
        if not HAS_ROLLUP:
            raise UsageError("memory is measured from /proc/PID/smaps_rollup: this needs Linux")
        count, side = self.environments, max(2, self.cores)
        many = min(self.available, max(count, 2 * side))
        splits = [(count, 1, 1), (many, 1, side) if self.shares else (count, 2, 1)]
        runs = {split: self._run(*split) for split in splits}
        self.says(f"{WORKERS} simulated workers")
        alone, busy = splits[0], splits[-1]
        costs = self._costs(runs[alone], runs[busy], busy)
        records, uses = self._records(1, 1), runs[alone].parts[0]["models_preloaded"]
        return Measured(
            costs,
            [_model_cost(use, runs[alone], records) for use in uses],
            [_check(costs, run, *split) for split, run in runs.items()],
        )

    def _run(self, environments: int, processes: int, workers: int) -> TimedRun:
        """Collect the first environments, distributed evenly over processes."""
        sides = counted(processes, "process", "processes")
        self.says(f"{sides} with {counted(workers, 'worker', 'workers')}")
        output = self._output(processes, workers)
        command = [sys.executable, "-m", "namo", "collect", *self.arguments(output)]
        command += ["--part-only", "--quiet", "--workers", str(workers)]
        bounds = [environments * number // processes for number in range(processes + 1)]
        ranges = [["--start-idx", str(a), "--end-idx", str(b)] for a, b in pairwise(bounds)]
        return timed_run([[*command, *each] for each in ranges], output, SAMPLED_EVERY_S)

    def _output(self, processes: int, workers: int) -> Path:
        return self.folder / f"{processes}x{workers}"

    def _records(self, processes: int, workers: int) -> dict[int, EnvironmentRecord]:
        """Return the records of a run by the number of their environment, failed ones left out."""
        files = record_files(self._output(processes, workers))
        records = {number: read_environment(path) for number, (path,) in files.items()}
        return {number: each for number, each in records.items() if not each["error"]}

    def _costs(self, alone: TimedRun, busy: TimedRun, split: tuple[int, int, int]) -> Costs:
        """Return the costs, from a run of one process, and one that keeps several cores busy."""
        _, processes, workers = split
        records, others = self._records(1, 1), self._records(processes, workers)
        if not records:
            raise MachineError("no environment could be collected: see `namo collect` on these")
        number, some = next(iter(records.items()))
        (path,) = record_files(self._output(1, 1))[number]
        seconds = _work_fraction(alone, records) * np.array([*map(_seconds, records.values())])
        both = sorted(records.keys() & others.keys())
        slowdown = (
            _work_fraction(busy, others)
            * sum(_seconds(others[number]) for number in both)
            / (_work_fraction(alone, records) * sum(_seconds(records[number]) for number in both))
        )
        worker_bytes = max(sample.worker_bytes for sample in busy.samples)
        per_process = (busy.peak_bytes or 0) / processes - workers * worker_bytes
        return Costs(
            start_s=min(_start_s(run) for run in (alone, busy) if len(run.parts) == 1),
            search_s=float(seconds.mean()),
            rest_s=float((seconds**2).sum() / seconds.sum() / 2),
            write_s=write_s(some, self.folder),
            hand_out_s=hand_out_s(some, self.scene, self.folder),
            table_s=read_s(path),
            slowdown=slowdown,
            slowdown_cores=max(1, min(processes * workers, self.cores)),
            process_bytes=max(per_process, (alone.peak_bytes or 0) - worker_bytes),
            worker_bytes=worker_bytes,
            gpu_s=_work_fraction(alone, records)
            * sum(use["forward_s"] for use in alone.parts[0]["models_preloaded"])
            / len(records),
        )


def _seconds(record: EnvironmentRecord) -> float:
    return max(_MIN_S, record["processing_time"])


def _searching(run: TimedRun) -> tuple[float, float]:
    """Return from when to when all processes of a run had environments (s since 1970)."""
    ends = (part["began_unix_s"] + part["duration_s"] for part in run.parts)
    return max(part["began_unix_s"] for part in run.parts), max(ends)


def _searchers_waited_s(run: TimedRun) -> float:
    """Return how long the processes that search have waited for a core meanwhile, in total (s)."""
    has_workers = any(sample.waited_s.keys() - run.collectors for sample in run.samples)
    return run.waited_s(*_searching(run), of_workers=has_workers)


def _work_fraction(run: TimedRun, records: dict[int, EnvironmentRecord]) -> float:
    """Return the fraction of the time of environments in which no core was waited for, 0 to 1."""
    total_s = sum(map(_seconds, records.values()))
    return max(_MIN_FRACTION, 1.0 - _searchers_waited_s(run) / total_s)


def _start_s(run: TimedRun) -> float:
    """Return the time of a process before and after its environments, without waiting (s)."""
    began, ended = _searching(run)
    waited_s = run.waited_s(until_unix_s=began) + run.waited_s(ended)
    return max(_MIN_S, run.wall_s - (ended - began) - waited_s)


def _model_cost(
    use: ModelUseRecord, run: TimedRun, records: dict[int, EnvironmentRecord]
) -> ModelCost:
    queries = sum(use["latencies"].values())
    return ModelCost(
        use["kind"],
        use["load_s"] + use["warm_up_s"],
        queries / len(records),
        _work_fraction(run, records) * use["seconds"] / queries if queries else 0.0,
    )


def _check(costs: Costs, run: TimedRun, environments: int, processes: int, workers: int) -> Check:
    layout = Layout(costs, processes, workers, target_s=0.0)
    began, ended = _searching(run)
    outside_s = run.waited_s(until_unix_s=began) + run.waited_s(ended)
    waited_s = outside_s / processes + _searchers_waited_s(run) / (processes * workers)
    return Check(
        processes,
        workers,
        environments,
        run.wall_s - waited_s,
        layout.job_s(environments / processes),
        run.peak_bytes or 0,
    )
