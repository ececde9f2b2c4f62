"""The collector's command line: collect a range of environments in this process."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from namo.collection.config import ML_DEVICES, CollectionConfig
from namo.collection.progress import Verbosity
from namo.errors import ModelError, NamoError, UsageError
from namo.files import cache_folder, from_here
from namo.option_checks import at_least, require_writable
from namo.planning.registry import PLANNERS
from namo.results.run_lock import run_label
from namo.scenes.presets import PHYSICS_PRESETS
from namo.scenes.sources import environments_from, resolve_range
from namo.signals import TerminationRequested, ending_on_signals
from namo.strategies.registry import GOAL_STRATEGIES, OBJECT_STRATEGIES
from namo.wording import did_you_mean

EXIT_DONE, EXIT_FAILED, EXIT_USAGE = 0, 1, 2
LEAST_FOR_SHARE = 10
"""A part of fewer environments is not given up for its share of failures: one bad scene in three
says nothing about the installation."""

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class _Parser(argparse.ArgumentParser):
    """An argument parser that offers the nearest name for a mistyped option."""

    def error(self, message: str) -> NoReturn:
        unknown = re.search(r"unrecognized arguments: (--[\w-]+)", message)
        if unknown:
            options = [name for name in self._option_string_actions if name.startswith("--")]
            message += f"; {did_you_mean(unknown.group(1), options)}"
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"error: {message}\n")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; names of planners and strategies come from their registries."""
    default = CollectionConfig()
    parser = _Parser(
        prog="sequential_ml_collection.py",
        usage="%(prog)s --output-dir DIR --start-idx N --end-idx N [options]; --help lists all",
        description="Collect NAMO planning data for a range of environments, one after the other, "
        "in one process that loads its models once.",
        epilog="Exit codes: 0 every environment is recorded (an unsolved one too); 1 some could "
        "not be processed (recorded with the reason); 2 wrong usage, nothing is written.",
        allow_abbrev=False,
    )
    needed = parser.add_argument_group("what to collect")
    needed.add_argument("--output-dir", type=Path, required=True, help="folder of the collection")
    needed.add_argument("--start-idx", type=int, required=True, help="first environment, from 0")
    needed.add_argument(
        "--end-idx", type=int, required=True, help="one past the last environment; -1: to the end"
    )
    needed.add_argument(
        "--xml-dir", type=Path, help="folder of scenes, searched recursively, sorted"
    )
    needed.add_argument(
        "--manifest", type=Path, help="list of scenes; without either: the demo scenes"
    )
    needed.add_argument("--split", help="only this split of a Parquet manifest")
    needed.add_argument("--hostname", help="label in file names (this machine's name)")

    search = parser.add_argument_group("search")
    _choice(search, "--algorithm", PLANNERS.names(), default.algorithm)
    _choice(search, "--object-strategy", OBJECT_STRATEGIES.names(), default.object_strategy)
    _choice(search, "--goal-strategy", GOAL_STRATEGIES.names(), default.goal_strategy)
    _number(search, "--episodes-per-env", int, default.episodes_per_env, "searches in each")
    _number(search, "--max-depth", int, default.max_depth, "longest plan in pushes")
    _number(
        search,
        "--max-goals-per-object",
        int,
        default.max_goals_per_object,
        "goals tried for an object in a state",
    )
    _number(search, "--search-timeout", float, default.search_timeout, "seconds for a search")
    _number(
        search,
        "--max-terminal-checks",
        int,
        default.max_terminal_checks,
        "questions whether the goal is reachable, in a search",
    )
    search.add_argument(
        "--max-pushes", type=int, default=None, help="simulated pushes of a search (any number)"
    )
    _number(search, "--seed", int, default.seed, "seed of all random numbers")
    _choice(search, "--physics", list(PHYSICS_PRESETS), default.physics)
    search.add_argument(
        "--filter-minimum-length",
        action="store_true",
        help="of an environment's solved episodes keep those with the fewest pushes",
    )

    learned = parser.add_argument_group("learned strategies")
    learned.add_argument("--ml-object-model", metavar="PATH", help="for --object-strategy ml")
    learned.add_argument("--ml-goal-model", metavar="PATH", help="for --goal-strategy ml")
    _number(learned, "--ml-samples", int, default.ml_samples, "draws from a model a question")
    _choice(learned, "--ml-device", ML_DEVICES, default.ml_device)
    _number(
        learned,
        "--ml-random-share",
        float,
        default.ml_random_share,
        "share of learned goals, or of the first pushes of best_first, that stay random",
    )
    learned.add_argument(
        "--trust-model-code",
        action="store_true",
        help="let a model bring a class of its own, which runs its code",
    )

    running = parser.add_argument_group("running")
    running.add_argument(
        "--threads",
        type=int,
        default=1,
        help="pushes of a state that are simulated at a time, where the algorithm tries several "
        "anyway (tree_idfs); changes no result (1)",
    )
    talk = running.add_mutually_exclusive_group()
    talk.add_argument(
        "--verbose",
        action="store_const",
        dest="verbosity",
        const=Verbosity.VERBOSE,
        default=Verbosity.NORMAL,
        help="a line for every environment beside the bar of a terminal; elsewhere it is always "
        "there",
    )
    talk.add_argument(
        "--quiet",
        action="store_const",
        dest="verbosity",
        const=Verbosity.QUIET,
        help="say only what went wrong",
    )
    stage = running.add_mutually_exclusive_group()
    stage.add_argument(
        "--part-only",
        action="store_true",
        help="for chunk jobs: write this range's part and leave the merge to a later step; "
        "recorded failures then count as done",
    )
    stage.add_argument(
        "--merge-only",
        action="store_true",
        help="collect nothing: make tables, summary and report of the parts that are there",
    )
    running.add_argument(
        "--max-failed-share",
        type=float,
        default=1.0,
        help="with --part-only: fail when more than this share of at least "
        f"{LEAST_FOR_SHARE} environments failed (1.0: never)",
    )
    return parser


