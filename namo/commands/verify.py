"""Verify a collection: every file is what was written, and every stored plan happens again.

Files are compared with the manifest, tables with their schemas and the records of environments,
and each plan is carried out in its scene. Exit codes: 0 all is well, 1 something is wrong, 2 wrong
usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from namo.commands.arguments import add_run_from
from namo.errors import UsageError

HELP = "check files, rows and plans of a collection"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder of the collection")
    parser.add_argument("--no-replay", action="store_true", help="leave out carrying out plans")
    add_run_from(parser)
    parser.add_argument(
        "--redo",
        action="store_true",
        help="arrange that the next run makes again what is wrong; replaced files are kept",
    )


def run(options: argparse.Namespace) -> int:
    """Verify and return the exit code.

    Raises:
        UsageError: there is no such folder.
    """
    folder: Path = options.folder
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    from namo.results.verify import Verification, redo
    from namo.wording import counted

    verification = Verification(folder, not options.no_replay, options.run_from)
    problems = []
    for problem in verification.problems():
        print(problem, flush=True)
        problems.append(problem)
    replayed = (
        "" if options.no_replay else f", {counted(verification.plans, 'plan', 'plans')} carried out"
    )
    print(
        f"{counted(verification.files, 'file', 'files')} compared, "
        f"{counted(verification.environments, 'environment', 'environments')} read{replayed}: "
        + (counted(len(problems), "problem", "problems") if problems else "all is well")
    )
    if not problems:
        return 0
    environments = sorted({each.environment for each in problems if each.environment is not None})
    if environments:
        print(f"to collect again: {', '.join(map(str, environments))}")
    if not any(each.is_ours for each in problems):
        print("nothing of the collection is damaged; only scenes are not as they were")
    elif options.redo:
        redo(folder, problems)
        print("arranged: the same run as before makes it again; what was there is in 'replaced'")
    else:
        print("`namo verify --redo` arranges that the next run makes it again")
    return 1
