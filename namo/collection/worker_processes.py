"""Worker processes that share the memory of the process that they are forked from.

What was loaded before, libraries, compiled code and models, is in memory once, whatever was done to
it: a page is copied when somebody writes to it. So a further worker costs little memory and no time
to load, and nothing is left behind when processes end, in whatever way.

A forked process has the thread that forked it and no other, while locks stay as they were. So the
process must have one thread only (`prepare_to_fork`), which is checked at every fork; threads of
Arrow are idle by then, and it makes its pools again in a forked process.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from logging.handlers import QueueHandler
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Generic, TypeVar

import cv2

from namo.errors import MachineError, UsageError
from namo.signals import TerminationRequested, check_termination, end_with_parent

Job = TypeVar("Job")
Result = TypeVar("Result")

POLL_S = 0.1
"""Time between two looks at whether to end (s)."""
END_S = 5.0
"""Time that workers have to end before they are killed (s)."""
M_MMAP_THRESHOLD = -3
"""Number of the parameter of `mallopt` in the header of glibc."""
LARGE_BLOCK = 256 * 1024
"""Size from which a worker gives a block of memory back when it is freed (bytes)."""
_known_threads: set[str] = set()
"""Threads whose libraries handle forks themselves, by their ids."""


@dataclass(frozen=True)
class Done(Generic[Job, Result]):
    """A job is done.

    Attributes:
        job: as it was given.
        result: of the job.
    """

    job: Job
    result: Result


@dataclass(frozen=True)
class Died(Generic[Job]):
    """The process of a worker has ended before its job was done.

    Attributes:
        job: as it was given; None if it had none.
        process: id of the process.
        in_order: whether it ended because a signal asked it to.
    """

    job: Job | None
    process: int
    in_order: bool


@dataclass(eq=False)
class Worker(Generic[Job]):
    """A worker process, as the process sees it that has started it.

    Attributes:
        slot: number of the worker, from 0; one that replaces another has its number.
        process: of the worker.
        connection: to it.
        job: what it works on; None while it is idle.
    """

    slot: int
    process: ForkProcess
    connection: Connection
    job: Job | None = None

    @property
    def number(self) -> int:
        """Id of the process."""
        return self.process.pid or 0


class WorkerProcesses(Generic[Job, Result]):
    """Up to a number of worker processes, started when there is something to do.

    Use as a context manager: the workers end with the block.
    """

    def __init__(self, count: int, work: Callable[[Job], Result]) -> None:
        """Start no process yet.

        Args:
            count: maximum number of workers.
            work: does a job, in a worker; what it refers to is there as it was at the fork. Job and
                result are pickled.
        """
        self._count, self._work = count, work
        self._workers: list[Worker[Job]] = []

    def __enter__(self) -> WorkerProcesses[Job, Result]:
        gc.collect()
        _return_free_memory()
        gc.freeze()  # so that collecting garbage does not write to what is shared
        return self

    def __exit__(self, *_: object) -> None:
        """End all workers: the idle ones at once, the others where they can stop."""
        gc.unfreeze()
        for worker in self._workers:
            if worker.job is not None:
                worker.process.terminate()
            worker.connection.close()
        end = time.monotonic() + END_S
        for worker in self._workers:
            worker.process.join(max(0.0, end - time.monotonic()))
            worker.process.kill()
            worker.process.join()
        self._workers.clear()

    @property
    def busy(self) -> list[Worker[Job]]:
        """The workers with a job."""
        return [worker for worker in self._workers if worker.job is not None]

    @property
    def all_busy(self) -> bool:
        """Whether no job can be given now."""
        return len(self.busy) == self._count

    def idle(self) -> Worker[Job]:
        """Return a worker to give a job to, started if need be; not all may be busy.

        Raises:
            MachineError: no process can be started.
        """
        return next((each for each in self._workers if each.job is None), None) or self._started()

    def give(self, worker: Worker[Job], job: Job) -> None:
        """Give an idle worker something to do."""
        worker.job = job
        with suppress(OSError):  # if it has died, `wait` will find that
            worker.connection.send(job)

    def wait(self, seconds: float) -> list[Done[Job, Result] | Died[Job]]:
        """Wait until something happens, and return what did.

        What workers log is logged here.

        Args:
            seconds: to wait at most.

        Raises:
            Exception: what `work` has raised in a worker.
        """
        events: list[Done[Job, Result] | Died[Job]] = []
        ready = connection.wait([worker.connection for worker in self._workers], seconds)
        for worker in [each for each in self._workers if each.connection in ready]:
            try:
                message = worker.connection.recv()
            except (EOFError, OSError):
                events.append(self._ended(worker))
                continue
            if isinstance(message, logging.LogRecord):
                logging.getLogger(message.name).handle(message)
            elif isinstance(message, Exception):
                raise message
            elif worker.job is not None:
                events.append(Done(worker.job, message))
                worker.job = None
        return events

    def _started(self) -> Worker[Job]:
        require_one_thread()
        taken = {worker.slot for worker in self._workers}
        slot = next(slot for slot in range(self._count) if slot not in taken)
        context = get_context("fork")
        here, there = context.Pipe()
        others = [*(worker.connection for worker in self._workers), here]
        process = context.Process(
            target=_serve, args=(there, self._work, others, os.getpid()), daemon=True
        )
        try:
            process.start()
        except OSError as error:
            raise MachineError(
                f"--workers {self._count}: worker {slot + 1} cannot be started: {error}; use fewer"
            ) from error
        there.close()
        worker = Worker[Job](slot, process, here)
        self._workers.append(worker)
        return worker

    def _ended(self, worker: Worker[Job]) -> Died[Job]:
        self._workers.remove(worker)
        worker.connection.close()
        worker.process.join()
        code = worker.process.exitcode or 0
        in_order = code - 128 in {int(number) for number in signal.Signals}
        return Died(worker.job, worker.number, in_order)


def prepare_to_fork() -> None:
    """Keep libraries from starting threads in this process; call it before they are used.

    Threads that it has by then are those of Arrow, which has read the list of scenes.

    Raises:
        UsageError: forked processes cannot be relied on here.
    """
    if sys.platform != "linux":
        raise UsageError(
            f"--workers needs Linux; this is {sys.platform}: run several ranges side by side"
        )
    cv2.setNumThreads(1)
    # Looking whether there is a GPU must not load CUDA, which would not survive a fork.
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
    _known_threads.update(_threads())


def _return_free_memory() -> None:
    """Give back what is free in the heap, or every worker would have a copy of it, too."""
    with suppress(AttributeError):  # of C libraries other than glibc
        ctypes.CDLL(None).malloc_trim(0)


def _return_large_blocks() -> None:
    """Have this process give large blocks back when they are freed.

    Otherwise glibc keeps blocks up to the size of the largest one freed so far, 14 MB in a search.
    """
    with suppress(AttributeError):  # of C libraries other than glibc
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)


def require_one_thread() -> None:
    """Make sure that this process may be forked.

    Raises:
        MachineError: a library has started threads, or another thread runs Python.
    """
    ours, foreign = len(sys._current_frames()), _threads() - _known_threads
    main = str(threading.main_thread().native_id)
    if ours > 1 or foreign - {main}:
        raise MachineError(
            f"--workers forks this process, which must have one thread for that; it has "
            f"{max(ours, len(foreign | {main}))}: set OMP_NUM_THREADS=1, or omit --workers"
        )


def _threads() -> set[str]:
    """Return the ids of all threads of this process, those of libraries too."""
    return {task.name for task in Path("/proc/self/task").iterdir()}


class _Parent(QueueHandler):
    """The process that started a worker: takes results, and what is logged in between."""

    def __init__(self, parent: Connection) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self._parent, self._sending = parent, threading.Lock()

    def enqueue(self, record: logging.LogRecord) -> None:
        """Send a line of the log."""
        self.send(record)

    def send(self, message: object) -> None:
        """Send a message; any thread may."""
        with self._sending:
            self._parent.send(message)


def _serve(
    here: Connection,
    work: Callable[[Job], Result],
    others: Sequence[Connection],
    parent: int,
) -> None:
    """Do jobs until the other side closes."""
    end_with_parent(parent)
    _return_large_blocks()
    for each in others:  # a copy of their other end would keep them from noticing that it closed
        each.close()
    link = _Parent(here)
    logging.root.handlers[:] = [link]
    try:
        while True:
            while not here.poll(POLL_S):
                check_termination()
            link.send(_outcome(work, here.recv()))
            _return_free_memory()
    except KeyboardInterrupt as end:
        number = end.number if isinstance(end, TerminationRequested) else signal.SIGINT
        sys.exit(128 + number)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _outcome(work: Callable[[Job], Result], job: Job) -> Result | Exception:
    """Return the result of a job, or what was raised."""
    try:
        return work(job)
    except Exception as error:  # noqa: BLE001 - raised again by the process that gave the job
        error.add_note(f"in worker process {os.getpid()}:\n{traceback.format_exc()}")
        return error