def _choice(
    group: argparse._ArgumentGroup, option: str, names: Sequence[str], default: str
) -> None:
    # The configuration checks the name, and offers the nearest one; argparse would only list all.
    text = f"{', '.join(names)} ({default})"
    group.add_argument(option, default=default, metavar="NAME", help=text)


def _number(
    group: argparse._ArgumentGroup, option: str, kind: type, default: float, text: str
) -> None:
    group.add_argument(option, type=kind, default=default, help=f"{text} ({default})")


def main(
    arguments: Sequence[str] | None = None, finish: Callable[[Path], None] = lambda _: None
) -> int:
    """Run the collector and return its exit code.

    Args:
        arguments: of the command line; those of this process if None.
        finish: called with the folder of a collection made by hand, once all its tables are there.
    """
    # One thread a process: chunks run side by side, and more threads only fight for the cores.
    for variable in _THREAD_VARIABLES:
        os.environ.setdefault(variable, "1")
    options = build_parser().parse_args(arguments)
    try:
        with ending_on_signals():
            return _collect(options, finish)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_USAGE
    except (NamoError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt as end:
        by = f" by {end}" if isinstance(end, TerminationRequested) else ""
        print(
            f"interrupted{by}; finished environments are kept, the same command goes on from there",
            file=sys.stderr,
        )
        return 128 + (end.number if isinstance(end, TerminationRequested) else signal.SIGINT)


def _collect(options: argparse.Namespace, finish: Callable[[Path], None]) -> int:
    config = CollectionConfig(**{name: getattr(options, name) for name in CollectionConfig.names()})
    # Among a thousand chunk jobs each would look at all scenes; one that is gone is recorded.
    by_hand = not (options.part_only or options.merge_only)
    source = environments_from(options.xml_dir, options.manifest, options.split, look=by_hand)
    wanted = resolve_range(options.start_idx, options.end_idx, len(source.scenes))
    at_least("threads", options.threads, 1)
    if not 0 <= options.max_failed_share <= 1:
        raise UsageError(f"--max-failed-share is {options.max_failed_share}; allowed: 0 to 1")
    label = run_label(options.hostname)
    require_writable(options.output_dir, "--output-dir")

    # What is above needs neither MuJoCo nor OpenCV; what is below does.
    from namo.collection.chunk import Collector, collect_chunk
    from namo.collection.environment import Environment
    from namo.collection.models import make_planner
    from namo.collection.rerun import rerun_command
    from namo.results.assemble import assemble

    if options.merge_only:
        merged = assemble(options.output_dir, label, source.source, len(source.scenes))
        _print_report(merged.text, options)
        return EXIT_DONE
    require_writable(cache_folder(), "cache of primitives and machine code (set NAMO_CACHE_DIR)")
    planner, scorers = make_planner(config)  # refuses what it cannot do, before anything is written
    if scorers:  # "auto" is not the same on every machine
        config = replace(config, ml_device=scorers[0].stats.device)
    environments = [
        Environment(index, from_here(scene.path), label, scene.difficulty, scene.sha256)
        for index, scene in ((index, source.scenes[index]) for index in wanted)
    ]
    again = _arguments_of(config, options)
    options.output_dir.mkdir(parents=True, exist_ok=True)
    try:
        result = collect_chunk(
            environments,
            Collector(
                planner,
                config,
                lambda index: rerun_command(again, index),
                scorers,
                options.threads,
            ),
            options.output_dir,
            verbosity=options.verbosity,
            wait=options.part_only,  # of a killed run a process may be left at work
        )
    except ModelError as error:  # no wrong usage any more: environments may have been collected
        print(f"error: {error}", file=sys.stderr)
        return EXIT_FAILED
    if options.part_only:
        share = len(result.failed) / result.environments
        too_many = share > options.max_failed_share and result.environments >= LEAST_FOR_SHARE
        if too_many:
            print(
                f"error: {len(result.failed)} of {result.environments} environments failed, more "
                f"than --max-failed-share {options.max_failed_share}; the first: "
                f"{next(iter(result.failed.values()))}",
                file=sys.stderr,
            )
        return EXIT_FAILED if too_many else EXIT_DONE
    merged = assemble(options.output_dir, label, source.source, len(source.scenes))
    _print_report(merged.text, options)  # before what may go wrong with a page
    finish(options.output_dir)
    return EXIT_FAILED if result.failed else EXIT_DONE


def _print_report(report: str, options: argparse.Namespace) -> None:
    if options.verbosity is not Verbosity.QUIET:
        print(report, flush=True)


def _arguments_of(config: CollectionConfig, options: argparse.Namespace) -> list[str]:
    """Return the arguments that set this configuration again, without the range."""
    default, arguments = CollectionConfig(), ["--output-dir", str(options.output_dir)]
    for option in ("xml_dir", "manifest", "split", "hostname"):
        if getattr(options, option) is not None:
            arguments += [f"--{option.replace('_', '-')}", str(getattr(options, option))]
    for name, value in config.as_dict().items():
        if value == getattr(default, name):
            continue
        arguments.append(f"--{name.replace('_', '-')}")
        if value is not True:
            arguments.append(str(value))
    return arguments
