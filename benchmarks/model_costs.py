"""The cost model of `benchmarks.models`: which number of processes serves which size of models.

For n processes at the same time on n cores, E environments, and models of a size (both together):

    wall(1)   = start + E * environment
    wall(n)   = start_slower * start + work_slower * E / n * environment
    CPU(n)    = n * start + E * environment
    memory(n) = shared + n * (own + size * bytes of a model's byte)

    start       = base + size * load of a byte
    environment = rest + questions * (answer + size * answer of a byte)

`start_slower` and `work_slower` are what two processes at a time cost each other (memory bandwidth,
caches, cores that are not free); more may cost more. n processes are done before one only from

    E > (start_slower - 1) * start / (environment * (1 - work_slower / n))

on, and only if all of them have room while they load. Each further process always costs a start
more of CPU time, so where cores are not free, one is done first. That an answer takes longer with
the size holds where each weight is read once a question, as in the large models that are measured.
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
START_SHARE = 0.1


@dataclass(frozen=True)
class Costs:
    """The constants of the cost model in the module's text (s, bytes; memory while loading)."""

    base_s: float
    load_s_per_byte: float
    rest_s: float
    questions: float
    answer_s: float
    answer_s_per_byte: float
    start_slower: float
    work_slower: float
    shared_bytes: float | None
    own_bytes: float | None
    bytes_per_model_byte: float | None

    def start_s(self, size: float) -> float:
        """Return how long a process takes until its first environment."""
        return self.base_s + size * self.load_s_per_byte

    def environment_s(self, size: float) -> float:
        """Return how long an environment takes."""
        return self.rest_s + self.questions * (self.answer_s + size * self.answer_s_per_byte)

    def wall_s(self, size: float, environments: int, processes: int, cores: int) -> float:
        """Return how long processes that run at the same time take."""
        most = math.ceil(environments / processes)
        start, work = self.start_s(size), most * self.environment_s(size)
        if processes == 1:
            return start + work
        together = self.start_slower * start + self.work_slower * work
        return together * max(1.0, processes / cores)

    def overtake(self, size: float, processes: int) -> int | None:
        """Return from how many environments on so many processes beat one; None: never."""
        gain = self.environment_s(size) * (1.0 - self.work_slower / processes)
        lost = max(0.0, self.start_slower - 1.0) * self.start_s(size)
        if gain <= 0.0:
            return None
        return processes * (math.floor(lost / gain / processes) + 1)  # as many to each

    def worth_a_process(self, size: float) -> int:
        """Return how many environments a process needs to start in a tenth of its time."""
        share = START_SHARE / (1.0 - START_SHARE)
        return math.ceil(self.start_s(size) / (share * self.environment_s(size)))

    def process_bytes(self, size: float) -> float | None:
        """Return the memory that a process takes for itself, at its most."""
        if self.own_bytes is None or self.bytes_per_model_byte is None:
            return None
        return self.own_bytes + self.bytes_per_model_byte * size

    def fit(self, size: float, memory: float) -> int | None:
        """Return how many processes have room."""
        each = self.process_bytes(size)
        if each is None or self.shared_bytes is None:
            return None
        return max(0, math.floor((memory - self.shared_bytes) / each))

    def best(self, size: float, environments: int, memory: float) -> int | None:
        """Return how many processes on `CORES` cores are done first; 0: not even one fits."""
        room = self.fit(size, memory)
        if room is None:
            return None
        numbers = range(1, min(CORES, environments, room) + 1)
        return min(numbers, key=lambda n: self.wall_s(size, environments, n, CORES), default=0)


def costs_from(splits: Sequence[Figures], environments: int) -> Costs:
    """Return the constants that the measured splits give."""
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
    answers = [one["questions_s"] / one["questions"] for one in (small, large)]
    answer_s, answer_s_per_byte = line(*answers)
    shared = own = a_byte = None
    if small["peak_bytes"] is not None:
        _, a_byte = line(small["peak_bytes"], large["peak_bytes"])
        peaks = [by["small", n]["peak_bytes"] for n in numbers]
        own, shared = np.polyfit(numbers, peaks, 1).tolist()
        own -= a_byte * small["model_bytes"]
    return Costs(
        base_s=small["start_s"] - small["load_s"] + load_at_nothing,
        load_s_per_byte=load_s_per_byte,
        rest_s=(small["work_s"] - small["questions_s"]) / environments,
        questions=small["questions"] / environments,
        answer_s=answer_s,
        answer_s_per_byte=answer_s_per_byte,
        start_slower=slower("start_s"),
        work_slower=slower("work_s"),
        shared_bytes=shared,
        own_bytes=own,
        bytes_per_model_byte=a_byte,
    )


def measure(splits: Sequence[Figures], environments: int, cores: int) -> Figures:
    """Return the constants, what follows for each size, and how well the model fits.

    Args:
        splits: as `benchmarks.models` measures them, of small and of large models.
        environments: how many were collected.
        cores: of this machine.
    """
    costs = costs_from(splits, environments)
    fitted = [
        costs.wall_s(one["model_bytes"], environments, one["processes"], cores) for one in splits
    ]
    return {"constants": asdict(costs), "wall_s": fitted, "sizes": _sizes(costs)}


def _sizes(costs: Costs) -> list[Figures]:
    """Return what the cost model says of models of each size, two of half the size together."""
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
            ("environment without questions, ms", 1e3 * costs["rest_s"]),
            ("questions an environment", costs["questions"]),
            ("answer of a model of no size, ms", 1e3 * costs["answer_s"]),
            ("and 100 MB more, ms", 1e11 * costs["answer_s_per_byte"]),
            ("start of two at a time, times slower", costs["start_slower"]),
            ("work of two at a time, times slower", costs["work_slower"]),
            ("memory shared by all, MB", megabytes(costs["shared_bytes"])),
            ("of each process, MB", megabytes(costs["own_bytes"])),
            ("of each process, times the models, while they load", costs["bytes_per_model_byte"]),
        ),
    )
    show_table(
        "Models of other sizes, by the cost model",
        (
            "both models, MB",
            "start s",
            "ms an environment",
            "MB a process",
            *(f"fit in {gb} GB" for gb in MEMORIES_GB),
            *(f"{n} on {n} cores sooner from" for n in OVERTAKING),
            f"start is {START_SHARE:.0%} at",
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
        f"When to use which: processes (of at most {CORES}, on as many cores) that are done first",
        ("both models, MB", *(f"{name} environments" for name in sizes[0]["best"])),
        (
            (str(one["size_mb"]), *("none fits" if n == 0 else n for n in one["best"].values()))
            for one in sizes
        ),
    )
    refused = [str(one["size_mb"]) for one in sizes if not one["is_loaded"]]
    if refused:
        console.print(
            f"This version loads {MAX_BYTES / 1e9:.1f} GB a model at most, so not "
            f"{', '.join(refused)} MB",
            highlight=False,
        )


def megabytes(size: float | None) -> float | None:
    """Return a size in MB; None stays."""
    return None if size is None else size / 1e6
