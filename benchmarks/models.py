"""Loading models once in one process, compared with several processes that each load them.

The same demo scenes are distributed over 1, 2 and 4 parallel chunk processes, with small models
(the shipped ones) and with large ones of random weights, an object and a goal model each. Memory is
the proportional set size of all processes together, from separate runs, because counting pages
slows a process down. Files come from the page cache, so no load waits for a disk. Four processes
with the large models need some 9 GB of memory, the models 1 GB of disk.

`benchmarks.model_costs` fits a cost model to these figures, for models of other sizes;
`benchmarks.model_calls` compares a query of a strategy with the bare network.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from statistics import mean

import pyarrow.parquet as pq
import torch

from benchmarks import model_calls, model_costs
from benchmarks.common import (
    COLLECTOR,
    REPOSITORY,
    Figures,
    add_counts,
    argument_parser,
    console,
    show_table,
    write_json,
)
from namo.learning.architecture import new_network
from namo.learning.bundle import write_bundle
from namo.tuning.processes import HAS_ROLLUP
from namo.tuning.timed_run import timed_run

KINDS = ("object", "goal")
PROCESSES = (1, 2, 4)
LARGE = {"widths": [24, 48, 384], "summary": 8192, "hidden": 256}
"""118 million parameters, nearly all in a layer that is evaluated once per raster."""
SAMPLED_EVERY_S = 0.05

FOUND = ("env_index", "solution_depth", "physics_steps")

Models = Mapping[str, Path]
"""The bundle of each kind."""
Found = tuple[int | None, ...]
"""The result in an environment: the columns `FOUND`."""


def shipped() -> dict[str, Path | None]:
    """Return the shipped models; None for a missing one."""
    folder = REPOSITORY / "resources" / "models"
    return {kind: next(iter(sorted(folder.glob(f"*{kind}*/"))), None) for kind in KINDS}


def write_large(folder: Path) -> Models:
    """Write large models with random weights from a fixed seed."""
    for kind in KINDS:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            network = new_network(kind, LARGE)
        write_bundle(folder / kind, kind, network, LARGE, {"discount": 0.5})
    return {kind: folder / kind for kind in KINDS}


def run_split(
    models: Models,
    environments: int,
    max_pushes: int,
    processes: int,
    *,
    watch: bool,
    workers: int = 1,
) -> tuple[Figures, list[Found]]:
    """Collect with several parallel processes; return the cost and the results.

    Args:
        models: of both kinds.
        environments: number of environments, distributed evenly.
        max_pushes: per search.
        processes: number of processes.
        watch: sample their memory, which slows them down.
        workers: of each process.

    Raises:
        MachineError: a process failed.
    """
    options = ["--part-only", "--algorithm", "best_first", "--ml-device", "cpu"]
    options += ["--max-pushes", str(max_pushes), "--workers", str(workers)]
    for kind in KINDS:
        options += [f"--{kind}-strategy", "ml", f"--ml-{kind}-model", str(models[kind])]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(COLLECTOR), "--output-dir", folder, *options]
        bounds = [environments * place // processes for place in range(processes + 1)]
        ranges = [["--start-idx", str(a), "--end-idx", str(b)] for a, b in pairwise(bounds)]
        commands = [[*command, *each] for each in ranges]
        run = timed_run(commands, Path(folder), SAMPLED_EVERY_S if watch else None)
        found = pq.read_table([*sorted(Path(folder).glob("parts/*/metrics.parquet"))])
    loaded = [model for part in run.parts for model in part["models_preloaded"]]
    all_at_work = max(part["began_unix_s"] for part in run.parts)
    working = (each.total_bytes for each in run.samples if each.at_unix_s > all_at_work)
    return {
        "loads": sum(model["loads"] for model in loaded),
        "load_s": sum(model["load_s"] + model["warm_up_s"] for model in loaded),
        "start_s": mean(part["began_unix_s"] - run.began_unix_s for part in run.parts),
        "work_s": sum(part["duration_s"] for part in run.parts),
        "queries": sum(sum(model["latencies"].values()) for model in loaded),
        "queries_s": sum(model["seconds"] for model in loaded),
        "model_bytes": sum(model["bytes"] for model in run.parts[0]["models_preloaded"]),
        "wall_s": run.wall_s,
        "cpu_s": run.cpu_s,
        "peak_bytes": run.peak_bytes,
        "working_bytes": max(working, default=None),
    }, [*zip(*(found[name].to_pylist() for name in FOUND), strict=True)]


def measure_splits(
    name: str, models: Models, environments: int, max_pushes: int, repeats: int
) -> list[Figures]:
    """Return the cost of the same environments for each number of processes: the fastest runs.

    Raises:
        RuntimeError: the results differ.
    """
    figures, all_found = [], []
    for processes in PROCESSES:
        runs = [
            run_split(models, environments, max_pushes, processes, watch=False)
            for _ in range(repeats)
        ]
        # Other load can only make a run slower.
        fastest = min((cost for cost, _ in runs), key=itemgetter("wall_s"))
        if HAS_ROLLUP:
            runs.append(run_split(models, environments, max_pushes, processes, watch=True))
        memory = {key: runs[-1][0][key] for key in ("peak_bytes", "working_bytes")}
        all_found += [found for _, found in runs]
        figures.append({"models": name, "processes": processes, **fastest, **memory})
    if any(found != all_found[0] for found in all_found):
        differ = {r[0] for rows in zip(*all_found, strict=True) if len({*rows}) > 1 for r in rows}
        raise RuntimeError(f"{name} models: results differ between runs in environments {differ}")
    return figures


def measure(
    models: Mapping[str, Path | None],
    *,
    environments: int,
    max_pushes: int,
    repeats: int,
    queries: int,
) -> Figures:
    """Return all figures of this benchmark; without small models, those of the large ones.

    Args:
        models: small ones by kind, None for a missing one.
        environments: number of demo scenes, at least as many as processes.
        max_pushes: per search.
        repeats: timed runs per number of processes.
        queries: queries per model.
    """
    small = {kind: path for kind, path in models.items() if path is not None and path.is_dir()}
    is_complete = len(small) == len(KINDS)
    if not is_complete:
        console.print(
            "models: no shipped models in resources/models and none given with --object-model and "
            "--goal-model; measuring only large models with random weights",
            style="yellow",
        )
    with tempfile.TemporaryDirectory() as folder:
        models_of: dict[str, Models] = {"small": small} if is_complete else {}
        models_of["large"] = write_large(Path(folder))
        first = next(iter(models_of.values()))  # fills the cache
        run_split(first, environments, max_pushes, 1, watch=False)
        splits = [
            one
            for name, these in models_of.items()
            for one in measure_splits(name, these, environments, max_pushes, repeats)
        ]
    cores = os.cpu_count() or 1
    return {
        "environments": environments,
        "max_pushes": max_pushes,
        "splits": splits,
        "costs": model_costs.measure(splits, environments, cores) if is_complete else None,
        "calls": model_calls.measure(small, queries) if is_complete else None,
    }


def show(figures: Figures) -> None:
    """Print the figures."""
    splits, costs, calls = figures["splits"], figures["costs"], figures["calls"]
    fitted = costs["wall_s"] if costs else [None] * len(splits)
    show_table(
        f"{figures['environments']} demo scenes distributed over parallel processes",
        (
            "models",
            "MB",
            "processes",
            "loads",
            "load and warm-up s",
            "start s",
            "wall s",
            "by the cost model",
            "CPU s",
            "peak MB, all",
            "MB at work",
        ),
        (
            (
                one["models"],
                one["model_bytes"] / 1e6,
                one["processes"],
                one["loads"],
                one["load_s"],
                one["start_s"],
                one["wall_s"],
                by_model,
                one["cpu_s"],
                model_costs.megabytes(one["peak_bytes"]),
                model_costs.megabytes(one["working_bytes"]),
            )
            for one, by_model in zip(splits, fitted, strict=True)
        ),
    )
    if splits[0]["peak_bytes"] is None:
        console.print("Memory: not measured, /proc/PID/smaps_rollup does not exist")
    if costs is not None:
        model_costs.show(costs)
    if calls is not None:
        model_calls.show(calls)


def main() -> None:
    """Run from the command line."""
    parser = argument_parser(__doc__)
    there = shipped()
    for kind in KINDS:
        parser.add_argument(f"--{kind}-model", type=Path, default=there[kind], help="small model")
    add_counts(
        parser,
        ("environments", 40, "number of demo scenes"),
        ("max-pushes", 20, "simulated pushes per search"),
        ("repeats", 3, "timed runs per number of processes"),
        ("queries", 1000, "queries per model"),
    )
    arguments = parser.parse_args()
    figures = measure(
        {"object": arguments.object_model, "goal": arguments.goal_model},
        environments=arguments.environments,
        max_pushes=arguments.max_pushes,
        repeats=arguments.repeats,
        queries=arguments.queries,
    )
    show(figures)
    write_json(figures, arguments.json)


if __name__ == "__main__":
    main()
