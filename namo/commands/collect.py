"""Collect NAMO planning data in a range of environments, one after the other or by several workers.

Models are loaded once. Rerun the same command to resume an interrupted run.

Exit codes: 0 every environment is recorded (an unsolved one too); 1 some could not be processed
(recorded with the reason); 2 wrong usage, nothing is written.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from namo.collection.config import LEARNED, SEARCH, CollectionConfig
from namo.collection.progress import Verbosity
from namo.commands.arguments import (
    THREAD_VARIABLES,
    add_max_failed_fraction,
    exceeds,
    require_fraction,
    search_settings,
    use_one_thread,
)
from namo.declared_settings import add_options
from namo.errors import ModelError
from namo.files import CACHE, cache_folder
from namo.option_checks import MAX_THREADS, at_least, require_writable
from namo.results.run_lock import run_label
from namo.scenes.sources import environments_from, resolve_range
from namo.signals import TerminationRequested, ending_on_signals

HELP = "collect planning data in a range of environments"

EXIT_DONE, EXIT_FAILED = 0, 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser; those of the search come from its settings."""
    parser.usage = "%(prog)s --output-dir DIR --start-idx N --end-idx N [options]"
    _add_what(parser.add_argument_group("what to collect"))
    add_options(parser, CollectionConfig, {SEARCH: "search", LEARNED: "learned strategies"})
    _add_how(parser.add_argument_group("running"))


def _add_what(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--output-dir", type=Path, required=True, metavar="DIR", help="folder of the collection"
    )
    group.add_argument(
        "--start-idx", type=int, required=True, metavar="N", help="first environment, from 0"
    )
    group.add_argument(
        "--end-idx",
        type=int,
        required=True,
        metavar="N",
        help="one past the last environment; -1: to the end",
    )
    group.add_argument(
        "--xml-dir",
        type=Path,
        metavar="DIR",
        help="folder of scenes (*.xml, searched recursively, sorted)",
    )
    group.add_argument(
        "--manifest",
        type=Path,
        metavar="FILE",
        help="list of scenes, Parquet or text (default: the scenes of --xml-dir, else the demo "
        "scenes)",
    )
    group.add_argument(
        "--split",
        metavar="NAME",
        help="split of a Parquet manifest: train, val or test (default: all)",
    )
    group.add_argument(
        "--hostname",
        metavar="LABEL",
        help="label in file names (default: the name of this machine)",
    )


def _add_how(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="environments to collect in parallel, in processes that share the loaded models; "
        "results do not change",
    )
    group.add_argument(
        "--threads",
        type=int,
        default=1,
        metavar="N",
        help="pushes to simulate in parallel from one state (tree_idfs, optimal_idfs, "
        "expanding_idfs and exhaustive_poses only); results do not change",
    )
    talk = group.add_mutually_exclusive_group()
    talk.add_argument(
        "--verbose",
        action="store_const",
        dest="verbosity",
        const=Verbosity.VERBOSE,
        default=Verbosity.NORMAL,
        help="log one line per environment even when a progress bar is shown",
    )
    talk.add_argument(
        "--quiet",
        action="store_const",
        dest="verbosity",
        const=Verbosity.QUIET,
        help="print only what went wrong",
    )
    stage = group.add_mutually_exclusive_group()
    stage.add_argument(
        "--part-only",
        action="store_true",
        help="collect the part of this range and leave the merge to a later step; environments "
        "that failed then do not decide the exit code (for chunk jobs)",
    )
    stage.add_argument(
        "--merge-only",
        action="store_true",
        help="do not collect; merge the existing parts into tables and summary",
    )
    add_max_failed_fraction(
        group,
        "with --part-only: fail when more than this fraction of at least "
        "10 environments failed; environments of finished parts nearby count where the failures "
        "are not the fault of the scenes",
    )


def run(options: argparse.Namespace) -> int:
    """Collect the range and return the exit code.

    Raises:
        UsageError: an option is wrong; nothing is written.
    """
    # Snakemake sets these variables to the cores of a job, and each worker is to have one of them.
    use_one_thread(*THREAD_VARIABLES, always=options.workers > 1)
    try:
        with ending_on_signals(), ExitStack() as open_until_end:
            return _collect(options, open_until_end)
    except KeyboardInterrupt as end:
        by = f" by {end}" if isinstance(end, TerminationRequested) else ""
        print(
            f"interrupted{by}; finished environments are kept, rerun the same command to resume",
            file=sys.stderr,
        )
        return end.exit_code if isinstance(end, TerminationRequested) else 128 + signal.SIGINT


