"""How the jobs of a run find their interpreter, and where their output goes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ENDED_BY_SIGNAL = "129|130|138|143"
"""Exit codes of a command that HUP, INT, USR1 or TERM has asked to end."""


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
            when the job fails by itself: a profile that is quiet about rules hides even Snakemake's
            message.
    """
    keep = "2>&1 | (trap '' INT TERM USR1; tee -a {log:q} {log:q}.all"
    if show:
        return f"{keep})"
    # A job that a signal has ended says in its log what happened to it, and the run says it once.
    last = "test ! -t 2 || echo >&2; tail -n 20 {log:q} >&2"
    return (
        f"{keep} > /dev/null)"
        f" || (code=$?; case $code in {ENDED_BY_SIGNAL}) ;; *) {last} ;; esac; exit $code)"
    )
