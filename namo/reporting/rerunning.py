"""The command that makes an environment again beside a collection, from the one that made it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from namo.files import from_here

_SWITCHES = {"--merge-only", "--part-only"}
_RANGE = {"--start-idx", "--end-idx", "--max-failed-share"}
_FOLDER = "--output-dir"


def command_again(command: Sequence[str], environment: int) -> str | None:
    """Return the command line that collects an environment alone, into a folder of its own.

    In the collection's own folder it would be found done. The same results come out; a search that
    the clock ended may end elsewhere.

    Args:
        command: of the collector, as `run.json` has it.
        environment: place in the list of environments.

    Returns:
        None where the collection was not made by the collector, but put together of others.
    """
    script, *arguments = command or [""]
    kept, rest = [], iter(arguments)
    folder = False
    for argument in rest:
        name, has_value, value = argument.partition("=")
        if name in _SWITCHES:
            continue
        if name in (*_RANGE, _FOLDER):
            value = value if has_value else next(rest, "")
            if name == _FOLDER:
                folder = True
                kept += [name, f"{value.rstrip('/')}_again"]
        else:
            kept.append(argument)
    if not folder:
        return None
    alone = ["--start-idx", str(environment), "--end-idx", str(environment + 1)]
    start = [str(from_here(Path(path))) for path in (sys.executable, script)]
    return shlex.join([*start, *kept, *alone])
