"""The collection summary: what ran, what was found, where the time went."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from namo.planning.planner import Termination
from namo.version import RESULTS_VERSION, SCHEMA_VERSION, __version__

Record = dict[str, Any]

LISTED_FAILURES = 1000
"""A summary lists at most this many failures; the metrics table has them all."""

_COLUMNS = [
    "env_index",
    "difficulty",
    "solution_found",
    "solution_depth",
    "termination",
    "nodes_expanded",
    "physics_steps",
    "search_time_ms",
    "physics_time_ms",
    "reachability_time_ms",
    "push_planning_time_ms",
    "inference_time_ms",
    "inference_calls",
    "kept",
    "fingerprint",
]


def summarise(metrics: Path, pushes: Path, parts: list[Record]) -> Record:
    """Return the content of the summary pickle: builtins only.

    Failures count as environments, not as episodes: no average includes a row of zeros that stands
    for something that never ran.

    Args:
        metrics: the merged metrics table.
        pushes: the merged pushes table.
        parts: what the markers of the parts say.
    """
    table = pq.read_table(metrics, columns=_COLUMNS)
    error = pc.equal(table["termination"], Termination.ERROR.value)
    episodes = table.filter(pc.invert(error))
    solved = episodes.filter(episodes["solution_found"])
    environments = pc.count_distinct(table["env_index"]).as_py()
    kept = pc.sum(episodes["kept"]).as_py() or 0
    total = episodes.num_rows
    times = {
        name: float(pc.sum(episodes[f"{name}_time_ms"]).as_py() or 0.0)
        for name in ("search", "physics", "reachability", "push_planning", "inference")
    }
    latest = max(parts, key=lambda part: part["began_unix_s"])
    config = latest["config"]
    return {
        "collection_metadata": {
            "hostname": latest["label"],
            "algorithm": config["algorithm"],
            "total_duration_seconds": sum(part["work_s"] for part in parts),
            "execution_mode": "sequential",
            "ml_models_preloaded": any(part["models_preloaded"] for part in parts),
            "config": config,
            "configurations": len({str(sorted(part["config"].items())) for part in parts}),
            "processes": len(parts),
            "worker_hostnames": sorted({part["host"] for part in parts}),
            "peak_memory_bytes": max(part["peak_memory_bytes"] for part in parts),
            "namo_version": __version__,
            "results_version": RESULTS_VERSION,
            "schema_version": SCHEMA_VERSION,
        },
        "performance_stats": {
            "total_environments": environments,
            "failed_environments": len(set(table.filter(error)["env_index"].to_pylist())),
            "total_episodes": total,
            "successful_episodes": solved.num_rows,
            "success_rate": solved.num_rows / total if total else 0.0,
            "avg_search_time_ms": _mean(episodes["search_time_ms"]),
            "avg_nodes_expanded": _mean(episodes["nodes_expanded"]),
            "search_time_ms": _distribution(episodes["search_time_ms"]),
            "nodes_expanded": _distribution(episodes["nodes_expanded"]),
            "search_time_ms_solved": _distribution(solved["search_time_ms"]),
            "nodes_expanded_solved": _distribution(solved["nodes_expanded"]),
            "solution_depths": _counts(solved["solution_depth"]),
            "terminations": _counts(episodes["termination"]),
            "by_difficulty": _by_difficulty(episodes),
            "push_outcomes": _push_outcomes(pushes),
            "physics_steps": pc.sum(episodes["physics_steps"]).as_py() or 0,
            "time_ms": times,
        },
        "filtering_stats": {
            "episodes_before_filtering": total,
            "episodes_filtered_out": total - kept,
            "filtering_enabled": any(part["config"]["filter_minimum_length"] for part in parts),
            "filter_rate": (total - kept) / total if total else 0.0,
        },
        "model_stats": {
            "inference_calls": pc.sum(episodes["inference_calls"]).as_py() or 0,
            "inference_time_ms": times["inference"],
        },
        "failures": _failures(metrics),
    }


def _mean(column: Any) -> float:  # noqa: ANN401 - pyarrow is untyped
    return float(pc.mean(column).as_py() or 0.0)


def _distribution(column: Any) -> Record:  # noqa: ANN401
    """Return total, mean, median, 90 % quantile and the extremes; empty for no values."""
    values: NDArray[np.float64] = column.to_numpy().astype(np.float64)
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


def _counts(column: Any) -> Record:  # noqa: ANN401
    counted = Counter(column.to_pylist())
    return {str(key): counted[key] for key in sorted(counted)}


def _by_difficulty(episodes: Any) -> Record:  # noqa: ANN401
    """Return episodes and solved ones of each class; scenes of unknown class are in none."""
    known = episodes.filter(pc.is_valid(episodes["difficulty"]))
    everything, solved = (
        _counts(table["difficulty"]) for table in (known, known.filter(known["solution_found"]))
    )
    return {
        name: {"episodes": count, "solved": solved.get(name, 0)}
        for name, count in everything.items()
    }


def _push_outcomes(pushes: Path) -> Record:
    counted: Counter[str] = Counter()
    file = pq.ParquetFile(pushes)
    for group in range(file.num_row_groups):
        column = file.read_row_group(group, columns=["status"])["status"]
        counted.update(column.to_pylist())
    return {key: counted[key] for key in sorted(counted)}


def _failures(metrics: Path) -> list[Record]:
    columns = ["env_index", "xml_file", "error_message", "rerun_command"]
    failed = pq.read_table(
        metrics, columns=columns, filters=[("termination", "=", Termination.ERROR.value)]
    )
    rows: list[Record] = failed.slice(0, LISTED_FAILURES).to_pylist()
    return rows
