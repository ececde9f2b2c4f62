"""What was measured and what follows from it, as tables and commands on a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from namo.tuning.cost_model import Layout, Machine, best_layout, jobs_per_gpu
from namo.tuning.measuring import Measured
from namo.tuning.simulated_load import WORKERS
from namo.wording import number

WIDTH = 110
"""Columns where the output is not a terminal."""
RUNTIME = 4
"""Time limit of a job, per duration that it should have."""
_MB, _GB = 1e6, 1e9


def show(
    console: Console,
    measured: Measured,
    machines: Sequence[Machine],
    here: Machine,
    target_s: float,
) -> None:
    """Print costs, checks of the cost model, and advice for each machine.

    Args:
        console: to print on.
        measured: on this machine.
        machines: to advise for.
        here: this machine.
        target_s: duration that a job should have (s).
    """
    _print_table(console, "Costs on this machine", ("", "measured"), _cost_rows(measured))
    _print_table(
        console,
        "The cost model beside what was measured",
        ("processes", "workers of each", "environments", "seconds", "by the model", "peak MB"),
        (
            (
                *(str(each) for each in (check.processes, check.workers, check.environments)),
                *(number(each) for each in (check.wall_s, check.predicted_s)),
                f"{check.peak_bytes / _MB:.0f}",
            )
            for check in measured.checks
        ),
    )
    layouts = [best_layout(measured.costs, machine, target_s) for machine in machines]
    _print_table(
        console,
        "Advice",
        (
            *("cores", "GB", "NUMA", "GPUs", "jobs", "workers", "chunk_size", "mem_mb"),
            *("worker_mem_mb", "GB asked", "min/job", "per hour"),
        ),
        (_advice_row(*pair) for pair in zip(machines, layouts, strict=True)),
    )
    for line in _settings_lines(measured, machines, layouts, target_s):
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    for line in _remarks(measured, machines, here):
        console.print(f"- {line}", markup=False, highlight=False)


def _print_table(
    console: Console, title: str, columns: Iterable[str], rows: Iterable[Sequence[str]]
) -> None:
    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _cost_rows(measured: Measured) -> Iterable[tuple[str, str]]:
    costs = measured.costs
    yield "start and end of a process", f"{number(costs.start_s)} s"
    for model in measured.models:
        yield f"  of which to load the {model.kind} model", f"{number(model.load_s)} s"
    yield "an environment, other cores idle", f"{number(costs.search_s)} s"
    yield f"  slow-down with {costs.slowdown_cores} cores at work", number(costs.slowdown)
    for model in measured.models:
        yield (
            f"  queries of the {model.kind} model",
            f"{number(model.queries)} of {number(1e3 * model.query_s)} ms",
        )
    yield "  rest of one in progress", f"{number(costs.rest_s)} s"
    yield "  writing its record", f"{number(1e3 * costs.write_s)} ms"
    yield f"  handing it out, {WORKERS} simulated workers", f"{number(1e3 * costs.hand_out_s)} ms"
    yield "  its rows at the end of a chunk", f"{number(1e3 * costs.table_s)} ms"
    yield "memory of a process, and what workers share", f"{costs.process_bytes / _MB:.0f} MB"
    yield "memory of a worker", f"{costs.worker_bytes / _MB:.0f} MB"


def _advice_row(machine: Machine, layout: Layout | None) -> tuple[str, ...]:
    given = (
        str(machine.cores),
        f"{machine.memory_bytes / _GB:.0f}",
        str(machine.numa_nodes),
        str(machine.gpus),
    )
    if layout is None:
        return (*given, "0", *["-"] * 7)
    size = rounded_chunk_size(layout)
    return (
        *given,
        str(layout.jobs),
        str(layout.workers),
        str(size),
        str(layout.mem_mb),
        str(layout.worker_mem_mb),
        f"{layout.memory_bytes / _GB:.1f}",
        f"{layout.job_s(size) / 60:.0f}",
        f"{3600 * layout.throughput:,.0f}",
    )


def rounded_chunk_size(layout: Layout) -> int:
    """Return the environments per chunk with two digits that are not zero."""
    size = math.floor(layout.chunk_size)
    step: int = 10 ** max(0, len(str(size)) - 2)
    return size // step * step


def _smallest_mb(measured: Measured, target_s: float) -> int:
    return Layout(measured.costs, 1, 1, target_s).job_mb


def _settings_lines(
    measured: Measured,
    machines: Sequence[Machine],
    layouts: Sequence[Layout | None],
    target_s: float,
) -> Iterable[str]:
    """Yield a command for each machine; the same settings go into a file."""
    yield "Settings, for the command line, config/config.yaml or profiles/slurm/collection.yaml:"
    yield ""
    for machine, layout in zip(machines, layouts, strict=True):
        if layout is None:
            needed = f"a job needs {_smallest_mb(measured, target_s)} MB"
            yield f"    {machine.cores} cores, {machine.memory_bytes / _GB:g} GB: {needed}"
            continue
        settings = {
            "chunk_size": rounded_chunk_size(layout),
            "workers": layout.workers,
            "mem_mb": layout.mem_mb,
            "worker_mem_mb": layout.worker_mem_mb,
            "runtime": math.ceil(RUNTIME * target_s / 60),
        }
        words = [f"{name}={value}" for name, value in settings.items()]
        gpus = ["--resources", f"gpu={layout.jobs}"] if machine.gpus else []
        command = ["snakemake", "--cores", str(layout.jobs * layout.workers), *gpus, "--config"]
        yield "    " + " ".join([*command, *words])
    yield ""


def _remarks(measured: Measured, machines: Sequence[Machine], here: Machine) -> Iterable[str]:
    costs = measured.costs
    if any(machine.cores > here.cores for machine in machines):
        yield (
            f"No more than {here.cores} cores were at work here. More are taken for several "
            f"machines like this one, and {WORKERS} workers that wait instead of searching gave "
            "the time to hand out."
        )
    if any(machine.numa_nodes > 1 for machine in machines):
        yield (
            "The workers of a job fit on a NUMA node: `numactl --cpunodebind=0 --membind=0` before "
            "`namo collect` keeps it on node 0; on SLURM, --distribution=block:block in "
            "`slurm_extra` fills one socket after the other."
        )
    if any(machine.gpus for machine in machines) and costs.gpu_s > 0.0:
        yield (
            f"Models compute {number(1e3 * costs.gpu_s)} ms per environment where this was "
            f"measured, so {jobs_per_gpu(costs)} jobs keep a GPU of that speed busy. Memory of "
            "GPUs is not in the model."
        )
