"""Workers that wait instead of searching: as many as a larger machine has cores for.

What limits many workers is the one process that hands out environments and keeps the journal. That
it can be measured without as many cores: the loop is the real one, and so are the journal and the
messages; only what a worker does takes no time of a core.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from namo.collection.environment import Environment
from namo.collection.journal import JOURNAL, Journal
from namo.collection.parallel import Collected, ParallelLoop, Watch
from namo.collection.progress import ProgressDisplay, Verbosity
from namo.collection.worker_processes import prepare_to_fork
from namo.files import replacing
from namo.results.record_types import EnvironmentRecord
from namo.results.records import read_environment, write_record
from namo.results.schema import PUSHES
from namo.tuning.processes import waited_s

WORKERS = 64
ENVIRONMENTS_PER_WORKER = 6
SEARCH_S = 0.2
"""Time that a worker waits instead of searching (s)."""
WRITES = 20
_JOURNAL_WRITES_PER_ENVIRONMENT = 2


def hand_out_s(record: EnvironmentRecord, scene: Path, folder: Path) -> float:
    """Return the time of a chunk's process per environment, with 64 workers (s).

    That is its CPU time, once all workers have started, and the time to flush the journal to disk.

    Args:
        record: of an environment, as a worker sends it back.
        scene: file of a scene, whose hash is looked up per environment.
        folder: on the file system of a collection.

    Raises:
        UsageError: workers cannot be relied on here.
        MachineError: not so many processes can be started.
    """
    prepare_to_fork()
    count = WORKERS * ENVIRONMENTS_PER_WORKER
    environments = [Environment(index, scene, "simulated") for index in range(count)]
    result: EnvironmentRecord = {**record, "pushes": {}}

    def collect(environment: Environment, _: str, __: Watch) -> Collected:
        time.sleep(SEARCH_S)
        return {**result, "env_index": environment.index}, {}

    marks = []
    with (
        tempfile.TemporaryDirectory(dir=folder) as part,
        ProgressDisplay("", count, Verbosity.QUIET, redraws=False) as progress,
    ):
        journal = Journal(Path(part), progress.written)
        loop = ParallelLoop(
            WORKERS, journal, progress, (), lambda *_: None, lambda *_: "simulated", collect
        )
        for _, found, resumed in loop.run(environments, lambda *_: None):
            progress.finished(found, "", resumed=resumed)
            marks.append(time.process_time())
        path = Path(part) / JOURNAL
        content = path.read_bytes()
        flush_s = _mean_s(lambda: _replace(path, content))
    started = len(marks) // 2
    cpu_s = (marks[-1] - marks[started]) / (count - started - 1)
    return cpu_s + _JOURNAL_WRITES_PER_ENVIRONMENT * flush_s


def write_s(record: EnvironmentRecord, folder: Path) -> float:
    """Return the time to write the record of an environment (s).

    Args:
        record: to write.
        folder: on the file system of a collection.
    """
    with tempfile.TemporaryDirectory(dir=folder) as place:
        return _mean_s(lambda: write_record(Path(place) / "record.pkl", record))


def read_s(path: Path) -> float:
    """Return the time to make the pushes of an environment a table, at the end of a chunk (s).

    Args:
        path: of its record.
    """
    return _mean_s(lambda: pa.table(read_environment(path)["pushes"], schema=PUSHES))


def _replace(path: Path, content: bytes) -> None:
    with replacing(path) as handle:
        handle.write(content)


def _mean_s(call: Callable[[], object]) -> float:
    """Return the time of a call, without waiting for a core (s)."""
    began = time.monotonic() - waited_s()
    for _ in range(WRITES):
        call()
    return max(0.0, time.monotonic() - waited_s() - began) / WRITES
