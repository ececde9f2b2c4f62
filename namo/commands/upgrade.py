"""Rewrite a collection of an earlier version in place, in the form that this version reads.

Results stay the same; the scene files are needed. An upgrade that was killed resumes when the same
command is run again.

Exit codes: 0 done, or nothing to do; 1 a file is damaged or a scene is missing; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from namo.commands.arguments import add_folder, add_run_from, require_folder

HELP = "rewrite a collection of an earlier version"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_folder(parser)
    add_run_from(parser)


def run(options: argparse.Namespace) -> int:
    """Upgrade the collection and return the exit code.

    Raises:
        UsageError: there is no such folder.
    """
    folder: Path = options.folder
    require_folder(folder)
    from namo.reporting.report import REPORT, write_report
    from namo.results.upgrade import upgrade
    from namo.version import SCHEMA_VERSION
    from namo.wording import counted

    done = upgrade(folder, options.run_from, lambda text: print(f"rewriting {text}", flush=True))
    if not (done.records or done.parts or done.tables):
        print(f"{folder}: nothing to rewrite; everything is of schema version {SCHEMA_VERSION}")
        return 0
    if done.tables and (folder / REPORT).exists():
        write_report(folder)
    print(
        f"{folder}: {counted(done.records, 'record', 'records')} and "
        f"{counted(done.parts, 'part', 'parts')} rewritten, now of schema version {SCHEMA_VERSION}"
    )
    return 0
