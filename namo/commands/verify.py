"""Verify a collection or an exported data set: check its files and replay every stored plan.

Files are compared with the checksums in manifest.parquet, tables with their schemas, with the
records of environments (rows of plans field by field), with the settings and the list of scenes
that were asked for, summary and report with the tables, and each plan is replayed in its scene.
What unsolved searches claim to have shown is checked: that no pushing opens the goal, and that an
exhaustive search has tried all candidates of the states that it counts. The tables of an exported
data set are compared with the checksums on its card. --minimal also replays each plan without some
of its pushes: all subsequences of up to 6 pushes, longer plans without each push. --clearance also
says how many plans end with room for a wider robot.

Exit codes: 0 no problems found; 1 some found; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from namo.commands.arguments import add_folder, add_run_from, require_folder
from namo.commands.parsing import add_old_name
from namo.errors import UsageError
from namo.scenes.conditions import require_clearance

HELP = "check file integrity and replay every plan"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_folder(parser)
    replays = parser.add_mutually_exclusive_group()
    replays.add_argument("--no-replay", action="store_true", help="skip replaying plans")
    replays.add_argument(
        "--minimal",
        action="store_true",
        help="replay subsequences of plans too: no push of a minimal plan can be dropped",
    )
    add_run_from(parser)
    recollect = parser.add_argument(
        "--recollect",
        action="store_true",
        help="mark damaged results for re-collection by the next run; originals are kept in "
        "replaced/",
    )
    add_old_name(parser, "--redo", recollect)
    parser.add_argument(
        "--clearance",
        type=float,
        metavar="METRES",
        help="say how many plans end with an open goal for a robot that keeps this clearance",
    )


def run(options: argparse.Namespace) -> int:
    """Verify and return the exit code.

    Raises:
        UsageError: there is no such folder, an exported data set or a subset of a collection is to
            be collected again, or the clearance is out of its range.
    """
    folder: Path = options.folder
    require_folder(folder)
    clearance: float | None = options.clearance
    if clearance is not None:
        require_clearance(clearance)
    from namo.exporting.verification import ExportVerification
    from namo.reporting.report import compare_page
    from namo.results.export_folder import is_export
    from namo.results.minimal_check import MinimalCheck
    from namo.results.run_file import require_no_subset
    from namo.results.verify import Verification, schedule_recollection
    from namo.wording import counted

    exported = is_export(folder)
    if exported and options.recollect:
        raise UsageError(f"{folder}: is an exported data set; --recollect needs the collection")
    if options.recollect:
        require_no_subset(folder)
    kind = ExportVerification if exported else Verification
    minimal = MinimalCheck() if options.minimal else None
    verification = kind(folder, not options.no_replay, options.run_from, minimal)
    problems = []
    for problem in verification.problems():
        print(problem, flush=True)
        problems.append(problem)
    damaged, notes = ([], []) if problems or exported else compare_page(folder)
    for problem in damaged:
        print(problem, flush=True)
        problems.append(problem)
    for note in (*verification.notes, *notes):
        print(f"note: {note}")
    replayed = (
        "" if options.no_replay else f", {counted(verification.plans, 'plan', 'plans')} replayed"
    )
    if verification.proofs:
        replayed += f", {counted(verification.proofs, 'proof', 'proofs')} checked"
    if minimal is not None:
        replayed += f", {minimal.minimal} shown minimal"
    print(
        f"{counted(verification.files, 'file', 'files')} compared, "
        f"{counted(verification.environments, 'environment', 'environments')} read{replayed}: "
        + (counted(len(problems), "problem", "problems") if problems else "no problems found")
    )
    if not problems:
        if clearance is not None:
            print(_room(folder, options.run_from, clearance))
        return 0
    if clearance is not None:
        print(f"clearance {_centimetres(clearance)}: not measured, as there are problems")
    environments = sorted({each.environment for each in problems if each.environment is not None})
    if environments:
        print(f"to collect again: {', '.join(map(str, environments))}")
    if not any(each.repairable for each in problems):
        print("no result is damaged; nothing would be collected again")
    elif options.recollect:
        marked = schedule_recollection(folder, problems)
        if others := [number for number in environments if number not in marked]:
            named = ", ".join(map(str, others))
            print(f"collected again meanwhile and left as they are: environments {named}")
        if marked or not (folder / "metrics.parquet").exists():
            print("done: rerun the same command to collect them again; originals are in replaced/")
        else:
            print("nothing is left to repair")
    else:
        print("`namo verify --recollect` marks them for re-collection by the next run")
    return 1


def _room(folder: Path, run_from: Path, clearance: float) -> str:
    """Return how many plans of an intact collection end with room for a wider robot, as a line."""
    from namo.results.collection import Collection
    from namo.results.room import room_of_plans
    from namo.wording import counted

    room = room_of_plans(Collection(folder, run_from), clearance)
    share = f" ({100.0 * room.open / room.plans:.0f} %)" if room.plans else ""
    collected = " and ".join(map(_centimetres, sorted(room.collected)))
    return (
        f"clearance {_centimetres(clearance)}: {room.open} of "
        f"{counted(room.plans, 'plan', 'plans')} end with an open goal{share}"
        + (f"; collected with {collected}" if collected else "")
    )


def _centimetres(length_m: float) -> str:
    return f"{100.0 * length_m:g} cm"
