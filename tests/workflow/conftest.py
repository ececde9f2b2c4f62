"""The pipeline in processes of its own, on a handful of small rooms."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from namo.results.records import read_record
from tests.conftest import room_file

REPOSITORY = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent
CLOCKS = re.compile(r".*_time_ms|processing_time|chunk")


@dataclass
class Pipeline:
    """A folder in which the pipeline is run: scenes, settings and results."""

    folder: Path
    patience_s: float = 240.0

    @property
    def scenes(self) -> Path:
        return self.folder / "my räume"

    @property
    def output(self) -> Path:
        return self.folder / "results"

    def room(self, number: int) -> Path:
        return room_file(number)

    def copy_rooms(self, numbers: Iterable[int]) -> None:
        self.scenes.mkdir(parents=True)
        for place, number in enumerate(numbers):
            shutil.copy(self.room(number), self.scenes / f"{place:02d}.xml")

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
        """Run Snakemake here, with more environment variables and settings than every test has."""
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

    def table(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table, without clocks and chunks."""
        rows = pq.read_table(self.output / f"{name}.parquet").to_pylist()
        return [
            {key: value for key, value in row.items() if not CLOCKS.fullmatch(key)} for row in rows
        ]

    def record(self, index: int) -> dict[str, Any]:
        (path,) = self.output.glob(f"*_env_{index:06d}_results.pkl")
        return read_record(path)

    def made(self) -> dict[str, int]:
        """When each environment's file was written (ns)."""
        files = sorted(self.output.glob("*_env_*_results.pkl"))
        return {re.sub(r".*_env_", "", path.name)[:6]: path.stat().st_mtime_ns for path in files}

    def log(self, chunk: str) -> str:
        return (self.output / "logs" / "collect" / f"{chunk}.log").read_text()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pipeline, Any]:
    """A run over five rooms, the second one broken. Read only."""
    pipeline = Pipeline(tmp_path_factory.mktemp("finished"))
    pipeline.copy_rooms((0, 7, 6, 1, 11))
    pipeline.break_scene("01.xml")
    return pipeline, pipeline.run()


@pytest.fixture
def pipeline(tmp_path) -> Pipeline:
    """A new folder without scenes."""
    return Pipeline(tmp_path)
