"""Cost of inference: loading, calls, batch sizes and latency, in figures that add up.

Latencies are counted in logarithmic bins one per cent wide, so quantiles over any number of calls
and processes need a few kilobytes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any

BIN_RATIO = 1.01
"""Upper over lower edge of a latency bin."""

Record = dict[str, Any]

_IDENTITY = ("kind", "path", "sha256", "parameters", "bytes", "device")
"""Keys that identify a model and where it runs."""
_KEY = itemgetter("kind", "sha256", "device")
_LOADING = ("loads", "load_s", "warm_up_s")
_COSTS = (*_LOADING, "seconds", "forward_s")


@dataclass
class InferenceStats:
    """Inference cost of one model in one process.

    Attributes:
        kind: "object" or "goal".
        path: of the bundle, as given by the user.
        sha256: of the weights.
        parameters: number of parameters, buffers included.
        bytes: memory of the parameters.
        device: where the model runs.
        load_s: time to read and build the model (s).
        warm_up_s: time of the warm-up passes (s).
        loads: number of loads.
        batches: forward passes by batch size in rasters.
        latencies: queries by latency bin.
        seconds: total time of all queries, rendering included.
        forward_s: the part of it spent in forward passes.
        platform: what decides the last bits of its predictions, see `model_platform`.
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
    platform: str = ""

    @property
    def calls(self) -> int:
        """Number of queries."""
        return self.latencies.total()

    def count_pass(self, rasters: int, seconds: float) -> None:
        """Count a forward pass over a batch of rasters."""
        self.batches[rasters] += 1
        self.forward_s += seconds

    def count_query(self, seconds: float) -> None:
        """Count a query."""
        self.latencies[math.floor(math.log(max(seconds, 1e-9)) / math.log(BIN_RATIO))] += 1
        self.seconds += seconds

    def snapshot(self) -> InferenceStats:
        """Return a copy of the statistics, to compare with later."""
        return replace(self, batches=Counter(self.batches), latencies=Counter(self.latencies))

    def since(self, before: InferenceStats) -> Record:
        """Return the queries since a snapshot as JSON values, without the cost of loading."""
        return replace(
            self,
            load_s=0.0,
            warm_up_s=0.0,
            loads=0,
            batches=self.batches - before.batches,
            latencies=self.latencies - before.latencies,
            seconds=self.seconds - before.seconds,
            forward_s=self.forward_s - before.forward_s,
        ).as_record()

    def take_loading(self) -> Record:
        """Return the cost of loading as JSON values, without queries; the next call finds none.

        So that it can be stored with the first environment that the model is used for.
        """
        taken = replace(self, batches=Counter(), latencies=Counter(), seconds=0.0, forward_s=0.0)
        self.load_s, self.warm_up_s, self.loads = 0.0, 0.0, 0
        return taken.as_record()

    def put_loading(self, taken: Record) -> None:
        """Take over the cost of loading that `take_loading` has returned, here or elsewhere."""
        self.loads, self.load_s, self.warm_up_s = (taken[name] for name in _LOADING)

    def as_record(self) -> Record:
        """Return the statistics as JSON values."""
        return {
            "kind": self.kind,
            "path": self.path,
            "sha256": self.sha256,
            "parameters": self.parameters,
            "bytes": self.bytes,
            "device": self.device,
            "platform": self.platform,
            "load_s": self.load_s,
            "warm_up_s": self.warm_up_s,
            "loads": self.loads,
            "batches": {str(size): count for size, count in sorted(self.batches.items())},
            "latencies": {str(index): count for index, count in sorted(self.latencies.items())},
            "seconds": self.seconds,
            "forward_s": self.forward_s,
        }


def without_counts(record: Record) -> Record:
    """Return a record of the same model with all counts zero."""
    identity = {name: record[name] for name in _IDENTITY}
    platform = record.get("platform", "")  # earlier versions wrote none
    return InferenceStats(**identity, platform=platform, loads=0).as_record()


def add_up(records: Iterable[Record]) -> list[Record]:
    """Return one record per model, with the sums of those that are given."""
    by_model: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        by_model.setdefault(_KEY(record), []).append(record)
    return [_added(each) for each in by_model.values()]


def _added(records: list[Record]) -> Record:
    counts = {
        name: _add_counts(record[name] for record in records) for name in ("batches", "latencies")
    }
    return {
        **{name: records[0][name] for name in _IDENTITY},
        "platform": records[0].get("platform", ""),  # earlier versions wrote none
        **{name: sum(record[name] for record in records) for name in _COSTS},
        **{
            name: {str(key): count for key, count in sorted(counted.items())}
            for name, counted in counts.items()
        },
    }


def sum_stats(records: Iterable[Record]) -> list[Record]:
    """Return the totals per model, in order of the kinds, with quantiles of the latency (ms)."""
    return [_with_quantiles(record) for record in sorted(add_up(records), key=_KEY)]


def _with_quantiles(record: Record) -> Record:
    batches, latencies = (_add_counts([record[name]]) for name in ("batches", "latencies"))
    calls, passes = latencies.total(), batches.total()
    rasters = sum(size * count for size, count in batches.items())
    return {
        **{name: record[name] for name in (*_IDENTITY, *_COSTS)},
        "calls": calls,
        "mean_batch": rasters / passes if passes else 0.0,
        "largest_batch": max(batches, default=0),
        "latency_ms": {
            name: quantile(latencies, fraction)
            for name, fraction in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))
            if calls
        },
    }


def _add_counts(counts: Iterable[Mapping[str, int]]) -> Counter[int]:
    total: Counter[int] = Counter()
    for each in counts:
        for key, count in each.items():
            total[int(key)] += count
    return total


def quantile(latencies: Mapping[int, int], fraction: float) -> float:
    """Return the latency (ms) that a fraction of the calls does not exceed, within one per cent.

    Args:
        latencies: calls by latency bin.
        fraction: fraction of the calls, 0 to 1.
    """
    wanted = fraction * sum(latencies.values())
    cumulative = 0
    for index in sorted(latencies):
        cumulative += latencies[index]
        if cumulative >= wanted:
            return 1000.0 * float(BIN_RATIO ** (index + 0.5))
    return 0.0
