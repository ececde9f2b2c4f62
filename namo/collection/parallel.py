"""The chunk loop with several workers: this process hands out environments, workers collect them.

This process keeps the journal and counts, so what holds for one process holds for all workers: a
worker that dies costs the environment in progress, which is blamed for it or not as after the death
of a whole chunk's process, and is collected again. A worker runs what the loop of one process runs,
and queries its own view of the models, so results depend neither on the number of workers nor on
which of them is the first.
"""

from __future__ import annotations

import mmap
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from namo.collection.environment import Environment
from namo.collection.journal import Journal
from namo.collection.progress import ProgressDisplay
from namo.collection.worker_processes import POLL_S, Died, Done, WorkerProcesses
from namo.results.record_types import EnvironmentRecord
from namo.signals import check_termination

if TYPE_CHECKING:
    from namo.learning.scoring import Scorer

Collected = tuple[EnvironmentRecord, dict[str, str]]
"""The record of an environment, and the text of its scene file by its hash."""
Watch = Callable[[int, int, int], None]
"""Called after every simulated push with the episode, the number of pushes and the depth."""


@dataclass(frozen=True)
class Job:
    """An environment to collect.

    Attributes:
        environment: which one.
        sha256: hash of its scene file.
        slot: of the worker.
        loading: cost of loading each model, to be counted with this environment; None to count
            none.
    """

    environment: Environment
    sha256: str
    slot: int
    loading: list[dict[str, Any]] | None


class ParallelLoop:
    """Collects the environments of a chunk in worker processes."""

    def __init__(
        self,
        workers: int,
        journal: Journal,
        progress: ProgressDisplay,
        scorers: Sequence[Scorer],
        known: Callable[[Environment, str], tuple[EnvironmentRecord, bool] | None],
        fingerprint: Callable[[Environment, str], str],
        collect: Callable[[Environment, str, Watch], Collected],
    ) -> None:
        """Start no worker yet.

        Args:
            workers: maximum number of workers.
            journal: of the chunk.
            progress: of the chunk.
            scorers: loaded models, which the workers share.
            known: returns the record of an environment that need not be collected, and whether an
                earlier run collected it, given the hash of its scene file; else None.
            fingerprint: returns that of an environment, likewise.
            collect: collects an environment and writes its file, in a worker.
        """
        self._journal, self._progress, self._scorers = journal, progress, scorers
        self._known, self._fingerprint, self._collect = known, fingerprint, collect
        # Shared by the processes, as it is made before they are; nobody can see it otherwise.
        shared = mmap.mmap(-1, workers * 3 * np.dtype(np.int64).itemsize)
        self._searching = np.frombuffer(shared, np.int64).reshape(workers, 3)
        self._workers = WorkerProcesses[Job, Collected](workers, self._work)
        self._queue: deque[Environment] = deque()
        self._loading: list[dict[str, Any]] | None = None

    def run(
        self, environments: Sequence[Environment], keep: Callable[[str, str], None]
    ) -> Generator[tuple[Environment, EnvironmentRecord, bool], None, None]:
        """Yield each environment when it is done, with its record, and whether it was before.

        Args:
            environments: all of the chunk.
            keep: called with the hash and the text of each scene that was collected in.
        """
        self._queue.extend(self._journal.in_order(environments))
        self._loading = [scorer.stats.take_loading() for scorer in self._scorers]
        try:
            with self._workers:
                while True:
                    yield from self._hand_out()
                    if not self._workers.busy:
                        return
                    # Whoever is done gets to work before its results are looked at.
                    done = list(self._happened())
                    yield from self._hand_out()
                    for job, (record, texts) in done:
                        for sha256, text in texts.items():
                            keep(sha256, text)
                        yield job.environment, record, False
        finally:
            self._journal.end(*self._journal.running)

    def _hand_out(self) -> Iterator[tuple[Environment, EnvironmentRecord, bool]]:
        """Give environments to idle workers; yield those that need not be collected."""
        while self._queue and not self._workers.all_busy:
            check_termination()
            running = self._journal.running
            if running and any(map(self._journal.is_deferred, [*running, self._queue[0].index])):
                return  # one at a time, so that it is clear which of them ends a process
            environment = self._queue.popleft()
            sha256 = environment.scene_sha256()
            known = self._known(environment, sha256)
            if known is not None:
                yield environment, *known
                continue
            worker, fingerprint = self._workers.idle(), self._fingerprint(environment, sha256)
            self._journal.begin(environment.index, fingerprint, worker.number)
            self._progress.working_on(environment.index, environment.path.name)
            self._searching[worker.slot] = 0
            self._workers.give(worker, Job(environment, sha256, worker.slot, self._loading))
            self._loading = None

    def _happened(self) -> Iterator[tuple[Job, Collected]]:
        """Wait for the workers; yield the jobs that are done with their results."""
        events = self._workers.wait(POLL_S)
        check_termination()  # first of all, as a signal may have ended the workers too
        for event in events:
            if isinstance(event, Done):
                self._journal.end(event.job.environment.index)
                yield event.job, event.result
            else:
                self._replace(event)
        for worker in self._workers.busy:
            if worker.job is not None and self._searching[worker.slot].any():
                row = self._searching[worker.slot].tolist()
                self._progress.searching(worker.job.environment.index, *row)
        self._progress.redraw()

    def _replace(self, death: Died[Job]) -> None:
        """Have the environment of a worker that has died collected again, by the rules."""
        if death.job is None:
            self._progress.warn(f"process {death.process}, an idle worker, has ended")
            return
        environment = death.job.environment
        self._progress.stopped(environment.index)
        if death.in_order:
            self._journal.end(environment.index)
            self._progress.warn(
                f"process {death.process} was asked to end in environment {environment.index}"
            )
        else:
            self._progress.warn(self._journal.died(environment.index))
        if death.job.loading is not None:
            self._loading = death.job.loading
        waiting = sorted([*self._queue, environment], key=lambda each: each.index)
        self._queue = deque(self._journal.in_order(waiting))

    def _work(self, job: Job) -> Collected:
        """Collect an environment, in a worker."""
        if job.loading is not None:
            for scorer, loading in zip(self._scorers, job.loading, strict=True):
                scorer.stats.put_loading(loading)
        record, texts = self._collect(job.environment, job.sha256, self._watch(job.slot))
        record["pushes"] = {}  # they are in its file, and are read back from there
        return record, texts

    def _watch(self, slot: int) -> Watch:
        def watch(episode: int, pushes: int, depth: int) -> None:
            self._searching[slot] = (episode, pushes, depth)

        return watch
