"""The pipeline in separate processes, on a handful of small rooms."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.collecting import Collection, Rig
from tests.conftest import REPOSITORY, room_file

TOOLS = Path(sys.executable).parent
RIG = Rig()


@dataclass
class Pipeline:
    """A folder in which the pipeline is run: scenes, settings and results."""

    folder: Path
    patience_s: float = 900.0

    @property
    def scenes(self) -> Path:
        return self.folder / "my räume"

    @property
    def output(self) -> Path:
        return self.folder / "results"

    def room(self, number: int) -> Path:
        return room_file(number)

    def copy_rooms(self, numbers: Iterable[int]) -> None:
        RIG.copy_rooms(self.scenes, numbers)

    def break_scene(self, name: str) -> None:
        text = (self.scenes / name).read_text()
        (self.scenes / name).write_text(re.sub(r'<site name="goal".*?/>', "", text))

    def run(
        self,
        *arguments: object,
        environment: dict[str, str] | None = None,
        here: bool = True,
        **settings: Any,
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake here, with additional environment variables and settings."""
        where = () if here else ("--directory", self.folder)
        return subprocess.run(
            self.command(*where, *arguments, **settings),
            cwd=self.folder if here else REPOSITORY,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=self.patience_s,
        )

    def command(self, *arguments: object, **settings: Any) -> list[str]:
        """The command line of a run."""
        given = {
            "output_dir": self.output,
            "xml_dir": self.scenes,
            "end_idx": -1,
            "chunk_size": 2,
            "max_depth": 2,
            "max_pushes": 40,
            "algorithm": "idfs",
            "object_strategy": "nearest_first",
            "goal_strategy": "random",
        } | settings
        command = [
            *(TOOLS / "snakemake", "--snakefile", REPOSITORY / "Snakefile", "--cores", "2"),
            *arguments,
            *("--config", *(f"{key}={value}" for key, value in given.items() if value is not None)),
        ]
        return [str(part) for part in command]

    def opened(self) -> Collection:
        return RIG.opened(self.output, self.scenes)

    def table(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table, without what depends on clocks and chunks."""
        return RIG.without_clocks(self.opened().table(name))

    def record(self, index: int) -> dict[str, Any]:
        return self.opened().record(index)

    def made(self) -> dict[str, int]:
        """When the file of each environment was written (ns)."""
        files = sorted(self.output.glob("*_env_*_results.pkl"))
        return {re.sub(r".*_env_", "", path.name)[:6]: path.stat().st_mtime_ns for path in files}

    def log(self, chunk: str) -> str:
        return (self.output / "logs" / "collect" / f"{chunk}.log").read_text()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pipeline, Any]:
    """A run over five rooms, the second one broken; PATH does not name our Python. Read only."""
    pipeline = Pipeline(tmp_path_factory.mktemp("finished"))
    pipeline.copy_rooms((0, 7, 6, 1, 11))
    pipeline.break_scene("01.xml")
    return pipeline, pipeline.run(environment={"PATH": "/usr/bin:/bin"})


@pytest.fixture
def pipeline(tmp_path) -> Pipeline:
    """A new folder without scenes."""
    return Pipeline(tmp_path)
