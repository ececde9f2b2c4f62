"""The command line that collects one environment again."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from namo.files import from_here


def rerun_command(arguments: list[str], index: int) -> str:
    """Return the command line that collects one environment again, independent of the range.

    Args:
        arguments: of the collector, without its range, output folder and part switches.
        index: of the environment.
    """
    alone = ["--start-idx", str(index), "--end-idx", str(index + 1)]
    python = str(from_here(Path(sys.executable)))
    return shlex.join([python, "-m", "namo", "collect", *arguments, *alone])
