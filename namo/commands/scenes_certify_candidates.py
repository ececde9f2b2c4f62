"""Generate a range of candidate scenes and measure how hard each is.

The candidates are a part of the set that `namo scenes generate` makes with the same settings. Rerun
the same command to resume.

Exit codes: 0 done; 1 something failed; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from namo.commands.arguments import mapping_from_json, use_one_thread
from namo.errors import UsageError
from namo.option_checks import MAX_INTEGER, MAX_THREADS, at_least

if TYPE_CHECKING:
    from namo.certification.figures import Row

HELP = "measure a range of candidates (a chunk job)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "--settings",
        required=True,
        metavar="JSON",
        help="settings under `scenes` of config/scenes.yaml",
    )
    parser.add_argument(
        "--start", type=int, required=True, metavar="N", help="first candidate, from 0"
    )
    parser.add_argument(
        "--end", type=int, required=True, metavar="N", help="one past the last candidate"
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="folder of the set of scenes"
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=1,
        metavar="N",
        help="pushes to simulate in parallel; results do not change",
    )


def run(options: argparse.Namespace) -> int:
    """Measure the candidates, print each and return the exit code.

    Raises:
        UsageError: a setting or option is wrong.
    """
    use_one_thread()
    from namo.certification.settings import SceneSetSettings

    values = mapping_from_json(options.settings, "--settings")
    settings = SceneSetSettings.from_mapping(values, "--settings")
    if not 0 <= options.start < options.end <= MAX_INTEGER:
        raise UsageError(
            f"--start {options.start} --end {options.end}: leave no candidate; allowed: 0 to "
            f"{MAX_INTEGER}, the start below the end"
        )
    at_least("threads", options.threads, 1, MAX_THREADS)

    from namo.certification.candidates import make_chunk, outcome_of

    def show(row: Row) -> None:
        print(f"candidate {row['candidate']}: {outcome_of(row)}", flush=True)

    candidates = range(options.start, options.end)
    print(make_chunk(settings, candidates, options.output, show, options.threads))
    return 0
