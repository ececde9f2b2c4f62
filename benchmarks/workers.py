"""Workers of one process, compared with as many processes that each load their models.

The same demo scenes are collected by one process with several workers, and by that many processes,
with the shipped models and with large ones of random weights. Memory is measured as in
`benchmarks.models`, from runs of their own; while all are at work is when models, libraries and
what a search needs are all there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
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
from benchmarks.models import KINDS, run_split, shipped, write_large
from namo.tuning.processes import HAS_ROLLUP

SETUPS = {
    "shipped models": ((1, 1), (1, 2), (2, 1), (1, 4), (4, 1)),
    "large models": ((1, 1), (1, 2), (2, 1)),
}
"""Numbers of workers of each process, and of processes that load models."""


def shipped_models() -> dict[str, Path]:
    """Return the shipped models that there are, by kind."""
    return {kind: path for kind, path in shipped().items() if path is not None}


def measure(
    models: Mapping[str, Path], *, environments: int, max_pushes: int, repeats: int
) -> Figures:
    """Return all figures of this benchmark, with these models and with large ones.

    Args:
        models: by kind.
        environments: number of demo scenes, at least as many as workers.
        max_pushes: per search.
        repeats: timed runs per setup.

    Raises:
        RuntimeError: results differ.
    """
    with tempfile.TemporaryDirectory() as folder:
        bundles = {"shipped models": models, "large models": write_large(Path(folder))}
        return {
            name: _compared(
                each,
                SETUPS[name],
                environments=environments,
                max_pushes=max_pushes,
                repeats=repeats,
            )
            for name, each in bundles.items()
        }


def _compared(
    models: Mapping[str, Path],
    setups: Sequence[tuple[int, int]],
    *,
    environments: int,
    max_pushes: int,
    repeats: int,
) -> Figures:
    """Return the figures of some setups with the same models."""
    measured, all_found = [], []
    for workers, processes in setups:
        split = (models, environments, max_pushes, processes)
        runs = [run_split(*split, watch=False, workers=workers) for _ in range(repeats)]
        fastest = min((cost for cost, _ in runs), key=itemgetter("wall_s"))
        if HAS_ROLLUP:
            runs.append(run_split(*split, watch=True, workers=workers))
        all_found += [found for _, found in runs]
        memory = {name: runs[-1][0][name] for name in ("peak_bytes", "working_bytes")}
        measured.append({"workers": workers, "processes": processes, **fastest, **memory})
    if any(found != all_found[0] for found in all_found):
        raise RuntimeError("results depend on the number of workers or processes")
    return {"environments": environments, "max_pushes": max_pushes, "setups": measured}


def show(figures: Figures) -> None:
    """Print the figures."""
    names = ("processes", "workers of each", "loads", "load and warm-up s", "wall s", "CPU s")
    for models, compared in figures.items():
        show_table(
            f"{models}: {compared['environments']} demo scenes, by workers or processes",
            (*names, "peak MB, all", "MB at work"),
            (
                (
                    *(each[name] for name in ("processes", "workers", "loads", "load_s")),
                    *(each[name] for name in ("wall_s", "cpu_s")),
                    *(megabytes(each[name]) for name in ("peak_bytes", "working_bytes")),
                )
                for each in compared["setups"]
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
