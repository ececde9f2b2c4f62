"""Small collections to look at, and the tools to make more of them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from namo.collection.chunk import ChunkResult, Collector, collect_chunk
from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.models import make_planner
from namo.results.assemble import assemble
from namo.results.records import read_record
from namo.scenes.conditions import Conditions
from namo.scenes.reading import read_scene
from namo.scenes.scene import Scene
from namo.scenes.sources import environments_from
from namo.scenes.writing import write_scene
from namo.world.world import World
from tests.conftest import random_bundle, room_file

SOURCE = ("scenes", 0)

Record = dict[str, Any]

REPOSITORY = Path(__file__).resolve().parents[1]
SCRIPT = REPOSITORY / "workflow" / "scripts" / "sequential_ml_collection.py"
CLOCKS = re.compile(
    r".*_time_ms|processing_time|chunk|(began|ended)_unix_s|duration_s|(worker_)?process"
    r"|seconds|(forward|load|warm_up)_s|loads|latencies|latency_ms"
)


def without_clocks(value: Any) -> Any:
    """A record or a row without what a clock, or the cutting into chunks, decides."""
    if isinstance(value, dict):
        return {
            key: without_clocks(item) for key, item in value.items() if not CLOCKS.fullmatch(key)
        }
    if isinstance(value, (list, tuple)):
        return type(value)(without_clocks(item) for item in value)
    return value


@dataclass(frozen=True)
class Collection:
    """A folder of results and the folder of scenes they were collected from."""

    output: Path
    scenes: Path
    completed: subprocess.CompletedProcess[str] | None = None

    def table(self, name: str) -> list[Record]:
        return pq.read_table(self.output / f"{name}.parquet").to_pylist()

    def files(self) -> list[Path]:
        return sorted(self.output.glob("*_env_*_results.pkl"))

    def records(self) -> list[Record]:
        return [read_record(path) for path in self.files()]

    def record(self, index: int) -> Record:
        (path,) = self.output.glob(f"*_env_{index:06d}_results.pkl")
        return read_record(path)

    def world(self, record: Record) -> World:
        """The world that an environment was searched in."""
        scene = read_scene(self.scenes.parent / record["xml_file"])
        return World(Conditions.of(record["metrics"][0]).applied_to(scene))

    def summary(self) -> Record:
        (path,) = self.output.glob("collection_summary_*.pkl")
        return read_record(path)

    def content(self) -> dict[str, Any]:
        """Everything that must not depend on how the work was cut up."""
        return {
            "metrics": without_clocks(self.table("metrics")),
            "pushes": without_clocks(self.table("pushes")),
            "records": self.plain_records(),
        }

    def plain_records(self) -> dict[str, Record]:
        """The records by file name, without clocks."""
        return {path.name: without_clocks(read_record(path)) for path in self.files()}


class Rig:
    """What the tests of this folder do again and again."""

    script = SCRIPT
    repository = REPOSITORY

    def room(self, number: int) -> Path:
        return room_file(number)

    def copy_rooms(self, folder: Path, numbers: Iterable[int]) -> Path:
        """A folder with these rooms, in this order."""
        folder.mkdir(parents=True, exist_ok=True)
        for place, number in enumerate(numbers):
            shutil.copy(self.room(number), folder / f"{place:02d}.xml")
        return folder

    def config(self, **settings: Any) -> CollectionConfig:
        quick = {"object_strategy": "nearest_first", "max_depth": 3, "max_pushes": 60}
        return CollectionConfig(**(quick | settings))

    def environments(self, scenes: Path, label: str = "host") -> list[Environment]:
        paths = environments_from(scenes, None).paths
        return [Environment(index, path, label) for index, path in enumerate(paths)]

    def collect(
        self,
        scenes: Path,
        output: Path,
        config: CollectionConfig,
        bounds: tuple[int, int] | None = None,
        rerun_command: Callable[[int], str] = "again {}".format,
        threads: int = 1,
    ) -> ChunkResult:
        """Collect a range in this process, as one chunk."""
        environments = self.environments(scenes)[slice(*(bounds or (None,)))]
        planner, scorers = make_planner(config)
        collector = Collector(planner, config, rerun_command, scorers, threads)
        return collect_chunk(environments, collector, output)

    def collect_and_merge(self, scenes: Path, output: Path, config: CollectionConfig) -> Collection:
        self.collect(scenes, output, config)
        assemble(output, "host", *SOURCE)
        return Collection(output, scenes)

    def collect_rooms(self, folder: Path, numbers: Iterable[int], **settings: Any) -> Collection:
        """Collect these rooms in a folder, with settings that differ from those of `config`."""
        scenes = self.copy_rooms(folder / "scenes", numbers)
        return self.collect_and_merge(scenes, folder / "out", self.config(**settings))

    def collect_scenes(
        self, folder: Path, scenes: Mapping[str, Scene], **settings: Any
    ) -> Collection:
        """Collect scenes, in this order, likewise."""
        for number, (name, scene) in enumerate(scenes.items()):
            write_scene(scene, folder / "scenes" / f"{number:02d}_{name}.xml")
        return self.collect_and_merge(folder / "scenes", folder / "out", self.config(**settings))

    def run(self, *arguments: object, cwd: Path, **options: Any) -> subprocess.CompletedProcess:
        """The collector in a process of its own."""
        command = [sys.executable, str(SCRIPT), *map(str, arguments)]
        environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, **options
        )

    def without_clocks(self, value: Any) -> Any:
        return without_clocks(value)

    def opened(self, output: Path, scenes: Path) -> Collection:
        return Collection(output, scenes)


@pytest.fixture(scope="session")
def rig() -> Rig:
    return Rig()


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The settings of a collection by models with random weights, which are small. Read only."""
    folder = tmp_path_factory.mktemp("models")
    settings: dict[str, Any] = {"ml_device": "cpu"}
    for kind in ("object", "goal"):
        settings[f"{kind}_strategy"] = "ml"
        settings[f"ml_{kind}_model"] = str(random_bundle(folder / kind, kind, seed=2))
    return settings


