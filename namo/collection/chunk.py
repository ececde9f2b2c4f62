"""The chunk loop: models loaded once, environments in sequence, or by several workers."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from namo.collection.collect_environment import collect_environment
from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.environment_record import (
    environment_record,
    failure,
    is_listed_as,
    quarantined_record,
    relocated,
)
from namo.collection.failures import FailureCount
from namo.collection.journal import GRACE_S, JOURNAL, Journal
from namo.collection.part_builder import PartBuilder
from namo.collection.progress import ProgressDisplay, Verbosity
from namo.collection.watchdog import Watchdog, traced
from namo.errors import ResultFileError
from namo.files import remove_leftovers
from namo.planning.planner import Planner
from namo.results.again import redo_command
from namo.results.collected_scenes import file_text
from namo.results.parts import REPLACED, Part, Replacement, locked, next_generation, write_part
from namo.results.record_types import EnvironmentRecord
from namo.results.records import read_environment, write_record
from namo.results.retries import FAILURES
from namo.scenes.scene import Scene
from namo.scenes.sources import range_name
from namo.signals import check_termination

if TYPE_CHECKING:
    from namo.learning.scoring import Scorer


@dataclass(frozen=True)
class ChunkResult:
    """The outcome of a chunk.

    Attributes:
        part: where its tables are.
        environments: number of environments.
        resumed: number of these that an earlier run had finished.
        failed: error messages of environments that could not be processed, by number.
    """

    part: Part
    environments: int
    resumed: int
    failed: dict[int, str]


@dataclass(frozen=True)
class Collector:
    """How environments are collected: the same for all environments of a process.

    Attributes:
        planner: with its strategies.
        config: settings.
        rerun_command: returns the command line that collects an environment alone.
        scorers: models that the planner's strategies query, loaded once for all environments.
        threads: number of pushes to simulate in parallel; does not change results.
        workers: number of processes that collect; does not change results either.
    """

    planner: Planner
    config: CollectionConfig
    rerun_command: Callable[[int], str]
    scorers: Sequence[Scorer] = ()
    threads: int = 1
    workers: int = 1


def collect_chunk(
    environments: Sequence[Environment],
    collector: Collector,
    output_dir: Path,
    *,
    verbosity: Verbosity = Verbosity.NORMAL,
    wait: bool = False,
    max_failed_fraction: float = 1.0,
) -> ChunkResult:
    """Collect a range of environments and write its part.

    The file of each environment is written as soon as the environment is done. An environment that
    an earlier run finished under the same fingerprint is read instead of collected; one that failed
    is tried again. One in which processes of this chunk died goes last, and is quarantined in the
    end, see `namo.collection.journal`.

    Args:
        environments: the range, without gaps.
        collector: how to collect them.
        output_dir: folder of the collection.
        verbosity: how much to print.
        wait: wait for another process that is collecting this range, instead of refusing.
        max_failed_fraction: stop when more than this ratio of environments, here and in the
            neighbouring chunks, failed for other reasons than their scenes.

    Raises:
        BusyError: another process is collecting in this range.
        MachineError: too many environments failed, or the machine did.
    """
    began, began_s = time.time(), time.monotonic()
    start, end = environments[0].index, environments[-1].index + 1
    part = Part.of(output_dir, start, end)
    builder = PartBuilder(output_dir, environments)
    with (
        locked(part, wait=wait),
        ProgressDisplay(
            range_name(start, end),
            len(environments),
            verbosity,
            redraws=collector.workers == 1,  # a process that forks has no other thread
        ) as progress,
    ):
        remove_leftovers(output_dir, (environment.file_name for environment in environments))
        remove_leftovers(
            part.folder, [*(path.name for path in part.files()), FAILURES, JOURNAL, REPLACED]
        )
        progress.info(f"[{part.folder.name}]  {_began(began)}")
        journal = Journal(part.folder, progress.written)
        failures, replaces = FailureCount(part, max_failed_fraction), Replacement(part)
        for crash in journal.last_crashes:
            progress.warn(crash)
        chunk = _Chunk(collector, output_dir, journal, progress, replaces)
        with closing(chunk.collected(environments, builder)) as collected:
            for environment, record, resumed in collected:
                again = redo_command(str(output_dir), environment.index)
                progress.finished(record, again, resumed=resumed)
                builder.add(environment, record, resumed=resumed)
                failures.add(record)
        journal.write_progress()
        metadata = builder.metadata(
            collector.config,
            [scorer.stats.as_record() for scorer in collector.scorers],
            generation=next_generation(part),
            began_unix_s=began,
            duration_s=time.monotonic() - began_s,
        )
        write_part(part, builder.tables(part.folder.name), metadata)
        failures.finish()
    return ChunkResult(part, len(environments), builder.resumed, builder.failed)


def _began(unix_s: float) -> str:
    """Return which process began when: one log may hold the lines of several processes."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(unix_s))
    return f"process {os.getpid()} on {socket.gethostname()} began {when}"