def _collect(options: argparse.Namespace, open_until_end: ExitStack) -> int:
    config = CollectionConfig(**search_settings(options))
    # Among a thousand chunk jobs each would look at all scenes; one that is gone is recorded.
    by_hand = not (options.part_only or options.merge_only)
    source = environments_from(options.xml_dir, options.manifest, options.split, look=by_hand)
    wanted = resolve_range(options.start_idx, options.end_idx, len(source.scenes))
    at_least("workers", options.workers, 1, MAX_THREADS)
    at_least("threads", options.threads, 1, MAX_THREADS)
    require_fraction(options.max_failed_fraction)
    label = run_label(options.hostname)
    require_writable(options.output_dir, "--output-dir")

    # What is above needs neither MuJoCo nor OpenCV; what is below does.
    from namo.collection.chunk import Collector, collect_chunk
    from namo.collection.command_line import collect_arguments, collect_command
    from namo.collection.environment import Environment
    from namo.collection.models import make_planner, models_for
    from namo.collection.warm_up import warm_up
    from namo.machine_code import COMPILING
    from namo.results.assemble import assemble
    from namo.results.plan import CollectionPlan, SceneSource
    from namo.results.run_file import require_no_subset
    from namo.results.run_lock import join_plan
    from namo.syncing import make_folder

    require_no_subset(options.output_dir)
    places = (getattr(options, name) for name in ("xml_dir", "manifest", "split"))
    plan = CollectionPlan(
        config.decisive,
        SceneSource(*(None if place is None else str(place) for place in places)),
        source.scenes,
        wanted,
        label,
    )
    if options.merge_only:
        merged = assemble(options.output_dir, label, source.source, len(source.scenes), plan)
        _print_summary(merged.text, options)
        return EXIT_DONE
    require_writable(cache_folder(), CACHE)
    if options.workers > 1:
        from namo.collection.worker_processes import prepare_to_fork, require_one_thread

        prepare_to_fork()
    warm_up(lambda: _say(COMPILING, options))
    models = open_until_end.enter_context(models_for(config, options.workers))
    planner, scorers = make_planner(config, models)
    if scorers:  # "auto" is not the same on every machine
        config = replace(config, ml_device=scorers[0].stats.device)
    if options.workers > 1:
        require_one_thread()
    # Nothing was written so far; what is wrong with options and models was found above.
    environments = [Environment.listed(index, source.scenes[index], label) for index in wanted]
    again = collect_arguments(config, options.output_dir, plan.source, options.hostname)
    make_folder(options.output_dir)
    if by_hand:
        join_plan(options.output_dir, plan.as_record())
    try:
        result = collect_chunk(
            environments,
            Collector(
                planner,
                config,
                lambda index: collect_command(again, index, index + 1),
                scorers,
                options.threads,
                options.workers,
            ),
            options.output_dir,
            verbosity=options.verbosity,
            wait=options.part_only,  # a killed run may leave a process at work
            max_failed_fraction=options.max_failed_fraction if options.part_only else 1.0,
        )
    except ModelError as error:  # not wrong usage any more: environments may have been collected
        print(f"{options.parser.prog}: error: {error}", file=sys.stderr)
        return EXIT_FAILED
    if options.part_only:
        return _part_exit_code(result.failed, result.environments, options)
    merged = assemble(options.output_dir, label, source.source, len(source.scenes), plan)
    _print_summary(merged.text, options)  # before what may go wrong with the report

    from namo.reporting.report import write_report  # chunk jobs need not load it

    write_report(options.output_dir)
    return EXIT_FAILED if result.failed else EXIT_DONE


def _part_exit_code(
    failed: Mapping[int, str], environments: int, options: argparse.Namespace
) -> int:
    """Return the exit code of a part whose failures are all recorded: 1 when there are too many."""
    from namo.collection.failures import MIN_ENVIRONMENTS

    allowed = options.max_failed_fraction
    if environments < MIN_ENVIRONMENTS or not exceeds(len(failed), environments, allowed):
        return EXIT_DONE
    print(
        f"{options.parser.prog}: error: {len(failed)} of {environments} environments failed, more "
        f"than --max-failed-fraction {allowed}; the first: {next(iter(failed.values()))}",
        file=sys.stderr,
    )
    return EXIT_FAILED


def _say(line: str, options: argparse.Namespace) -> None:
    if options.verbosity is not Verbosity.QUIET:
        print(line, file=sys.stderr, flush=True)


def _print_summary(summary: str, options: argparse.Namespace) -> None:
    if options.verbosity is not Verbosity.QUIET:
        print(summary, flush=True)
