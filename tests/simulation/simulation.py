"""A folder that processes collect into, merge, verify and damage, one operation at a time."""

from __future__ import annotations

import os
import shlex
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

from namo import locks
from namo.collection import chunk, journal
from namo.collection.chunk import collect_chunk
from namo.collection.journal import TRACES
from namo.collection.progress import Verbosity
from namo.errors import BusyError, ResultFileError
from namo.locks import holder_of
from namo.results import run_file
from namo.results.assemble import assemble
from namo.results.parts import PARTS, Part, started_parts
from namo.results.record_files import SUFFIX, environment_of
from namo.results.record_types import EnvironmentRecord
from namo.results.run_lock import join_plan, write_plan
from namo.results.selection import stale_parts
from namo.results.verify import REPLACED, Verification, schedule_recollection
from tests.collecting import Collection, Record, without_clocks
from tests.simulation.model import Model
from tests.simulation.scheduler import Process, current
from tests.simulation.searches import LABEL, ROOMS, Run, Searches

RANGES = ((0, 2), (2, 3), (0, 3), (1, 3), (0, 1), (1, 2))
"""Chunks of runs with other sizes; several overlap."""
SIZES = (2, 3, 1)
"""Environments per chunk of the run that is made in the end."""
MAX_PROCESSES = 4
REPAIRS = 12
"""How often the last run may be told to delete a damaged file."""


