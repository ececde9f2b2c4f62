"""The summary of a collection: what ran, what was found, where the time went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from namo.learning.inference_stats import sum_stats
from namo.planning.planner import Termination
from namo.results.metadata_types import ModelUseTotal, PartMetadata
from namo.results.parts import age_of
from namo.results.plan import recorded_name
from namo.results.summary_types import Distribution, Failure, MinimalPlans, Summary
from namo.results.tables import read_table, row_groups
from namo.results.unsolved import unsolved_environments
from namo.version import RESULTS_VERSION, SCHEMA_VERSION, __version__

MAX_LISTED_FAILURES = 1000
"""Number of failures that a summary lists; the metrics table holds all of them."""

WORKER = ("worker_hostname", "worker_process", "chunk")
"""Columns that tell the processes apart; an earlier version named none, and one made each chunk."""

_COLUMNS = [
    "env_index",
    "difficulty",
    "solution_found",
    "solution_depth",
    "found_depth",
    "minimal",
    "refined",
    "smoothing_pushes",
    "smoothing_time_ms",
    "termination",
    "proof_depth",
    "nodes_expanded",
    "physics_steps",
    "search_time_ms",
    "physics_time_ms",
    "reachability_time_ms",
    "push_planning_time_ms",
    "inference_time_ms",
    "inference_calls",
    "kept",
    *WORKER,
]
_DISTRIBUTED = ("search_time_ms", "nodes_expanded")
_CLOCKS = ("search", "physics", "reachability", "push_planning", "inference")


def summarise(
    folder: Path,
    parts: Sequence[PartMetadata],
    notes: Sequence[str] = (),
    final: Path | None = None,
) -> Summary:
    """Return the content of the summary pickle: builtins only.

    Failures count as environments, not as episodes, so the rows of zeros that stand for them enter
    no average.

    Args:
        folder: of the collection, with its tables.
        parts: metadata of its parts.
        notes: lines that say where the collection and its plan differ.
        final: folder that `folder` will be renamed to; None if it will not.
    """
    metrics, pushes, scenes = (
        folder / f"{name}.parquet" for name in ("metrics", "pushes", "scenes")
    )
    counts = _Counts()
    for rows in row_groups(metrics, _COLUMNS):
        counts.add(rows)
    searches, total, solved = (counts.sums[name] for name in ("searches", "kept", "solved_kept"))
    dropped = searches - total
    kept, found = (
        np.concatenate([np.empty(0, np.bool_), *flags]) for flags in (counts.kept, counts.found)
    )
    search_ms, nodes = (
        np.concatenate([np.empty(0), *counts.values[name]]) for name in _DISTRIBUTED
    )
    times = {name: float(counts.sums[f"{name}_time_ms"]) for name in _CLOCKS}
    latest = max(parts, key=age_of)
    config = latest["config"]
    return {
        "collection_metadata": {
            "folder": recorded_name(final or folder),
            "hostname": latest["label"],
            "algorithm": config["algorithm"],
            "total_duration_seconds": sum(part["work_s"] for part in parts),
            "execution_mode": "sequential",
            "ml_models_preloaded": any(part["models_preloaded"] for part in parts),
            "config": config,
            "notes": list(notes),
            "configurations": len({str(sorted(part["config"].items())) for part in parts}),
            "processes": len(counts.processes),
            "worker_hostnames": sorted({host for host, _ in counts.processes}),
            "began_unix_s": min(part["began_unix_s"] for part in parts),
            "ended_unix_s": max(part["began_unix_s"] + part["duration_s"] for part in parts),
            "peak_memory_bytes": max(part["peak_memory_bytes"] for part in parts),
            "namo_version": __version__,
            "results_version": RESULTS_VERSION,
            "schema_version": SCHEMA_VERSION,
        },
        "performance_stats": {
            "total_environments": counts.sums["environments"],
            "failed_environments": counts.sums["failed"],
            "total_episodes": total,
            "successful_episodes": solved,
            "success_rate": _percentage(solved, total),
            "avg_search_time_ms": float(search_ms[kept].mean()) if total else 0.0,
            "avg_nodes_expanded": float(nodes[kept].mean()) if total else 0.0,
            "searches": searches,
            "solved_searches": counts.sums["solved"],
            "search_time_ms": _distribution(search_ms),
            "nodes_expanded": _distribution(nodes),
            "search_time_ms_solved": _distribution(search_ms[found]),
            "nodes_expanded_solved": _distribution(nodes[found]),
            "solution_depths": _sorted(counts.depths),
            "minimal_plans": counts.minimal_plans(),
            "terminations": _sorted(counts.terminations),
            "proofs": {
                "impossible": counts.sums["impossible"],
                "bounded": counts.sums["bounded"],
            },
            "by_difficulty": {
                name: {"episodes": count, "solved": counts.solved_by_difficulty[name]}
                for name, count in _sorted(counts.by_difficulty).items()
            },
            "push_outcomes": _push_outcomes(pushes),
            "physics_steps": counts.sums["physics_steps"],
            "time_ms": times,
        },
        "filtering_stats": {
            "episodes_before_filtering": searches,
            "episodes_filtered_out": dropped,
            "filtering_enabled": any(part["config"]["filter_minimum_length"] for part in parts),
            "filter_rate": _percentage(dropped, searches),
        },
        "model_stats": {
            "inference_calls": counts.sums["inference_calls"],
            "inference_time_ms": times["inference"],
            "models": cast(
                list[ModelUseTotal],
                sum_stats(dict(use) for part in parts for use in part["models_preloaded"]),
            ),
        },
        "failures": _failures(metrics),
        "unsolved": unsolved_environments(metrics, scenes),
    }


class _Counts:
    """Counts over the metrics table, which is read one row group at a time.

    Of each episode only two numbers and two flags are kept in memory, for medians and means.
    """

    def __init__(self) -> None:
        self.sums: Counter[str] = Counter()
        self.depths: Counter[int] = Counter()
        self.terminations: Counter[str] = Counter()
        self.by_difficulty: Counter[str] = Counter()
        self.solved_by_difficulty: Counter[str] = Counter()
        self.found: list[NDArray[np.bool_]] = []
        self.kept: list[NDArray[np.bool_]] = []
        self.processes: set[tuple[str, str]] = set()
        self.values: dict[str, list[NDArray[np.float64]]] = {name: [] for name in _DISTRIBUTED}
        self._last: dict[str, int | None] = {"environments": None, "failed": None}

    def add(self, rows: Any) -> None:  # noqa: ANN401 - pyarrow is untyped
        """Count a table of rows, in which those of an environment are adjacent."""
        error = pc.equal(rows["termination"], Termination.ERROR.value)
        episodes = rows.filter(pc.invert(error))
        solved = episodes.filter(episodes["solution_found"])
        self._count_environments("environments", rows["env_index"])
        self._count_environments("failed", rows.filter(error)["env_index"])
        self.sums["searches"] += episodes.num_rows
        self.sums["solved"] += solved.num_rows
        self.sums["solved_kept"] += pc.sum(solved["kept"]).as_py() or 0
        for name in (
            "kept",
            "physics_steps",
            "inference_calls",
            "smoothing_pushes",
            "smoothing_time_ms",
            *(f"{c}_time_ms" for c in _CLOCKS),
        ):
            self.sums[name] += pc.sum(episodes[name]).as_py() or 0
        self.depths.update(solved["solution_depth"].to_pylist())
        dropped = pc.subtract(solved["found_depth"], solved["solution_depth"])
        self.sums["tried"] += pc.count(solved["minimal"]).as_py()
        self.sums["minimal"] += pc.sum(solved["minimal"]).as_py() or 0
        self.sums["refined"] += pc.sum(solved["refined"]).as_py() or 0
        self.sums["shortened"] += pc.sum(pc.greater(dropped, 0)).as_py() or 0
        self.sums["dropped_pushes"] += pc.sum(dropped).as_py() or 0
        self.terminations.update(episodes["termination"].to_pylist())
        impossible = pc.equal(episodes["termination"], Termination.IMPOSSIBLE.value)
        proven = pc.fill_null(pc.greater(episodes["proof_depth"], 0), False)
        unproven = pc.or_(impossible, episodes["solution_found"])
        self.sums["impossible"] += pc.sum(impossible).as_py() or 0
        self.sums["bounded"] += pc.sum(pc.and_not(proven, unproven)).as_py() or 0
        for counter, table in (
            (self.by_difficulty, episodes),
            (self.solved_by_difficulty, solved),
        ):  # scenes of unknown class are in no class
            counter.update(pc.drop_null(table["difficulty"]).to_pylist())
        self.found.append(episodes["solution_found"].to_numpy())
        self.kept.append(episodes["kept"].to_numpy())
        workers = rows.select(WORKER).group_by(list(WORKER)).aggregate([])
        columns = (workers[name].to_pylist() for name in WORKER)
        for host, process, chunk in zip(*columns, strict=True):
            self.processes.add((host, process or chunk))
        for name, values in self.values.items():
            values.append(episodes[name].to_numpy().astype(np.float64))

    def minimal_plans(self) -> MinimalPlans:
        """Return what making plans minimal did."""
        return {
            "tried": self.sums["tried"],
            "minimal": self.sums["minimal"],
            "shortened": self.sums["shortened"],
            "dropped_pushes": self.sums["dropped_pushes"],
            "refined": self.sums["refined"],
            "pushes_simulated": self.sums["smoothing_pushes"],
            "time_ms": float(self.sums["smoothing_time_ms"]),
        }

    def _count_environments(self, name: str, column: Any) -> None:  # noqa: ANN401
        index = column.to_numpy()
        if index.size:
            self.sums[name] += int(index[0] != self._last[name])
            self.sums[name] += int(np.count_nonzero(np.diff(index)))
            self._last[name] = int(index[-1])


def _percentage(part: int, whole: int) -> float:
    """Return a part of a whole in per cent; 0 of nothing."""
    return 100.0 * part / whole if whole else 0.0


def _distribution(values: NDArray[np.float64]) -> Distribution:
    """Return total, mean, median, 90 % quantile and extremes; empty without values."""
    if not values.size:
        return {}
    median, p90 = np.quantile(values, [0.5, 0.9])
    return {
        "total": float(values.sum()),
        "mean": float(values.mean()),
        "median": float(median),
        "p90": float(p90),
        "min": float(values.min()),
        "max": float(values.max()),
    }


def _sorted(counted: Mapping[Any, int]) -> dict[str, int]:
    return {str(key): counted[key] for key in sorted(counted)}


def _push_outcomes(pushes: Path) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for rows in row_groups(pushes, ["status"]):
        counted.update(rows["status"].to_pylist())
    return _sorted(counted)


def _failures(metrics: Path) -> list[Failure]:
    columns = ["env_index", "xml_file", "error_message", "rerun_command"]
    failed = read_table(
        metrics, columns=columns, filters=[("termination", "=", Termination.ERROR.value)]
    )
    rows: list[Failure] = failed.slice(0, MAX_LISTED_FAILURES).to_pylist()
    return rows
