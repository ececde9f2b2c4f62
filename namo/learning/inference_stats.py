"""What models cost a process: loading, calls, batch sizes, latency; numbers that can be added.

Latencies are counted in bins a hundredth of their value wide, so quantiles of any number of calls,
in any number of processes, take a few kilobytes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

BIN = 1.01

Record = dict[str, Any]

_SAME = ("kind", "path", "sha256", "parameters", "bytes", "device")
"""What tells a model from another."""


@dataclass
class ModelUse:
    """One model in one process.

    Attributes:
        kind: "object" or "goal".
        path: of the bundle, as it was given.
        sha256: of its weights.
        parameters: how many numbers it has.
        bytes: memory they take.
        device: where it runs.
        load_s: reading and building it (s).
        warm_up_s: its first passes (s).
        loads: how often it was loaded.
        batches: passes of the network by number of rasters.
        latencies: questions by bin of their duration.
        seconds: spent on questions, drawing them included.
        forward_s: of these, in passes of the network.
    """

    kind: str
    path: str
    sha256: str
    parameters: int
    bytes: int
    device: str
    load_s: float = 0.0
    warm_up_s: float = 0.0
    loads: int = 1
    batches: Counter[int] = field(default_factory=Counter)
    latencies: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    forward_s: float = 0.0

    @property
    def calls(self) -> int:
        """How many questions were asked."""
        return self.latencies.total()

    def passed(self, rasters: int, seconds: float) -> None:
        """Count a pass of the network."""
        self.batches[rasters] += 1
        self.forward_s += seconds

    def asked(self, seconds: float) -> None:
        """Count a question."""
        self.latencies[math.floor(math.log(max(seconds, 1e-9)) / math.log(BIN))] += 1
        self.seconds += seconds

    def as_record(self) -> Record:
        """Return it as JSON values."""
        return {
            "kind": self.kind,
            "path": self.path,
            "sha256": self.sha256,
            "parameters": self.parameters,
            "bytes": self.bytes,
            "device": self.device,
            "load_s": self.load_s,
            "warm_up_s": self.warm_up_s,
            "loads": self.loads,
            "batches": {str(size): count for size, count in sorted(self.batches.items())},
            "latencies": {str(place): count for place, count in sorted(self.latencies.items())},
            "seconds": self.seconds,
            "forward_s": self.forward_s,
        }


def without_counts(record: Record) -> Record:
    """Return a record of the same model and no use: what it did is counted in another record."""
    return ModelUse(**{name: record[name] for name in _SAME}, loads=0).as_record()


def summed(records: Iterable[Record]) -> list[Record]:
    """Return the use of each model over all processes, with quantiles of its latency (ms)."""
    together: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        key = record["kind"], record["sha256"], record["device"]
        together.setdefault(key, []).append(record)
    return [_sum(together[key]) for key in sorted(together)]


def _sum(records: list[Record]) -> Record:
    batches, latencies = (
        _added(record[name] for record in records) for name in ("batches", "latencies")
    )
    calls, passes = latencies.total(), batches.total()
    rasters = sum(size * count for size, count in batches.items())
    added = ("loads", "load_s", "warm_up_s", "seconds", "forward_s")
    return {
        **{name: records[0][name] for name in _SAME},
        **{name: sum(record[name] for record in records) for name in added},
        "calls": calls,
        "mean_batch": rasters / passes if passes else 0.0,
        "largest_batch": max(batches, default=0),
        "latency_ms": {
            name: quantile(latencies, share)
            for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))
            if calls
        },
    }


def _added(counts: Iterable[Mapping[str, int]]) -> Counter[int]:
    total: Counter[int] = Counter()
    for one in counts:
        for place, count in one.items():
            total[int(place)] += count
    return total


def quantile(latencies: Mapping[int, int], share: float) -> float:
    """Return the latency (ms) that a share of the calls do not exceed, to a hundredth."""
    wanted = share * sum(latencies.values())
    passed = 0
    for place in sorted(latencies):
        passed += latencies[place]
        if passed >= wanted:
            return 1000.0 * float(BIN ** (place + 0.5))
    return 0.0