class Simulation:
    """Processes at work in one folder, and the model of what must hold.

    Attributes:
        folder: of the collection.
        model: of what must hold.
    """

    def __init__(self, searches: Searches, folder: Path) -> None:
        self.folder, self.model = folder, Model()
        self._searches = searches
        self._processes: list[tuple[Process, Path | None]] = []
        self._run = searches.runs["two pushes"]
        self._size = SIZES[0]
        self._jump_s = 0.0
        self._ran: list[Part] = []
        self._memory_kills = self._damages = 0
        self._open = ExitStack()
        self._open.enter_context(self._patched())
        folder.mkdir()

    def collect(self, run: str, place: int) -> None:
        """Start the job of a chunk."""
        asked, (start, end) = self._searches.runs[run], RANGES[place]
        self._run, self._size = asked, SIZES[place % len(SIZES)]
        self._start(
            f"collect {start}-{end} with {run}",
            lambda: self._collect(asked, start, end, wait=True),
            Part.of(self.folder, start, end).folder,
        )

    def collect_by_hand(self, run: str, place: int) -> None:
        """Start a collector that also merges."""
        asked, (start, end) = self._searches.runs[run], RANGES[place]
        self._run = asked

        def work() -> None:
            join_plan(self.folder, asked.plan.as_record())
            self._collect(asked, start, end, wait=False)
            self._merge(asked)

        name = f"collect {start}-{end} by hand with {run}"
        self._start(name, work, Part.of(self.folder, start, end).folder)

    def merge(self, run: str) -> None:
        """Start a merge, also where parts are missing."""
        asked = self._searches.runs[run]
        self._start(f"merge with {run}", lambda: self._merge(asked))

    def recollect(self) -> None:
        """Start `verify --recollect`."""
        self._start("verify", self._recollect)

    def advance(self, place: int, operations: int) -> None:
        """Let a process do some operations."""
        if self._processes:
            process, _ = self._processes[place % len(self._processes)]
            process.advance(operations)
            self._look()

    def kill(self, place: int, *, memory: bool = False) -> None:
        """Kill a process, for memory or otherwise."""
        if not self._processes:
            return
        process, part = self._processes[place % len(self._processes)]
        if part is not None:
            self.model.dies(part, memory=memory)
        process.kill()
        self._memory_kills += memory
        self._look()

    def jump(self, seconds: float) -> None:
        """Let the clock of the day jump."""
        self._jump_s += seconds

    def damage(self, place: int, how: str) -> None:
        """Delete a file by hand, or cut it off."""
        files = self._files()
        if not files:
            return
        path = files[place % len(files)]
        self.model.damages(path)
        self._damages += 1
        if how == "delete":
            path.unlink()
        else:
            os.truncate(path, int(path.stat().st_size * 0.6))

    def delete_part(self, place: int) -> None:
        """Delete the folder of a part that nobody works in."""
        parts = sorted((self.folder / PARTS).glob("*-*"))
        if parts and not self._processes:
            shutil.rmtree(parts[place % len(parts)])

    def finish(self) -> None:
        """End all processes and run once more, undisturbed; then everything must be right."""
        for _ in range(2 * MAX_PROCESSES):
            for process, _ in [*self._processes]:
                process.advance(100_000)
                self._look()
        assert not self._processes, f"{[each.name for each, _ in self._processes]} never end"
        for _ in range(REPAIRS):
            try:
                self._alone(self._run_undisturbed)
                break
            except ResultFileError as error:
                self._repair(str(error))
        else:
            raise AssertionError("the last run is never content")
        self.model.check()
        self._check_end()

    def close(self) -> None:
        """End what is left and undo what is patched."""
        for process, _ in self._processes:
            process.kill()
        self._open.close()
        shutil.rmtree(self.folder)

    @contextmanager
    def _patched(self) -> Iterator[None]:
        clock, write = time.time, chunk.write_record

        def writing(path: Path, record: EnvironmentRecord) -> None:
            write(path, record)
            self.model.wrote(path, record)

        def begins(environment: int, fingerprint: str) -> None:
            current().stop()
            self.model.begins(environment, fingerprint)

        with (
            Path(os.devnull).open("w") as nowhere,
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
            patch.object(time, "time", lambda: clock() + self._jump_s),
            patch.object(locks, "POLL_S", 0.0),
            patch.object(journal, "_memory_kills", lambda: self._memory_kills),
            patch.object(run_file, "_git_commit", lambda: None),
            patch.object(run_file, "_version", cache(run_file._version)),
            patch.object(chunk, "collect_environment", self._searches.collect),
            patch.object(chunk, "write_record", writing),
            patch.object(self._searches, "begins", begins),
        ):
            yield

    def _start(self, name: str, work: Callable[[], None], part: Path | None = None) -> None:
        if len(self._processes) < MAX_PROCESSES:
            self._processes.append((Process(name, self.folder, work), part))

    def _collect(self, asked: Run, start: int, end: int, *, wait: bool) -> None:
        environments = self._searches.environments[start:end]
        collect_chunk(
            environments, asked.collector, self.folder, verbosity=Verbosity.QUIET, wait=wait
        )

    def _merge(self, asked: Run) -> None:
        damages = self._damages
        assemble(self.folder, LABEL, self._searches.source.name, len(ROOMS), asked.plan)
        if damages == self._damages:  # else a table may have been damaged by hand just now
            self._check_tables(asked)

    def _recollect(self) -> None:
        problems = [*Verification(self.folder, replays=False).problems()]
        self.model.given_up |= {
            each.environment for each in problems if each.environment is not None
        }
        schedule_recollection(self.folder, problems)

    def _look(self) -> None:
        """Compare with the model, and look how processes ended."""
        self.model.check()
        for process, part in [*self._processes]:
            if not process.ended:
                continue
            self._processes.remove((process, part))
            if process.error is not None and not self._may_raise(process.error):
                raise process.error

    def _may_raise(self, error: BaseException) -> bool:
        """Whether a process may end with an error: what it read was damaged, missing or in use."""
        if isinstance(error, (BusyError, ResultFileError)):
            return True
        return isinstance(error, FileNotFoundError) and bool(self.model.damaged)

    def _files(self) -> list[Path]:
        """The files that a person may delete or damage: no locks, and nothing that was put away."""
        return sorted(
            path
            for path in self.folder.rglob("*")
            if path.is_file()
            and not path.name.endswith((".lock", ".partial"))
            and REPLACED not in path.parts
        )

    def _chunks(self) -> list[Part]:
        borders = [*range(0, len(ROOMS), self._size), len(ROOMS)]
        return [Part.of(self.folder, start, end) for start, end in pairwise(borders)]

    def _alone(self, work: Callable[[], None]) -> None:
        """Run a process from its beginning to its end."""
        process = Process("the last run", self.folder, work)
        process.advance(1_000_000)
        assert process.ended, "the last run waits for a lock"
        if process.error is not None:
            raise process.error

    def _run_undisturbed(self) -> None:
        """Do what the pipeline does: run the chunks that are not as they should be, and merge."""
        stale = stale_parts(self.folder, self._run.plan, look=True)
        chunks = self._chunks()
        asked = self._run.plan.as_record()
        write_plan(self.folder, LABEL, [(part.start, part.end) for part in chunks], asked)
        for part in chunks:
            if part in stale or not part.is_finished:
                self._ran.append(part)
                self._collect(self._run, part.start, part.end, wait=False)
        self._merge(self._run)

    def _repair(self, message: str) -> None:
        """Follow the advice of a message about a file that was damaged by hand."""
        damaged = {*self.model.damaged, *(path.parent for path in self.model.damaged)}
        for record in self.model.damaged & {*self.folder.glob(f"*{SUFFIX}")}:
            number = environment_of(record.name)
            parts = started_parts(self.folder / PARTS)
            damaged |= {part.folder for part in parts if number in part.numbers}
        _, found, rest = message.partition("`rm -r ")
        if found:
            paths = [Path(word) for word in shlex.split(rest.partition("`")[0])]
        else:
            paths = [Path(message.partition(":")[0])]
        for path in paths:
            assert path in damaged, f"nobody has damaged it: {message}"
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _check_end(self) -> None:
        """Everything is there once, as it was computed, and nothing else."""
        computed = self._check_tables(self._run)
        assert computed.keys() | self._quarantined() == {*range(len(ROOMS))}, "not all are there"
        found, expected = self._collection.plain_records(), self._run.content["records"]
        assert found.keys() == expected.keys()
        for name, record in expected.items():
            if record["env_index"] in computed:
                assert found[name] == record, f"{name} differs from what was computed"
        problems = [str(each) for each in Verification(self.folder, replays=False).problems()]
        assert problems == []
        assert [str(path) for path in self._temporary()] == []
        held = [path for path in self.folder.rglob("*.lock") if holder_of(path)[1]]
        assert held == []

    @property
    def _collection(self) -> Collection:
        return Collection(self.folder, Path(self._searches.source.xml_dir or ""))

    def _quarantined(self) -> set[int]:
        rows = self._collection.table("metrics")
        return {row["env_index"] for row in rows if row["termination"] == "error"}

    def _check_tables(self, asked: Run) -> dict[int, list[Record]]:
        """Return rows of merged tables by environment, which are each there once, as computed."""
        numbers = [row["env_index"] for row in self._collection.table("metrics")]
        assert numbers == sorted(set(numbers)), f"environments {numbers}"
        quarantined = self._quarantined()
        for number in quarantined:
            assert self.model.may_be_quarantined(number), f"environment {number} failed"
        there = {number: list[Record]() for number in numbers if number not in quarantined}
        for name in ("metrics", "pushes"):
            found = without_clocks(self._collection.table(name))
            kept = [row for row in found if row["env_index"] in there]
            expected = [row for row in asked.content[name] if row["env_index"] in there]
            assert kept == expected, f"{name} differ from what was computed"
            for row in kept:
                there[row["env_index"]].append(row)
        return there

    def _temporary(self) -> list[Path]:
        """Return what only exists while a process works; who runs a chunk again removes it."""
        return [
            path
            for folder in (self.folder, *(part.folder for part in self._ran))
            for path in (*folder.glob(".*.partial"), *folder.glob(TRACES))
        ]
