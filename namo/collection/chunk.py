"""The chunk loop: one process, models loaded once, environments in sequence."""

from __future__ import annotations

import os
import resource
import socket
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from namo.collection.collect_environment import collect_environment
from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.environment_record import crashed, is_listed_as, relocated, unstorable
from namo.collection.journal import GRACE_S, Journal
from namo.collection.progress import ProgressDisplay, Verbosity
from namo.errors import ResultFileError
from namo.files import remove_leftovers
from namo.numerics import numerics
from namo.planning.planner import Planner
from namo.results.parts import Part, locked, next_generation, write_part
from namo.results.records import file_entry, read_record, write_record
from namo.results.schema import FILES, METRICS, PLANS, PUSHES, SCENES
from namo.scenes.sources import range_name

if TYPE_CHECKING:
    from namo.learning.scoring import Scorer

Record = dict[str, Any]
Content = TypeVar("Content")

_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes; the kernels disagree."""


@dataclass(frozen=True)
class ChunkResult:
    """What became of a range of environments.

    Attributes:
        part: where its tables are.
        environments: how many there are.
        resumed: how many an earlier run had finished.
        failed: numbers of those that could not be processed, with the reason.
    """

    part: Part
    environments: int
    resumed: int
    failed: dict[int, str]


def collect_chunk(
    environments: Sequence[Environment],
    planner: Planner,
    config: CollectionConfig,
    output_dir: Path,
    rerun_command: Callable[[int], str],
    *,
    scorers: Sequence[Scorer] = (),
    threads: int = 1,
    verbosity: Verbosity = Verbosity.NORMAL,
    wait: bool = False,
) -> ChunkResult:
    """Collect a range of environments and write its part.

    Every environment's file is written as soon as it is done. One that an earlier run finished
    under the same fingerprint is read instead of collected; one that failed is tried again. One in
    which processes of this chunk died comes last, and in the end is set aside, see
    `namo.collection.journal`.

    Args:
        environments: the range, without gaps.
        planner: with its strategies.
        config: settings.
        output_dir: folder of the collection.
        rerun_command: gives the command line that redoes an environment alone.
        scorers: models that the planner's strategies ask, loaded once for all environments.
        threads: how many pushes of a state to simulate at a time.
        verbosity: how much to say.
        wait: for another process that is at work in this range, instead of refusing.

    Raises:
        BusyError: another process is at work in this range.
    """
    began, began_s = time.time(), time.monotonic()
    start, end = environments[0].index, environments[-1].index + 1
    part = Part.of(output_dir, start, end)
    metrics: dict[int, list[Record]] = {}
    plans: dict[int, pa.Table] = {}
    scenes: dict[int, pa.Table] = {}
    files: dict[int, Record] = {}
    failed: dict[int, str] = {}
    resumed, work_s = 0, 0.0
    with (
        locked(part, wait=wait),
        ProgressDisplay(range_name(start, end), len(environments), verbosity) as progress,
    ):
        remove_leftovers(output_dir, (environment.file_name for environment in environments))
        remove_leftovers(part.folder, (path.name for path in part.files()))
        progress.say(f"[{part.folder.name}]  {_began(began)}")
        journal = Journal(part.folder)
        if journal.last is not None:
            progress.note(journal.last)
        collect = _Collecting(
            journal, planner, config, rerun_command, scorers, threads, progress.searching
        )
        for environment in journal.in_order(environments):
            progress.working_on(environment.path.name)
            path = output_dir / environment.file_name
            record = finished_record(path, environment, config, progress.note)
            is_resumed = record is not None
            if record is None:
                record = collect(environment, path)
            progress.finished(record, resumed=is_resumed)
            resumed += is_resumed
            work_s += record["processing_time"]
            if record["error"]:
                failed[environment.index] = record["error"]["message"]
            chunk = {"chunk": part.folder.name}
            metrics[environment.index] = [{**row, **chunk} for row in record["metrics"]]
            plans[environment.index] = pa.table(record["plans"], schema=PLANS)
            seen = [record["scene"]] if record["scene"] else []
            scenes[environment.index] = pa.Table.from_pylist(seen, SCENES)
            files[environment.index] = file_entry(path, output_dir, len(record["episode_results"]))
        tables: dict[str, Iterable[pa.Table]] = {
            "metrics": [pa.Table.from_pylist([*chain(*_in_order(metrics))], METRICS)],
            # Read back one by one: the searches of a whole chunk need not fit into memory.
            "pushes": (
                pa.table(read_record(output_dir / name)["pushes"], schema=PUSHES)
                for name in (environment.file_name for environment in environments)
            ),
            "plans": _in_order(plans),
            "scenes": _in_order(scenes),
            "files": [pa.Table.from_pylist(_in_order(files), FILES)],
        }
        models = [scorer.stats.as_record() for scorer in scorers]
        information = {
            **_information(environments, config, work_s, resumed, failed, models),
            "generation": next_generation(part),
            "began_unix_s": began,
            "duration_s": time.monotonic() - began_s,
        }
        write_part(part, tables, information)
    return ChunkResult(part, len(environments), resumed, failed)


def _began(unix_s: float) -> str:
    """Say who collects since when: a log may hold the tries of several processes."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(unix_s))
    return f"process {os.getpid()} on {socket.gethostname()} began {when}"


