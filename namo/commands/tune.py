"""Measure what a collection costs on this machine, and advise how to divide it into jobs.

Takes the options of `namo collect` that say how to search, and measures with these: how long a
process takes to start, an environment with idle and with busy cores, and what memory processes and
workers need. A cost model then gives jobs, workers, chunk size and memory for this machine, and for
others with --cores and --memory. Run it on an idle machine of the kind to be used; it takes a
minute with the demo scenes.

Exit codes: 0 done; 1 a collector failed; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from namo.collection.config import LEARNED, SEARCH, CollectionConfig
from namo.commands.arguments import THREAD_VARIABLES, search_settings, use_one_thread
from namo.declared_settings import add_options
from namo.errors import UsageError
from namo.files import from_here
from namo.option_checks import MAX_THREADS, at_least
from namo.scenes.sources import environments_from

HELP = "measure this machine, advise jobs and memory"
BUSY = 0.25
"""Processes that run, per core, from which on measured times are doubtful."""
_MIN_ENVIRONMENTS = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser; those of the search come from its settings."""
    parser.usage = "%(prog)s [--cores N ... --memory GB ...] [options]"
    machines = parser.add_argument_group("machines to advise for")
    machines.add_argument(
        "--cores",
        type=int,
        nargs="+",
        metavar="N",
        help="cores of each machine (default: this machine)",
    )
    machines.add_argument(
        "--memory",
        type=float,
        nargs="+",
        metavar="GB",
        help="memory of each machine, or of all; needed with --cores",
    )
    machines.add_argument(
        "--numa-nodes",
        type=int,
        nargs="+",
        metavar="N",
        help="NUMA nodes of each machine, or of all (default: those of this machine, else 1)",
    )
    machines.add_argument(
        "--gpus", type=int, default=0, metavar="N", help="GPUs per machine that models run on"
    )
    machines.add_argument(
        "--job-minutes", type=float, default=30.0, metavar="X", help="duration a job should have"
    )
    what = parser.add_argument_group("what to measure")
    what.add_argument("--xml-dir", type=Path, metavar="DIR", help="folder of scenes")
    what.add_argument(
        "--manifest", type=Path, metavar="FILE", help="list of scenes (default: the demo scenes)"
    )
    what.add_argument(
        "--environments", type=int, default=24, metavar="N", help="environments to collect"
    )
    what.add_argument(
        "--scratch",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="folder on the file system of the results; what is written there is removed",
    )
    add_options(parser, CollectionConfig, {SEARCH: "search", LEARNED: "learned strategies"})


def run(options: argparse.Namespace) -> int:
    """Measure, print costs and advice, and return the exit code.

    Raises:
        UsageError: an option is out of its range, or the collector refuses one.
        MachineError: a collector failed.
    """
    use_one_thread(*THREAD_VARIABLES)
    at_least("environments", options.environments, _MIN_ENVIRONMENTS)
    at_least("gpus", options.gpus, 0, MAX_THREADS)
    if not 0.0 < options.job_minutes <= 24 * 60:
        raise UsageError(f"--job-minutes is {options.job_minutes:g}; allowed: more than 0 to 1440")
    config = CollectionConfig(**search_settings(options))
    learned = "ml" in (config.object_strategy, config.goal_strategy)
    if learned and config.ml_device == "auto":
        raise UsageError("--ml-device is auto; allowed here: cpu, cuda, as jobs will be given")
    scenes = environments_from(*_places(options)).scenes
    from rich.console import Console

    from namo.collection.command_line import collect_arguments
    from namo.results.plan import SceneSource
    from namo.tuning.advice_text import WIDTH, show
    from namo.tuning.machines import machines_of, this_machine
    from namo.tuning.measuring import Measurement

    source = SceneSource(*(str(each) if each else None for each in _places(options)))
    here = this_machine(options.gpus)
    machines = machines_of(
        options.cores, options.memory, options.numa_nodes, options.gpus, default=here
    )
    _warn_of_load(here.cores)
    with tempfile.TemporaryDirectory(dir=options.scratch, prefix=".namo_tune_") as folder:
        measured = Measurement(
            lambda output: collect_arguments(config, output, source, "tune"),
            Path(folder),
            min(options.environments, len(scenes)),
            len(scenes),
            here.cores,
            from_here(scenes[0].path),
            shares=not learned or config.ml_device == "cpu",
            says=lambda line: _say(f"measuring: {line}"),
        ).run()
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    show(console, measured, machines, here, 60.0 * options.job_minutes)
    return 0


def _places(options: argparse.Namespace) -> tuple[Path | None, Path | None]:
    return options.xml_dir, options.manifest


def _warn_of_load(cores: int) -> None:
    """Say so where other processes use the machine, whose times are then too long."""
    load = os.getloadavg()[0]
    if load > BUSY * cores:
        _say(
            f"{load:.1f} processes run on {cores} cores: waiting for a core is left out, but times "
            "will be longer than on an idle machine"
        )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
