"""How the jobs of a run find their interpreter, where their output goes, and when they end."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from namo.errors import UsageError

ENDED_BY_SIGNAL = "129|130|138|143"
"""Exit codes of a command that HUP, INT, USR1 or TERM has asked to end."""
HIDING = "NAMO_HIDE_JOB_OUTPUT"
"""Environment variable; where it is set, the lines of chunks go to their logs alone."""


def run_jobs_with_this_python() -> None:
    """Let `python` in the jobs be the one that runs the pipeline, wherever that was started from.

    A job in an environment of its own puts that environment in front again.
    """
    path = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), path])


def with_this_package(folder: Path) -> str:
    """Return what precedes the commands of jobs in conda environments, which lack this package.

    `PYTHONPATH` names a folder with a link to the package that runs the pipeline, and nothing else
    of what is installed beside it. Snakemake removes the variable from the surroundings of such
    jobs, and its own strict mode from commands with a prefix.

    Args:
        folder: to put the link into; created.

    Raises:
        OSError: the folder cannot be written.
    """
    package = Path(__file__).resolve().parents[1]
    link, temporary = folder / package.name, folder / f".{package.name}.{os.getpid()}"
    if not (link.is_symlink() and link.readlink() == package):
        folder.mkdir(parents=True, exist_ok=True)
        temporary.symlink_to(package)
        temporary.replace(link)
    return f"set -euo pipefail; export PYTHONPATH={shlex.quote(str(folder.resolve()))}; "


def image_for(container: str | None, *, apptainer: bool) -> str | None:
    """Return the image that jobs run in; None where they run outside one.

    Without Apptainer it is left out, since Snakemake runs jobs again whose image has changed.

    Args:
        container: as the settings name it.
        apptainer: whether jobs are deployed with it.

    Raises:
        UsageError: no image is named.
    """
    if not apptainer:
        return None
    if container is None:
        raise UsageError(
            "configuration: container is null; --software-deployment-method apptainer needs the "
            "image that jobs run in: --config container=namo.sif, see docs/containers.md"
        )
    return container


REFUSED = ".refused"
"""Suffix of the file beside a log that keeps the last lines of a job whose input was refused."""
EXIT_USAGE = 2
"""Exit code of a command that refuses its input; see `namo.errors`."""
UNLESS_REFUSED = (
    f"[ ! -e {{log:q}}{REFUSED} ] || (tee {{log:q}} < {{log:q}}{REFUSED} >&2; exit {EXIT_USAGE}); "
)
"""What precedes a job's command in its shell, with `{log:q}` for its log.

Snakemake tries every failed job again, whatever its exit code. The next tries of a job that has
refused its input repeat its last lines and end at once.
"""


def log_redirection(*, show: bool | None) -> str:
    """Return what follows a job's command in its shell, with `{log:q}` for its log.

    The log is emptied before each try; the output of all tries is in a file beside it, `.all`. A
    signal to all processes of the job leaves `tee` the last words. The exit code stays.

    Args:
        show: the job's lines too; otherwise only the last of them, on the error stream, and only
            when the job fails by itself: a profile that is quiet about rules hides even Snakemake's
            message. None: whether the environment variable `HIDING` is unset decides when the job
            runs, since Snakemake runs jobs again whose shell command has changed.
    """
    keep, last_lines = "tee -a {log:q} {log:q}.all", "tail -n 20 {log:q}"
    refused = f"[ $code -ne {EXIT_USAGE} ] || {last_lines} > {{log:q}}{REFUSED}"
    # A job that a signal has ended says in its log what happened to it, and the run says it once.
    ended = (
        f"case $code in {ENDED_BY_SIGNAL}) ;; *) test ! -t 2 || echo >&2; {last_lines} >&2 ;; esac"
    )
    if show:
        ended = ":"
    elif show is None:
        hiding = f"printenv {HIDING} > /dev/null"
        keep = f"if {hiding}; then {keep} > /dev/null; else {keep}; fi"
        ended = f"if {hiding}; then {ended}; fi"
    else:
        keep = f"{keep} > /dev/null"
    deaf = "trap '' INT TERM USR1"
    return f"2>&1 | ({deaf}; {keep}) || (code=$?; {refused}; {ended}; exit $code)"


def hide_output(*, hide: bool) -> None:
    """Hide or show the lines of jobs that leave it to `HIDING`, in this process and its jobs."""
    if hide:
        os.environ[HIDING] = "1"
    else:
        os.environ.pop(HIDING, None)


def forget_refusals(logs: Iterable[str]) -> None:
    """Let jobs of an earlier run that have refused their input be tried again.

    Args:
        logs: paths of the logs of the jobs.
    """
    for log in logs:
        Path(f"{log}{REFUSED}").unlink(missing_ok=True)
