"""The machine at hand, and machines that options describe."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from namo.errors import UsageError
from namo.option_checks import MAX_THREADS, at_least
from namo.tuning.cost_model import Machine

MAX_MEMORY_GB = 1e5
_GB = 1e9
Value = TypeVar("Value", int, float)
_NODES = Path("/sys/devices/system/node")


def this_machine(gpus: int) -> Machine:
    """Return the machine at hand: the cores that this process may use, and all of the memory.

    Args:
        gpus: number of GPUs that models run on.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    nodes = len([*_NODES.glob("node[0-9]*")])
    return Machine(len(os.sched_getaffinity(0)), memory, max(1, nodes), gpus)


def machines_of(
    cores: Sequence[int] | None,
    memory_gb: Sequence[float] | None,
    numa_nodes: Sequence[int] | None,
    gpus: int,
    *,
    default: Machine,
) -> list[Machine]:
    """Return the machines that options describe, else the default one.

    Args:
        cores: of each machine; None for the default machine.
        memory_gb: memory of each machine, or one value for all, in units of 1e9 bytes.
        numa_nodes: likewise; None for one.
        gpus: per machine.
        default: the machine at hand.

    Raises:
        UsageError: a value is out of its range, or there are not as many as machines.
    """
    if cores is None:
        if memory_gb is not None or numa_nodes is not None:
            raise UsageError("--memory and --numa-nodes describe the machines of --cores: set that")
        return [default]
    if memory_gb is None:
        raise UsageError("--cores needs --memory: the memory of each machine (GB)")
    memories = _for_each("memory", memory_gb, len(cores))
    nodes = _for_each("numa-nodes", numa_nodes or [1], len(cores))
    for count, memory, number in zip(cores, memories, nodes, strict=True):
        at_least("cores", count, 1, MAX_THREADS)
        at_least("numa-nodes", number, 1, count)
        if not (math.isfinite(memory) and 0.0 < memory <= MAX_MEMORY_GB):
            raise UsageError(
                f"--memory is {memory:g}; allowed: more than 0 and at most {MAX_MEMORY_GB:g} GB"
            )
    return [
        Machine(count, memory * _GB, number, gpus)
        for count, memory, number in zip(cores, memories, nodes, strict=True)
    ]


def _for_each(name: str, values: Sequence[Value], machines: int) -> Sequence[Value]:
    if len(values) == 1:
        return list(values) * machines
    if len(values) != machines:
        raise UsageError(
            f"--{name} has {len(values)} values for {machines} machines; allowed: one for all, or "
            "one for each of --cores"
        )
    return values
