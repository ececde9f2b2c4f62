"""Workers of one process, compared with as many processes that each load their models.

The same demo scenes are collected by one process with several workers, and by that many processes,
with the shipped models. Memory is measured as in `benchmarks.models`, from runs of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path

from benchmarks.common import (
    Figures,
    add_counts,
    argument_parser,
    console,
    show_table,
    write_json,
)
from benchmarks.model_costs import megabytes
from benchmarks.models import KINDS, run_split, shipped
from namo.tuning.processes import HAS_ROLLUP

SETUPS = ((1, 1), (1, 2), (2, 1), (1, 4), (4, 1))
"""Numbers of processes that load models, and of workers of each."""


def shipped_models() -> dict[str, Path]:
    """Return the shipped models that there are, by kind."""
    return {kind: path for kind, path in shipped().items() if path is not None}


def measure(
    models: Mapping[str, Path], *, environments: int, max_pushes: int, repeats: int
) -> Figures:
    """Return all figures of this benchmark.

    Args:
        models: by kind.
        environments: number of demo scenes, at least as many as workers.
        max_pushes: per search.
        repeats: timed runs per setup.

    Raises:
        RuntimeError: results differ.
    """
    setups, all_found = [], []
    for workers, processes in SETUPS:
        split = (models, environments, max_pushes, processes)
        runs = [run_split(*split, watch=False, workers=workers) for _ in range(repeats)]
        fastest = min((cost for cost, _ in runs), key=itemgetter("wall_s"))
        if HAS_ROLLUP:
            runs.append(run_split(*split, watch=True, workers=workers))
        all_found += [found for _, found in runs]
        memory = {"peak_bytes": runs[-1][0]["peak_bytes"]}
        setups.append({"workers": workers, "processes": processes, **fastest, **memory})
    if any(found != all_found[0] for found in all_found):
        raise RuntimeError("results depend on the number of workers or processes")
    return {"environments": environments, "max_pushes": max_pushes, "setups": setups}


def show(figures: Figures) -> None:
    """Print the figures."""
    names = ("processes", "workers of each", "loads", "load and warm-up s", "wall s", "CPU s")
    show_table(
        f"{figures['environments']} demo scenes collected by workers or processes",
        (*names, "peak MB, all"),
        (
            (
                *(each[name] for name in ("processes", "workers", "loads", "load_s")),
                *(each[name] for name in ("wall_s", "cpu_s")),
                megabytes(each["peak_bytes"]),
            )
            for each in figures["setups"]
        ),
    )


def main() -> None:
    """Run from the command line."""
    parser = argument_parser(__doc__)
    add_counts(
        parser,
        ("environments", 40, "number of demo scenes"),
        ("max-pushes", 20, "simulated pushes per search"),
        ("repeats", 3, "timed runs per setup"),
    )
    arguments = parser.parse_args()
    models = shipped_models()
    if len(models) < len(KINDS):
        console.print("workers: no shipped models in resources/models", style="yellow")
        return
    figures = measure(
        models,
        environments=arguments.environments,
        max_pushes=arguments.max_pushes,
        repeats=arguments.repeats,
    )
    show(figures)
    write_json(figures, arguments.json)


if __name__ == "__main__":
    main()
