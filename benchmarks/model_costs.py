"""The cost model of `benchmarks.models`: the best number of processes for each size of models.

For n parallel processes on n cores, E environments, and models of a size (both together):

    wall(1)   = start + E * environment
    wall(n)   = start_slower * start + work_slower * E / n * environment
    CPU(n)    = n * start + E * environment
    memory(n) = shared + n * (own + size * memory per model byte)

    start       = base + size * load time per byte
    environment = rest + queries * (latency + size * latency per byte)

`start_slower` and `work_slower` are the slow-down of two parallel processes (memory bandwidth,
caches, busy cores); more processes may slow down more. n processes finish before one only from

    E > (start_slower - 1) * start / (environment * (1 - work_slower / n))

on, and only if all of them fit into memory while they load. Each further process costs the CPU time
of another start, so without free cores one process finishes first. Latency grows with the size if
each weight is read once per query, as in the large models that are measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.common import Figures, console, show_table
from namo.learning.bundle import MAX_BYTES

SIZES_MB = (2, 100, 400, 1000, 4000, 16_000)
MEMORIES_GB = (8, 24, 64)
OVERTAKING = (2, 4, 8)
CORES = 8
RUN_LENGTHS = (10, 1000)
START_FRACTION = 0.1


@dataclass(frozen=True)
class Costs:
    """The constants of the cost model above (s, bytes; memory while loading)."""

    base_s: float
    load_s_per_byte: float
    rest_s: float
    queries: float
    latency_s: float
    latency_s_per_byte: float
    start_slower: float
    work_slower: float
    shared_bytes: float | None
    own_bytes: float | None
    bytes_per_model_byte: float | None

    def start_s(self, size: float) -> float:
        """Return the time until the first environment of a process (s)."""
        return self.base_s + size * self.load_s_per_byte

    def environment_s(self, size: float) -> float:
        """Return the time per environment (s)."""
        return self.rest_s + self.queries * (self.latency_s + size * self.latency_s_per_byte)

    def wall_s(self, size: float, environments: int, processes: int, cores: int) -> float:
        """Return the wall time of parallel processes (s)."""
        largest = math.ceil(environments / processes)
        start, work = self.start_s(size), largest * self.environment_s(size)
        if processes == 1:
            return start + work
        together = self.start_slower * start + self.work_slower * work
        return together * max(1.0, processes / cores)

    def overtake(self, size: float, processes: int) -> int | None:
        """Return the number of environments from which several processes beat one; None: never."""
        gain = self.environment_s(size) * (1.0 - self.work_slower / processes)
        lost = max(0.0, self.start_slower - 1.0) * self.start_s(size)
        if gain <= 0.0:
            return None
        return processes * (math.floor(lost / gain / processes) + 1)  # as many to each

    def worth_a_process(self, size: float) -> int:
        """Return the number of environments at which the start is a tenth of a process's time."""
        ratio = START_FRACTION / (1.0 - START_FRACTION)
        return math.ceil(self.start_s(size) / (ratio * self.environment_s(size)))

    def process_bytes(self, size: float) -> float | None:
        """Return the peak memory of a process, without what is shared (bytes)."""
        if self.own_bytes is None or self.bytes_per_model_byte is None:
            return None
        return self.own_bytes + self.bytes_per_model_byte * size

    def fit(self, size: float, memory: float) -> int | None:
        """Return the number of processes that fit into memory (bytes)."""
        each = self.process_bytes(size)
        if each is None or self.shared_bytes is None:
            return None
        return max(0, math.floor((memory - self.shared_bytes) / each))

    def best(self, size: float, environments: int, memory: float) -> int | None:
        """Return the fastest number of processes on `CORES` cores; 0: not even one fits."""
        room = self.fit(size, memory)
        if room is None:
            return None
        numbers = range(1, min(CORES, environments, room) + 1)
        return min(numbers, key=lambda n: self.wall_s(size, environments, n, CORES), default=0)


