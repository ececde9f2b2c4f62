"""The chunk loop: one process, models loaded once, environments in sequence."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from namo.collection.journal import GRACE_S, Journal
from namo.collection.part_builder import PartBuilder
from namo.collection.progress import ProgressDisplay, Verbosity
from namo.errors import ResultFileError
from namo.files import remove_leftovers
from namo.planning.planner import Planner
from namo.results.again import redo_command
from namo.results.parts import Part, Replacement, locked, next_generation, write_part
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
    """

    planner: Planner
    config: CollectionConfig
    rerun_command: Callable[[int], str]
    scorers: Sequence[Scorer] = ()
    threads: int = 1


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
        ProgressDisplay(range_name(start, end), len(environments), verbosity) as progress,
    ):
        remove_leftovers(output_dir, (environment.file_name for environment in environments))
        remove_leftovers(part.folder, [*(path.name for path in part.files()), FAILURES])
        progress.info(f"[{part.folder.name}]  {_began(began)}")
        journal = Journal(part.folder, progress.written)
        failures, replaces = FailureCount(part, max_failed_fraction), Replacement(part)
        if journal.last_crash is not None:
            progress.warn(journal.last_crash)
        for environment in journal.in_order(environments):
            check_termination()
            progress.working_on(environment.path.name)
            path, sha256 = output_dir / environment.file_name, environment.scene_sha256()
            record = finished_record(
                path, environment, collector.config, sha256, progress.warn, replaces
            )
            resumed = record is not None
            if record is None:
                replaces(environment.index, environment.label)
                record = _collect(
                    *(environment, collector, journal, path, sha256),
                    *(progress.searching, builder.keep),
                )
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


def _collect(
    environment: Environment,
    collector: Collector,
    journal: Journal,
    path: Path,
    sha256: str,
    watch: Callable[[int, int, int], None],
    has_read: Callable[[Scene], None],
) -> EnvironmentRecord:
    """Collect an environment, entered in the journal meanwhile, and write its record."""
    config, command = collector.config, collector.rerun_command(environment.index)
    fingerprint = environment.fingerprint(config, sha256)
    crashes = journal.crashes(environment.index, fingerprint)
    if crashes.quarantined:
        record = quarantined_record(environment, config, sha256, command, crashes)
        write_record(path, record)
        return record
    with journal.working_on(environment.index, fingerprint) as watchdog:
        record = collect_environment(
            environment,
            collector.planner,
            config,
            command,
            collector.scorers,
            collector.threads,
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