@pytest.fixture(scope="session")
def broken_room(rig: Rig) -> str:
    """The text of a scene without a goal."""
    return re.sub(r"<site name=\"goal\".*?/>", "", rig.room(1).read_text())


@pytest.fixture(scope="session")
def collected(rig: Rig, broken_room: str, tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """Six environments collected by the command, the last of them broken. Read only."""
    folder = tmp_path_factory.mktemp("collected")
    scenes = rig.copy_rooms(folder / "räume mit platz", (0, 1, 6, 8, 11))
    (scenes / "kaputt ü.xml").write_text(broken_room)
    completed = rig.run(
        *("--xml-dir", scenes, "--output-dir", folder / "out put", "--hostname", "host"),
        *("--start-idx", 0, "--end-idx", -1, "--object-strategy", "nearest_first"),
        *("--max-depth", 3, "--max-pushes", 60),
        cwd=folder,
    )
    return Collection(folder / "out put", scenes, completed)


@pytest.fixture(scope="session")
def several(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """Six random rollouts in each of two rooms, plans of several lengths as found. Read only."""
    folder = tmp_path_factory.mktemp("several")
    scenes = rig.copy_rooms(folder / "scenes", (3, 0))
    # Physics differs by machine, and with it which seed gives rollouts that differ enough.
    for seed in (4, 5, 1, 2):
        config = rig.config(
            algorithm="random_sampling",
            object_strategy="no_heuristic",
            episodes_per_env=6,
            smooth=False,
            clearance=0.0,
            seed=seed,
        )
        collection = rig.collect_and_merge(scenes, folder / f"out{seed}", config)
        depths = {row["solution_depth"] for row in collection.table("metrics")}
        if {None, 0} <= depths and len(depths) >= 4:
            break
    return collection


@pytest.fixture(scope="session")
def filtered(rig: Rig, several: Collection, tmp_path_factory) -> Collection:
    """The same as `several`, filtered. Read only."""
    settings = several.summary()["collection_metadata"]["config"]
    config = rig.config(**(settings | {"filter_minimum_length": True}))
    return rig.collect_and_merge(
        several.scenes, tmp_path_factory.mktemp("filtered") / "out", config
    )