@dataclass(frozen=True)
class _Chunk:
    """A chunk that is being collected.

    Attributes:
        collector: how to collect its environments.
        output_dir: folder of the collection.
        journal: of the chunk.
        progress: to show.
        replaces: called before the file of an environment is replaced.
    """

    collector: Collector
    output_dir: Path
    journal: Journal
    progress: ProgressDisplay
    replaces: Callable[[int, str], None]

    def collected(
        self, environments: Sequence[Environment], builder: PartBuilder
    ) -> Generator[tuple[Environment, EnvironmentRecord, bool], None, None]:
        """Yield each environment when it is done, with its record, and whether it was before.

        Args:
            environments: all of the chunk.
            builder: of its part; keeps the scenes that are read.
        """
        if self.collector.workers > 1:
            from namo.collection.parallel import ParallelLoop

            loop = ParallelLoop(
                self.collector.workers,
                self.journal,
                self.progress,
                self.collector.scorers,
                self.known,
                self._fingerprint,
                self._collect_in_worker,
            )
            yield from loop.run(environments, builder.keep_text)
            return
        for environment in self.journal.in_order(environments):
            check_termination()
            self.progress.working_on(environment.index, environment.path.name)
            sha256 = environment.scene_sha256()
            known = self.known(environment, sha256)
            yield environment, *(known or (self._collect(environment, sha256, builder.keep), False))

    def known(self, environment: Environment, sha256: str) -> tuple[EnvironmentRecord, bool] | None:
        """Return the record of an environment that need not be collected, if any.

        Args:
            environment: which one.
            sha256: hash of its scene file; empty when it cannot be read.

        Returns:
            The record, and whether an earlier run has made it: else the environment is quarantined.
        """
        config, path = self.collector.config, self.output_dir / environment.file_name
        record = finished_record(
            path, environment, config, sha256, self.progress.warn, self.replaces
        )
        if record is not None:
            return record, True
        self.replaces(environment.index, environment.label)
        crashes = self.journal.crashes(environment.index, self._fingerprint(environment, sha256))
        if not crashes.quarantined:
            return None
        command = self.collector.rerun_command(environment.index)
        record = quarantined_record(environment, config, sha256, command, crashes)
        write_record(path, record)
        return record, False

    def _fingerprint(self, environment: Environment, sha256: str) -> str:
        return environment.fingerprint(self.collector.config, sha256)

    def _collect(
        self, environment: Environment, sha256: str, has_read: Callable[[Scene], None]
    ) -> EnvironmentRecord:
        """Collect an environment in this process, entered in the journal meanwhile."""
        fingerprint = self._fingerprint(environment, sha256)
        watch = partial(self.progress.searching, environment.index)
        with self.journal.working_on(environment.index, fingerprint) as watchdog:
            return self._write(environment, sha256, watchdog, watch, has_read)

    def _collect_in_worker(
        self, environment: Environment, sha256: str, watch: Callable[[int, int, int], None]
    ) -> tuple[EnvironmentRecord, dict[str, str]]:
        """Collect an environment that another process has entered in the journal."""
        texts: dict[str, str] = {}

        def has_read(scene: Scene) -> None:
            texts[scene.sha256] = file_text(scene)

        with traced(self.journal.trace_file(environment.index)) as watchdog:
            return self._write(environment, sha256, watchdog, watch, has_read), texts

    def _write(
        self,
        environment: Environment,
        sha256: str,
        watchdog: Watchdog,
        watch: Callable[[int, int, int], None],
        has_read: Callable[[Scene], None],
    ) -> EnvironmentRecord:
        """Collect an environment, and write and return its record."""
        config, command = self.collector.config, self.collector.rerun_command(environment.index)
        path = self.output_dir / environment.file_name
        record = collect_environment(
            environment,
            self.collector.planner,
            config,
            command,
            self.collector.scorers,
            self.collector.threads,
            lambda: watchdog.watch(config.search_timeout + GRACE_S),
            watch,
            sha256,
            has_read,
        )
        try:
            write_record(path, record)
        except ResultFileError as problem:  # values that are not plain, from a strategy
            error = failure(environment, problem, command)
            record = environment_record(
                environment, config, record["scene_sha256"], [], error, processing_s=0.0
            )
            write_record(path, record)
        return record


def finished_record(
    path: Path,
    environment: Environment,
    config: CollectionConfig,
    sha256: str,
    warn: Callable[[str], None],
    replaces: Callable[[int, str], None] = lambda *_: None,
) -> EnvironmentRecord | None:
    """Return the record of an environment that is already done, else None.

    Done means that the file is intact, belongs to this configuration and this scene, and holds no
    failure; its presence is not enough. A record of the same scene under another path or class of
    difficulty is updated.

    Args:
        path: of the environment's file.
        environment: which one.
        config: current settings.
        sha256: hash of the scene file now; empty when it cannot be read.
        warn: called with a line that says why an existing file is not used.
        replaces: called before the file is replaced.
    """
    if not path.exists():
        return None
    try:
        record = read_environment(path)
    except ResultFileError as problem:
        warn(f"collected again: {problem}")
        return None
    if record.get("fingerprint") != environment.fingerprint(config, sha256):
        warn(f"collected again: {path} belongs to another configuration, scene or version")
        return None
    if environment.listed_sha256 not in (None, record["scene_sha256"]):
        return None  # collecting reports it
    if record["error"]:
        warn(f"tried again: environment {environment.index} failed before")
        return None
    if not is_listed_as(record, environment):
        record = relocated(record, environment)
        replaces(environment.index, environment.label)
        write_record(path, record)
    return record
