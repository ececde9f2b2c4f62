"""A small collection to inject faults into, and its results without faults."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from namo.collection.journal import TRACES
from namo.commands.main import main
from namo.results.verify import Verification
from tests.collecting import Collection
from tests.conftest import room_file

ROOMS = (0, 8, 1)


@dataclass(frozen=True)
class Collector:
    """The collector, run in this process on a few rooms."""

    scenes: Path
    output: Path

    @property
    def arguments(self) -> list[str]:
        """The command line; file names contain spaces and letters of other alphabets."""
        return [
            *(
                "--xml-dir",
                str(self.scenes),
                "--output-dir",
                str(self.output),
                "--hostname",
                "host",
            ),
            *("--start-idx", "0", "--end-idx", "-1", "--object-strategy", "nearest_first"),
            *("--max-pushes", "4", "--seed", "1"),
        ]

    def run(self, *more: str) -> int:
        """Collect or resume, and return the exit code."""
        return main(["collect", *self.arguments, *more])

    def content(self) -> dict[str, Any]:
        """The results, without clocks."""
        return Collection(self.output, self.scenes).content()

    def problems(self) -> list[str]:
        """The problems that `namo verify` finds."""
        return [str(problem) for problem in Verification(self.output).problems()]

    def temporary(self) -> list[Path]:
        """Files that only exist while a process works."""
        return [*self.output.rglob(".*.partial"), *self.output.rglob(TRACES)]


@pytest.fixture(scope="session")
def few_scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of scenes. Read only."""
    folder = tmp_path_factory.mktemp("faults") / "Räume, мебель 椅子"
    folder.mkdir()
    for place, number in enumerate(ROOMS):
        shutil.copy(room_file(number), folder / f"{place} ü 部屋.xml")
    return folder


@pytest.fixture(scope="session")
def undisturbed(few_scenes: Path) -> dict[str, Any]:
    """The results without faults. Read only."""
    collector = Collector(few_scenes, few_scenes.parent / "out put ö")
    assert collector.run() == 0
    assert collector.problems() == []
    return collector.content()


@pytest.fixture
def collector(few_scenes: Path, tmp_path: Path) -> Collector:
    """The collector with a new folder for its results."""
    return Collector(few_scenes, tmp_path / "out put ö")


def is_root() -> bool:
    """Whether file systems can be mounted, and permissions do not apply."""
    return os.geteuid() == 0
