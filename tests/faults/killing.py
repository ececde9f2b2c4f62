"""A pipeline that is killed at random moments, and what must hold afterwards."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from namo.collection.journal import TRACES
from namo.results.verify import Verification
from namo.scenes.sources import environments_from
from tests.collecting import Collection
from tests.workflow.conftest import REPOSITORY, TOOLS

KINDS = ("chunk", "snakemake", "both")
"""What to kill of a pipeline whose chunks are one process each."""
KINDS_WITH_WORKERS = ("worker", "chunk", "both", "terminated", "interrupted")
"""And of one whose chunks have workers. The last two are signals, to a chunk's process and workers,
as schedulers send them, and to all, as a terminal does."""
ENVIRONMENTS = 30
PATIENCE_S = 300


@dataclass
class Killed:
    """A collection of 30 environments, its killed runs, and what those had finished.

    Attributes:
        folder: where it is run; results are in `out` below it.
        settings: of the pipeline.
        kinds: what may be killed.
        cores: of the pipeline.
        kills: what was killed, in order.
        finished: inode and time of each environment's file when something was killed.
        shared: files of shared memory that processes had when something was killed.
    """

    folder: Path
    settings: dict[str, Any]
    kinds: tuple[str, ...] = KINDS
    cores: int = 2
    kills: list[str] = field(default_factory=list)
    finished: dict[str, tuple[int, int]] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)

    @property
    def output(self) -> Path:
        return self.folder / "out"

    def disturb(self, chance: random.Random, most: int, pace_s: float) -> None:
        """Run the pipeline and kill at random moments, until it finishes or `most` kills were made.

        Processes that survived a kill are still running when the next run starts.

        Args:
            chance: decides when, and the order of kinds.
            most: how often to kill.
            pace_s: longest time from one kill to the next (s).
        """
        kinds = chance.sample(self.kinds, len(self.kinds))
        while len(self.kills) < most:
            with self._run() as run:
                while len(self.kills) < most:
                    try:
                        if run.wait(chance.uniform(0, pace_s)) == 0:
                            return
                        break  # more kills than retries: start it again
                    except subprocess.TimeoutExpired:
                        self._kill(run, kinds[len(self.kills) % len(kinds)], chance)

    def finish(self) -> None:
        """Run the pipeline once more, without kills."""
        with self._run() as run:
            code = run.wait(PATIENCE_S)
        assert code == 0, (self.folder / "run.log").read_text()[-5000:]

    @contextmanager
    def _run(self) -> Iterator[subprocess.Popen[bytes]]:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [
            *(
                TOOLS / "snakemake",
                "--snakefile",
                REPOSITORY / "Snakefile",
                "--cores",
                str(self.cores),
            ),
            *("--config", f"output_dir={self.output}"),
            *(f"{name}={value}" for name, value in self.settings.items()),
        ]
        with (
            (self.folder / "run.log").open("wb") as log,
            # In a session of its own, so that it and all its jobs can be killed together.
            subprocess.Popen(
                command,
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as run,
        ):
            try:
                yield run
            except BaseException:
                os.killpg(run.pid, signal.SIGKILL)
                raise

    def _kill(self, run: subprocess.Popen[bytes], kind: str, chance: random.Random) -> None:
        chunks, workers = self._collectors(run.pid)
        self.shared.update(name for each in (*chunks, *workers) for name in _shared_memory(each))
        if kind in ("worker", "chunk", "terminated"):
            found = workers if kind == "worker" else chunks
            if not found:  # none has started, or all have ended: try at the next moment
                return
            with suppress(psutil.NoSuchProcess):
                chosen = chance.choice(found)
                for each in [chosen, *chosen.children()] if kind == "terminated" else []:
                    each.terminate()
                if kind != "terminated":
                    chosen.kill()
        elif kind == "snakemake":
            run.kill()
        else:
            os.killpg(run.pid, signal.SIGKILL if kind == "both" else signal.SIGINT)
        self.kills.append(kind)
        time.sleep(0.05)
        for path in self.output.glob("*_results.pkl"):
            at = path.stat()
            self.finished.setdefault(path.name, (at.st_ino, at.st_mtime_ns))

    def _collectors(self, pid: int) -> tuple[list[psutil.Process], list[psutil.Process]]:
        """Processes of chunks, and their workers, which have the same command line."""
        found = {
            process.pid: process
            for process in psutil.Process(pid).children(recursive=True)
            if self._collects(process)
        }
        parents = {number: _parent(process) for number, process in found.items()}
        return (
            [process for number, process in found.items() if parents[number] not in found],
            [process for number, process in found.items() if parents[number] in found],
        )

    def _collects(self, process: psutil.Process) -> bool:
        """Whether a process collects into the folder."""
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            words = process.cmdline()
            return (
                "--part-only" in words
                and "python" in words[0]
                and process.cwd() == str(self.folder.resolve())
            )
        return False

    def orphans(self) -> list[psutil.Process]:
        """Processes that still collect, though nothing does that has started them."""
        return [process for process in psutil.process_iter() if self._collects(process)]

    def shared_memory(self) -> list[str]:
        """Files of shared memory that are still there."""
        return [name for name in self.shared if Path(name).exists()]

    def content(self) -> dict[str, Any]:
        """The results, without clocks."""
        return Collection(self.output, self.folder).content()

    def redone(self) -> list[str]:
        """The files that existed at a kill and were rewritten later."""
        now = {path.name: path.stat() for path in self.output.glob("*_results.pkl")}
        return [
            name
            for name, then in self.finished.items()
            if name not in now or (now[name].st_ino, now[name].st_mtime_ns) != then
        ]

    def leftovers(self) -> list[str]:
        """Temporary files below the folder."""
        hidden = (*self.output.rglob(".*.partial"), *self.output.rglob(TRACES))
        return [str(path) for path in hidden]

    def problems(self) -> list[str]:
        """The problems that `namo verify` finds, with every plan replayed."""
        verification = Verification(self.output, run_from=self.folder)
        return [str(problem) for problem in verification.problems()]


def settings(**others: Any) -> dict[str, Any]:
    """The settings of a quick collection."""
    assert len(environments_from(None, None).paths) >= ENVIRONMENTS
    quick = {"hostname": "host", "end_idx": ENVIRONMENTS, "chunk_size": 8, "seed": 3}
    return quick | {"max_failed_share": 1.0} | others


def _parent(process: psutil.Process) -> int | None:
    with suppress(psutil.NoSuchProcess):
        return process.ppid()
    return None


def _shared_memory(process: psutil.Process) -> list[str]:
    """The files of shared memory that a process has mapped."""
    with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return [each.path for each in process.memory_maps() if each.path.startswith("/dev/shm/")]
    return []
