"""How the jobs of a run find their interpreter, and where their output goes."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def run_jobs_with_this_python() -> None:
    """Let `python` in the jobs be the one that runs the pipeline, wherever that was started from.

    A job in an environment of its own puts that environment in front again.
    """
    path = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), path])


def log_redirection(*, show: bool) -> str:
    """Return what follows a job's command in its shell, with `{log:q}` for its log.

    The log is emptied before each try; the output of all tries is in a file beside it, `.all`. A
    signal to all processes of the job leaves `tee` the last words.

    Args:
        show: the job's lines too; otherwise only the last of them, on the error stream, and only
            when the job fails: a profile that is quiet about rules hides even Snakemake's message.
    """
    keep = "2>&1 | (trap '' INT TERM USR1; tee -a {log:q} {log:q}.all"
    if show:
        return f"{keep})"
    return f"{keep} > /dev/null) || (tail -n 20 {{log:q}} >&2; false)"
