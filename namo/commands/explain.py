"""Say why searches of a collection found no plan: what they pushed, and how close they came.

Without ENV, all unsolved searches by cause; with it, those of one environment in detail.

Exit codes: 0 done; 1 a file is missing or damaged; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from namo.commands.arguments import add_folder, require_folder
from namo.commands.environments import add_environment, environment_file
from namo.results.record_files import SUFFIX

HELP = "say why searches found no plan"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_folder(parser)
    add_environment(parser, "; without it, all that have an unsolved search")


def run(options: argparse.Namespace) -> int:
    """Print why searches are unsolved, and return the exit code.

    Raises:
        UsageError: there is no such folder or environment.
        ResultFileError: a table is missing or damaged.
    """
    folder: Path = options.folder
    require_folder(folder)
    from namo.reporting.explanation_text import (
        ended_text,
        explained_collection,
        explained_search,
    )
    from namo.reporting.search_facts import SearchFacts
    from namo.reporting.searches import rows_of_environment, unsolved_searches
    from namo.results.again import explain_command

    if options.environment is None:
        lines = 0
        for line in explained_collection(unsolved_searches(folder)):
            print(line)
            lines += 1
        if lines:
            print(f"one in detail: {explain_command(str(folder))}")
        else:
            print(f"{folder}: no unsolved search")
        return 0
    env_id = environment_file(folder, options.environment).name.removesuffix(SUFFIX)
    searches = 0
    for search in unsolved_searches(folder, env_id):
        if searches:
            print()
        searches += 1
        print(*explained_search(SearchFacts(search), str(folder)), sep="\n")
    if not searches:
        for row in rows_of_environment(folder, env_id):
            print(f"{row['episode_id']}: {ended_text(row, str(folder))}")
    return 0