def costs_from(splits: Sequence[Figures], environments: int) -> Costs:
    """Return the constants fitted to the measured splits."""
    numbers = sorted({one["processes"] for one in splits})
    by = {(one["models"], one["processes"]): one for one in splits}
    small, large = by["small", 1], by["large", 1]
    more_bytes = large["model_bytes"] - small["model_bytes"]

    def line(small_value: float, large_value: float) -> tuple[float, float]:
        slope = (large_value - small_value) / more_bytes
        return small_value - slope * small["model_bytes"], slope

    def slower(key: str) -> float:
        two, alone = (sum(by[name, n][key] for name in ("small", "large")) for n in (2, 1))
        return float(two / alone)

    load_at_nothing, load_s_per_byte = line(small["load_s"], large["load_s"])
    latencies = [one["queries_s"] / one["queries"] for one in (small, large)]
    latency_s, latency_s_per_byte = line(*latencies)
    shared = own = a_byte = None
    if small["peak_bytes"] is not None:
        _, a_byte = line(small["peak_bytes"], large["peak_bytes"])
        peaks = [by["small", n]["peak_bytes"] for n in numbers]
        own, shared = np.polyfit(numbers, peaks, 1).tolist()
        own -= a_byte * small["model_bytes"]
    return Costs(
        base_s=small["start_s"] - small["load_s"] + load_at_nothing,
        load_s_per_byte=load_s_per_byte,
        rest_s=(small["work_s"] - small["queries_s"]) / environments,
        queries=small["queries"] / environments,
        latency_s=latency_s,
        latency_s_per_byte=latency_s_per_byte,
        start_slower=slower("start_s"),
        work_slower=slower("work_s"),
        shared_bytes=shared,
        own_bytes=own,
        bytes_per_model_byte=a_byte,
    )


def measure(splits: Sequence[Figures], environments: int, cores: int) -> Figures:
    """Return the constants, the predictions for each size, and the fit to the measurements.

    Args:
        splits: as `benchmarks.models` measures them, of small and of large models.
        environments: number of environments in each split.
        cores: of this machine.
    """
    costs = costs_from(splits, environments)
    fitted = [
        costs.wall_s(one["model_bytes"], environments, one["processes"], cores) for one in splits
    ]
    return {"constants": asdict(costs), "wall_s": fitted, "sizes": _sizes(costs)}


def _sizes(costs: Costs) -> list[Figures]:
    """Return the predictions of the cost model for each size, two models of half the size each."""
    figures = []
    for size_mb in SIZES_MB:
        size = 1e6 * size_mb
        figures.append(
            {
                "size_mb": size_mb,
                "is_loaded": size / 2 <= MAX_BYTES,
                "start_s": costs.start_s(size),
                "environment_s": costs.environment_s(size),
                "process_bytes": costs.process_bytes(size),
                "fit": {str(gb): costs.fit(size, 1e9 * gb) for gb in MEMORIES_GB},
                "overtake": {str(n): costs.overtake(size, n) for n in OVERTAKING},
                "worth_a_process": costs.worth_a_process(size),
                "best": {
                    f"{gb} GB, {count}": costs.best(size, count, 1e9 * gb)
                    for count in RUN_LENGTHS
                    for gb in MEMORIES_GB
                },
            }
        )
    return figures


def show(figures: Figures) -> None:
    """Print the figures."""
    costs, sizes = figures["constants"], figures["sizes"]
    show_table(
        "Constants of the cost model",
        ("", ""),
        (
            ("start without models, s", costs["base_s"]),
            ("load and warm-up of 100 MB, s", 1e8 * costs["load_s_per_byte"]),
            ("environment without queries, ms", 1e3 * costs["rest_s"]),
            ("queries per environment", costs["queries"]),
            ("query latency at size zero, ms", 1e3 * costs["latency_s"]),
            ("and per 100 MB, ms", 1e11 * costs["latency_s_per_byte"]),
            ("start of two in parallel, slow-down", costs["start_slower"]),
            ("work of two in parallel, slow-down", costs["work_slower"]),
            ("memory shared by all, MB", megabytes(costs["shared_bytes"])),
            ("per process, MB", megabytes(costs["own_bytes"])),
            ("per process while loading, per model byte", costs["bytes_per_model_byte"]),
        ),
    )
    show_table(
        "Models of other sizes, predicted by the cost model",
        (
            "both models, MB",
            "start s",
            "ms per environment",
            "MB per process",
            *(f"fit in {gb} GB" for gb in MEMORIES_GB),
            *(f"{n} on {n} cores faster from" for n in OVERTAKING),
            f"start is {START_FRACTION:.0%} at",
        ),
        (
            (
                str(one["size_mb"]),
                one["start_s"],
                1e3 * one["environment_s"],
                megabytes(one["process_bytes"]),
                *one["fit"].values(),
                *("never" if n is None else n for n in one["overtake"].values()),
                one["worth_a_process"],
            )
            for one in sizes
        ),
    )
    show_table(
        f"Fastest number of processes (up to {CORES}, on as many cores)",
        ("both models, MB", *(f"{name} environments" for name in sizes[0]["best"])),
        (
            (str(one["size_mb"]), *("none fits" if n == 0 else n for n in one["best"].values()))
            for one in sizes
        ),
    )
    refused = [str(one["size_mb"]) for one in sizes if not one["is_loaded"]]
    if refused:
        console.print(
            f"This version loads {MAX_BYTES / 1e9:.1f} GB per model at most, so not "
            f"{', '.join(refused)} MB",
            highlight=False,
        )


def megabytes(size: float | None) -> float | None:
    """Return a size in MB; None stays None."""
    return None if size is None else size / 1e6
