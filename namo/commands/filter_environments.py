"""Write the environments of a collection that meet a condition as a collection of its own.

A condition compares columns of metrics.parquet with values, as in Python: and, or, not, in, is
None. An environment is taken, whole, if it is true for one of its episodes. Its record, rows and
scene stay as they are. The new collection can be verified, replayed, exported and filtered again,
but nothing can be collected into it or merged with it.

Exit codes: 0 done; 1 the collection is damaged; 2 wrong usage, or no environment meets the
condition.
"""

from __future__ import annotations

import argparse

from namo.commands.arguments import add_folder, add_output, require_folder

HELP = "take environments that meet a condition"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_folder(parser)
    parser.add_argument(
        "--where",
        metavar="CONDITION",
        required=True,
        default=argparse.SUPPRESS,
        help="condition on the columns of metrics.parquet, such as \"difficulty == 'hard' and "
        'solution_depth <= 2"',
    )
    add_output(parser, "folder of the new collection")


def run(options: argparse.Namespace) -> int:
    """Filter the collection and return the exit code."""
    require_folder(options.folder)
    from namo.reporting.report import write_report
    from namo.results.subset import filter_collection

    written = filter_collection(options.folder, options.where, options.output, link=options.link)
    write_report(options.output)
    print(written.text)
    return 0
