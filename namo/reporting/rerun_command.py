"""The command that collects an environment again into a folder of its own."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from namo.files import from_here

RERUN_SUFFIX = "_rerun"
_SWITCHES = {"--merge-only", "--part-only"}
_RANGE = {"--start-idx", "--end-idx", "--max-failed-fraction", "--max-failed-share"}
_FOLDER = "--output-dir"


def rerun_command(command: Sequence[str], environment: int) -> str | None:
    """Return the command line that collects one environment again, next to the collection.

    In the collection's own folder the environment would count as done. The command gives the same
    results, except that a search ended by its time limit may end elsewhere.

    Args:
        command: that made the collection, as in `run.json`: of `namo collect`, or of the script
            that calls it.
        environment: environment index.

    Returns:
        None for a collection that was merged from others.
    """
    kept, rest = [], iter(command[1:])
    folder = False
    for argument in rest:
        name, has_value, value = argument.partition("=")
        if name in _SWITCHES:
            continue
        if name in (*_RANGE, _FOLDER):
            value = value if has_value else next(rest, "")
            if name == _FOLDER:
                folder = True
                kept += [name, f"{value.rstrip('/')}{RERUN_SUFFIX}"]
        else:
            kept.append(argument)
    if not folder:
        return None
    if kept[0] == "collect":
        kept = kept[1:]
    alone = ["--start-idx", str(environment), "--end-idx", str(environment + 1)]
    python = str(from_here(Path(sys.executable)))
    return shlex.join([python, "-m", "namo", "collect", *kept, *alone])
