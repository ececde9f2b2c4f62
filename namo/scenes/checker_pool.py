"""Check scene files in several processes at a time; a file that ends or blocks one costs itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import TypeVar

from namo.scenes.checker_process import CheckerProcess, GaveUpError

Given = TypeVar("Given")
Result = TypeVar("Result")


def checked_in_parallel(
    new_checker: Callable[[], CheckerProcess[Given, Result]], tasks: Sequence[Given], jobs: int
) -> Iterator[tuple[Given, Result | GaveUpError]]:
    """Yield each task with its result, or why there is none, in the order in which they finish.

    When the caller stops early, no further task is started, and processes end with this one.

    Args:
        new_checker: makes a checker, which works in a process of its own.
        tasks: what the checkers are given.
        jobs: maximum number of processes.
    """
    waiting: SimpleQueue[Given] = SimpleQueue()
    finished: SimpleQueue[tuple[Given, Result | Exception]] = SimpleQueue()
    for task in tasks:
        waiting.put(task)

    def work() -> None:
        with new_checker() as checker:
            while True:
                try:
                    task = waiting.get_nowait()
                except Empty:
                    return
                try:
                    finished.put((task, checker(task)))
                except Exception as error:  # noqa: BLE001 - raised in the caller's thread
                    finished.put((task, error))

    # As daemons they end with the main thread, which an interrupt reaches while it waits.
    for _ in range(min(jobs, len(tasks))):
        threading.Thread(target=work, daemon=True).start()
    try:
        for _ in tasks:
            task, result = finished.get()
            if isinstance(result, Exception) and not isinstance(result, GaveUpError):
                raise result
            yield task, result
    finally:
        while not waiting.empty():
            try:
                waiting.get_nowait()
            except Empty:
                break
