"""Read many files in a separate process, so that whatever they do to it is detected.

Run as a module it is that process. Its arguments: a kind of file, the folder, how many of its
entries to skip, and the file that code run from one of them would create. It writes one line per
entry.
"""

from __future__ import annotations

import faulthandler
import json
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from namo.errors import ModelError, NamoError, ResultFileError

REPOSITORY = Path(__file__).parents[2]
MEMORY_BYTES = 2 << 30
"""Beyond what the reader itself needs."""
LONGEST_S = 5.0
"""Processor time per file; longer counts as a hang, however busy the machine is."""
PATIENCE_S = 120.0
"""Time per file on the clock, for what hangs without computing."""
READ, REFUSED = "read", "refused"
_CODE_RAN = "its code ran"


def outcomes(kind: str, folder: Path, sentinel: Path) -> dict[str, str]:
    """The outcome of each entry of a folder: `READ`, `REFUSED` by name, or what went wrong.

    Args:
        kind: "record" or "bundle".
        folder: of the files or bundles.
        sentinel: the file that code run from one of them would create.
    """
    names = sorted(path.name for path in folder.iterdir())
    found: dict[str, str] = {}
    while len(found) < len(names):
        command = [sys.executable, "-m", "tests.faults.reading"]
        command += [kind, str(folder), str(len(found)), str(sentinel)]
        done = subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, timeout=3600, check=False
        )
        lines = dict(json.loads(line) for line in done.stdout.splitlines())
        found |= lines
        if done.returncode != 0 and len(found) < len(names):
            # It died at the next one; the rest is read by another process.
            said = done.stderr.strip()[-2000:]
            found[names[len(found)]] = f"ended the process with {done.returncode}: {said}"
    return found


def _read_all(kind: str, folder: Path, leave_out: int, sentinel: Path) -> None:
    read, error = _reader(kind)
    if sys.platform == "linux":  # others do not limit it
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.register(signal.SIGPROF, chain=True)  # prints where, then the signal kills
    for path in sorted(folder.iterdir())[leave_out:]:
        signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
        faulthandler.dump_traceback_later(PATIENCE_S, exit=True)
        try:
            read(path)
            outcome = READ
        except error as problem:
            outcome = REFUSED if str(path) in str(problem) else f"not named: {problem}"
        except Exception as problem:  # noqa: BLE001 - what else comes out is what is looked for
            outcome = f"{type(problem).__name__}: {problem}"
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        if sentinel.exists():
            sentinel.unlink()
            outcome = _CODE_RAN
        print(json.dumps([path.name, outcome]), flush=True)


def _reader(kind: str) -> tuple[Callable[[Path], object], type[NamoError]]:
    """The reader of a kind of file, warmed up, and the one error it may raise."""
    if kind == "record":
        from namo.results.records import read_record

        return read_record, ResultFileError
    from namo.learning.loaded_model import load_model  # loads torch, which takes a second
    from namo.learning.rasters import warm_up_kernels

    warm_up_kernels()
    return lambda path: load_model(path, "object", "cpu"), ModelError


if __name__ == "__main__":
    _read_all(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
