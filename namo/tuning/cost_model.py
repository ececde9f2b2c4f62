"""The cost model behind `namo tune`: the throughput and the memory of jobs with workers.

A machine runs P jobs side by side, each a chunk of E environments in a process with W workers. With
the costs of `Costs`, k = P W cores at work, and H(W) the W-th harmonic number,

    cycle(k)  = search_s * slowdown(k) + write_s + hand_out_s
    rate      = min(W / cycle(k), 1 / hand_out_s)
    job       = start_s + E / rate + rest_s * (H(W) - 1) + E * table_s
    memory    = P * (HEADROOM * (process + W * worker) + E * ROW_BYTES)

in environments per second, seconds and bytes. The rate is the asymptotic bound of a closed queueing
network: either the workers are busy, or the one process that hands out environments is. The third
term of a job is the time in which its last environments keep only some workers busy: with W
remaining times of mean `rest_s`, exponentially distributed, the last ends after rest_s * H(W), of
which rest_s is work of all. `slowdown` grows linearly up to all cores of the machine where it was
measured; beyond, a machine with more cores is taken for several of that one.

Where models run on a GPU, it serves one query at a time, so G GPUs bound the throughput of the
machine by G / gpu_s. Jobs then have one worker each.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

MAX_CHUNK = 20_000
"""Environments per chunk at most: a collection has to have more chunks than jobs at a time."""
ROW_BYTES = 60e3
"""Memory of an environment's rows, pushes aside, which a chunk's process keeps to its end (bytes):
55 kB with the demo scenes."""
HEADROOM = 2.0
"""Memory to ask for, per memory that a short run needs: caches grow, and some scenes are large."""
TOLERANCE = 0.02
"""Fraction of the best throughput that may be given up for less memory."""
_STEP_MB = 50
_MB = 1e6


@dataclass(frozen=True)
class Costs:
    """What processes, workers and environments cost.

    Attributes:
        start_s: time of a process before and after its environments: import, load, warm-up (s).
        search_s: mean time of an environment in a worker, while other cores are idle (s).
        rest_s: mean time that a random environment in progress still takes (s).
        write_s: time of a worker to write the record of an environment (s).
        hand_out_s: time of the chunk's process to hand out an environment and to note that (s).
        table_s: time per environment to write the tables at the end of a chunk (s).
        slowdown: ratio of `search_s` while `slowdown_cores` are at work to that while one is.
        slowdown_cores: number of cores for which that was measured.
        process_bytes: memory of a chunk's process with all that its workers share (bytes).
        worker_bytes: memory of a worker that no other shares (bytes).
        gpu_s: time per environment that models compute, an upper bound of that on a GPU (s).
    """

    start_s: float
    search_s: float
    rest_s: float
    write_s: float
    hand_out_s: float
    table_s: float
    slowdown: float
    slowdown_cores: int
    process_bytes: float
    worker_bytes: float
    gpu_s: float = 0.0

    def slowdown_of(self, busy: int) -> float:
        """Return the ratio of the time of an environment to that while other cores are idle.

        It is at most the number of cores, so more cores at work are never slower in total.

        Args:
            busy: number of cores at work.
        """
        most = min(max(self.slowdown, 1.0), float(self.slowdown_cores))
        if self.slowdown_cores == 1:
            return 1.0
        return 1.0 + (most - 1.0) * min(1.0, (busy - 1) / (self.slowdown_cores - 1))

    def cycle_s(self, busy: int) -> float:
        """Return the time of an environment from one that is handed out to the next (s).

        Args:
            busy: number of cores at work.
        """
        return self.search_s * self.slowdown_of(busy) + self.write_s + self.hand_out_s


@dataclass(frozen=True)
class Machine:
    """A machine to divide.

    Attributes:
        cores: number of them.
        memory_bytes: of the whole machine.
        numa_nodes: number of them; the workers of a job stay on one.
        gpus: number of them that models run on; 0: on the cores.
    """

    cores: int
    memory_bytes: float
    numa_nodes: int = 1
    gpus: int = 0

    @property
    def cores_per_numa_node(self) -> int:
        """Number of cores of the largest NUMA node."""
        return math.ceil(self.cores / self.numa_nodes)


@dataclass(frozen=True)
class Layout:
    """Jobs that run side by side on a machine.

    Attributes:
        costs: of what runs.
        jobs: number of chunk processes.
        workers: of each.
        target_s: duration that a job should have (s).
        gpus: number of GPUs that models run on; 0: on the cores.
    """

    costs: Costs
    jobs: int
    workers: int
    target_s: float
    gpus: int = 0

    @property
    def rate(self) -> float:
        """Environments per second of a job, while all its workers have some."""
        cycle_s = self.costs.cycle_s(self.jobs * self.workers)
        rate = min(self.workers / cycle_s, 1.0 / self.costs.hand_out_s)
        if self.gpus and self.costs.gpu_s > 0.0:
            rate = min(rate, self.gpus / self.costs.gpu_s / self.jobs)
        return rate

    @property
    def chunk_size(self) -> float:
        """Environments per job, not rounded: the ratio of its time to that of one."""
        return max(1.0, min(float(MAX_CHUNK), self.target_s * self.rate))

    @property
    def idle_s(self) -> float:
        """Time at the end of a job in which workers have nothing left to do (s)."""
        harmonic = sum(1.0 / number for number in range(1, self.workers + 1))
        return self.costs.rest_s * (harmonic - 1.0)

    def job_s(self, environments: float) -> float:
        """Return the duration of a job (s).

        Args:
            environments: in its chunk; a fraction of one takes that fraction of the time.
        """
        costs = self.costs
        work_s = environments * (1.0 / self.rate + costs.table_s)
        return costs.start_s + work_s + self.idle_s

    @property
    def throughput(self) -> float:
        """Environments per second of all jobs, start and end of each included."""
        return self.jobs * self.chunk_size / self.job_s(self.chunk_size)

    @property
    def mem_mb(self) -> int:
        """The setting `mem_mb`: memory to ask for per chunk process, one worker included (MB)."""
        costs = self.costs
        running = HEADROOM * (costs.process_bytes + costs.worker_bytes)
        return _rounded_up_mb(running + self.chunk_size * ROW_BYTES)

    @property
    def worker_mem_mb(self) -> int:
        """The setting `worker_mem_mb`: memory to ask for per further worker (MB)."""
        return _rounded_up_mb(HEADROOM * self.costs.worker_bytes)

    @property
    def job_mb(self) -> int:
        """Memory to ask for per job (MB)."""
        return self.mem_mb + (self.workers - 1) * self.worker_mem_mb

    @property
    def memory_bytes(self) -> float:
        """Memory to ask for, all jobs together (bytes)."""
        return self.jobs * self.job_mb * _MB


def layouts(costs: Costs, machine: Machine, target_s: float) -> Iterator[Layout]:
    """Yield the layouts that fit a machine: for each number of workers as many jobs as possible.

    Args:
        costs: of what runs.
        machine: to divide.
        target_s: duration that a job should have (s).
    """
    most = 1 if machine.gpus else machine.cores_per_numa_node
    for workers in range(1, most + 1):
        one = Layout(costs, 1, workers, target_s, machine.gpus)
        jobs = min(machine.cores // workers, math.floor(machine.memory_bytes / one.memory_bytes))
        if machine.gpus and costs.gpu_s > 0.0:
            jobs = min(jobs, machine.gpus * jobs_per_gpu(costs))
        if jobs:
            yield Layout(costs, jobs, workers, target_s, machine.gpus)


def jobs_per_gpu(costs: Costs) -> int:
    """Return the number of jobs with models that keep a GPU busy; it is not faster with more."""
    return math.ceil(costs.cycle_s(1) / costs.gpu_s)


def best_layout(costs: Costs, machine: Machine, target_s: float) -> Layout | None:
    """Return the layout that needs the least memory among the fastest; None: not one job fits.

    Args:
        costs: of what runs.
        machine: to divide.
        target_s: duration that a job should have (s).
    """
    found = list(layouts(costs, machine, target_s))
    if not found:
        return None
    enough = (1.0 - TOLERANCE) * max(layout.throughput for layout in found)
    fast = [layout for layout in found if layout.throughput >= enough]
    return min(fast, key=lambda layout: (layout.memory_bytes, -layout.throughput))


def _rounded_up_mb(size: float) -> int:
    return max(1, math.ceil(size / _MB / _STEP_MB)) * _STEP_MB