def _in_order(by_index: dict[int, Content]) -> list[Content]:
    return [content for _, content in sorted(by_index.items(), key=itemgetter(0))]


@dataclass(frozen=True)
class _Collecting:
    """Collects environments of one chunk, one call each, with a word in the journal before."""

    journal: Journal
    planner: Planner
    config: CollectionConfig
    rerun_command: Callable[[int], str]
    scorers: Sequence[Scorer]
    threads: int
    watch: Callable[[int, int, int], None]

    def __call__(self, environment: Environment, path: Path) -> Record:
        """Return the record of an environment, after writing it."""
        config, command = self.config, self.rerun_command(environment.index)
        fingerprint = environment.fingerprint(config, environment.scene_sha256())
        deaths = self.journal.deaths(environment.index, fingerprint)
        if deaths.is_enough:
            record = crashed(environment, config, command, deaths)
            write_record(path, record)
            return record
        with self.journal.working_on(environment.index, fingerprint) as watchdog:
            record = collect_environment(
                environment,
                self.planner,
                config,
                command,
                self.scorers,
                self.threads,
                lambda: watchdog.watch(config.search_timeout + GRACE_S),
                self.watch,
            )
            try:
                write_record(path, record)
            except ResultFileError as problem:
                record = unstorable(environment, config, command, problem)
                write_record(path, record)
        return record


def finished_record(
    path: Path, environment: Environment, config: CollectionConfig, note: Callable[[str], None]
) -> Record | None:
    """Return the record of an environment that is already done, else None.

    Done means: the file is whole, belongs to this configuration and this scene, and holds no
    failure. The file being there is not enough.

    Args:
        path: of the environment's file.
        environment: which one.
        config: settings now.
        note: takes a line that says why a file that is there is not used.
    """
    if not path.exists():
        return None
    try:
        record = read_record(path)
    except ResultFileError as problem:
        note(f"collected again: {problem}")
        return None
    if record.get("fingerprint") != environment.fingerprint(config, environment.scene_sha256()):
        note(f"collected again: {path} belongs to another configuration, scene or version")
        return None
    if environment.listed_sha256 not in (None, record["scene_sha256"]):
        return None  # collecting says what is wrong
    if record["error"]:
        note(f"tried again: environment {environment.index} failed before")
        return None
    if not is_listed_as(record, environment):
        record = relocated(record, environment)
        write_record(path, record)
    return record


def _information(
    environments: Sequence[Environment],
    config: CollectionConfig,
    work_s: float,
    resumed: int,
    failed: dict[int, str],
    models: list[Record],
) -> Record:
    """Return what the part's marker says about the process that made it."""
    return {
        "start": environments[0].index,
        "end": environments[-1].index + 1,
        "label": environments[0].label,
        "config": config.as_dict(),
        "host": socket.gethostname(),
        "process": os.getpid(),
        "numerics": numerics(),
        "work_s": work_s,
        "environments": len(environments),
        "resumed": resumed,
        "failed": {str(index): message for index, message in failed.items()},
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT,
        "models_preloaded": models,
    }
