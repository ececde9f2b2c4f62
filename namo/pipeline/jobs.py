"""How the jobs of a run find their interpreter, and where their output goes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ENDED_BY_SIGNAL = "129|130|138|143"
"""Exit codes of a command that HUP, INT, USR1 or TERM has asked to end."""
HIDING = "NAMO_HIDE_JOB_OUTPUT"
"""Environment variable; where it is set, the lines of chunks go to their logs alone."""
_DEAF = "trap '' INT TERM USR1"


def run_jobs_with_this_python() -> None:
    """Let `python` in the jobs be the one that runs the pipeline, wherever that was started from.

    A job in an environment of its own puts that environment in front again.
    """
    path = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), path])


def log_redirection(*, show: bool | None) -> str:
    """Return what follows a job's command in its shell, with `{log:q}` for its log.

    The log is emptied before each try; the output of all tries is in a file beside it, `.all`. A
    signal to all processes of the job leaves `tee` the last words.

    Args:
        show: the job's lines too; otherwise only the last of them, on the error stream, and only
            when the job fails by itself: a profile that is quiet about rules hides even Snakemake's
            message. None: whether the environment variable `HIDING` is unset decides when the job
            runs, since Snakemake runs jobs again whose shell command has changed.
    """
    keep = "tee -a {log:q} {log:q}.all"
    # A job that a signal has ended says in its log what happened to it, and the run says it once.
    last = (
        f"case $code in {ENDED_BY_SIGNAL}) ;; "
        "*) test ! -t 2 || echo >&2; tail -n 20 {log:q} >&2 ;; esac"
    )
    if show:
        return f"2>&1 | ({_DEAF}; {keep})"
    if show is None:
        hiding = f"printenv {HIDING} > /dev/null"
        keep = f"if {hiding}; then {keep} > /dev/null; else {keep}; fi"
        last = f"if {hiding}; then {last}; fi"
    else:
        keep = f"{keep} > /dev/null"
    return f"2>&1 | ({_DEAF}; {keep}) || (code=$?; {last}; exit $code)"


def hide_output(*, hide: bool) -> None:
    """Hide or show the lines of jobs that leave it to `HIDING`, in this process and its jobs."""
    if hide:
        os.environ[HIDING] = "1"
    else:
        os.environ.pop(HIDING, None)
