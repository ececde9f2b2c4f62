"""Runs over changing settings, ranges, chunk sizes and lists of scenes, into one folder."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from namo.collection.chunk import Collector, collect_chunk
from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.models import make_planner
from namo.pipeline.run_plan import chunk_names
from namo.results.assemble import Assembled, assemble
from namo.results.parts import Part
from namo.results.plan import CollectionPlan, SceneSource
from namo.results.selection import stale_parts
from tests.collecting import Rig
from tests.conftest import room_file

SCENES = "scenes"
RIG = Rig()

Row = dict[str, Any]
Key = tuple[Any, ...]


def contents() -> dict[str, str]:
    """Texts of tiny scenes, by a name: none needs a push, and one is broken."""
    rooms = {number: room_file(number).read_text() for number in (0, 7)}
    texts = {
        f"{number}-{mark}": text + f"<!-- {mark} -->"
        for number, text in rooms.items()
        for mark in ("one", "two")
    }
    return texts | {"broken": re.sub(r'<site name="goal".*?/>', "", rooms[0])}


def copy_scenes(number: int) -> None:
    """Write the first of these texts to `SCENES` in the working directory."""
    Path(SCENES).mkdir()
    for name, text in zip("abcde"[:number], contents().values(), strict=False):
        (Path(SCENES) / f"{name}.xml").write_text(text)


@dataclass
class Folder:
    """A collection in `output`, below the working directory, over the scenes in `SCENES` there."""

    output: Path
    label: str = "host"
    made: dict[int, Key] = field(default_factory=dict)
    """What the file of each environment was collected from."""

    @property
    def scenes(self) -> tuple[Path, ...]:
        return tuple(sorted(Path(SCENES).glob("*.xml")))

    def key(self, config: CollectionConfig, index: int) -> Key:
        """Everything that an environment is collected from."""
        path = self.scenes[index]
        return (str(config.decisive), index, path.name, path.read_text())

    def plan(self, config: CollectionConfig, wanted: range) -> CollectionPlan:
        source = SceneSource(xml_dir=SCENES)
        return CollectionPlan(config.decisive, source, source.scenes(), wanted, self.label)

    def collect(self, config: CollectionConfig, bounds: range) -> None:
        """Collect a range in one process."""
        paths = self.scenes
        environments = [Environment(index, paths[index], self.label) for index in bounds]
        planner, _ = make_planner(config)
        collect_chunk(environments, Collector(planner, config, "again {}".format), self.output)

    def merge(self, config: CollectionConfig, wanted: range) -> Assembled:
        plan = self.plan(config, wanted)
        return assemble(self.output, self.label, SCENES, len(self.scenes), plan)

    def by_hand(self, config: CollectionConfig, wanted: range) -> Assembled:
        """Collect and merge as `namo collect` does."""
        self.collect(config, wanted)
        return self._merged(config, wanted)

    def pipeline(self, config: CollectionConfig, wanted: range, chunk_size: int) -> Assembled:
        """Collect and merge as the pipeline does, if Snakemake had forgotten all earlier runs.

        It then runs a job whose outputs are missing, or that it is told to run.
        """
        stale = set(stale_parts(self.output, self.plan(config, wanted), look=True))
        for name in chunk_names(wanted, chunk_size):
            start, end = map(int, name.split("-"))
            part = Part.of(self.output, start, end)
            if part in stale or not part.marker.exists():
                for declared in ("metrics", "pushes", "files"):
                    part.table(declared).unlink(missing_ok=True)
                part.marker.unlink(missing_ok=True)
                self.collect(config, range(start, end))
        return self._merged(config, wanted)

    def _merged(self, config: CollectionConfig, wanted: range) -> Assembled:
        self.made |= {index: self.key(config, index) for index in wanted}
        return self.merge(config, wanted)

    def expected(self, config: CollectionConfig, wanted: range) -> set[int]:
        """The environments that belong to the tables: what is asked for, and what is like it."""
        listed = range(len(self.scenes))
        alike = {n for n, key in self.made.items() if n in listed and key == self.key(config, n)}
        return {*wanted, *alike}

    def rows(self, name: str = "metrics") -> list[Row]:
        return RIG.without_clocks(pq.read_table(self.output / f"{name}.parquet").to_pylist())


class Fresh:
    """Rows of fresh runs over whole lists, each made once."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._known = folder, {}

    def rows(self, folder: Folder, config: CollectionConfig) -> dict[str, list[Row]]:
        whole = range(len(folder.scenes))
        key = tuple(folder.key(config, index) for index in whole)
        if key not in self._known:
            run = Folder(self._folder / str(len(self._known)), folder.label)
            run.by_hand(config, whole)
            self._known[key] = {name: run.rows(name) for name in ("metrics", "pushes", "scenes")}
        return self._known[key]


def change_scenes(chance: random.Random, texts: dict[str, str]) -> None:
    """Add, remove, rename, replace or swap a scene; times of files say nothing about it."""
    there = sorted(Path(SCENES).glob("*.xml"))
    free = [
        path for path in (Path(SCENES) / f"{name}.xml" for name in "abcdef") if not path.exists()
    ]
    text = chance.choice(sorted(texts.values()))
    one = chance.choice(there)
    kind = chance.choice(["add", "remove", "rename", "replace", "swap"])
    if kind == "add" and free and len(there) < 5:
        chance.choice(free).write_text(text)
    elif kind == "remove" and len(there) > 1:
        one.unlink()
    elif kind == "rename" and free:
        one.rename(chance.choice(free))
    elif kind == "replace":
        one.write_text(text)
    elif kind == "swap":
        other = chance.choice(there)
        texts_of_both = one.read_text(), other.read_text()
        other.write_text(texts_of_both[0])
        one.write_text(texts_of_both[1])


def walk(
    number: int,
    folder: Path,
    configs: Sequence[CollectionConfig],
    fresh: Fresh,
    check: Callable[[Folder, CollectionConfig, range, Assembled], None],
) -> None:
    """Do up to six runs, and check the tables after each.

    Args:
        number: of the walk; the same number is the same walk.
        folder: working directory, without scenes.
        configs: settings to choose from.
        fresh: what to compare with.
        check: further checks, called after each run.
    """
    chance, texts = random.Random(number), contents()
    (folder / SCENES).mkdir()
    for name in chance.sample("abcdef", chance.randint(1, 4)):
        (folder / SCENES / f"{name}.xml").write_text(chance.choice(sorted(texts.values())))
    here = Folder(Path("out"))
    for _ in range(chance.randint(2, 6)):
        config, count = chance.choice(configs), len(here.scenes)
        start = chance.choice([0, 0, chance.randrange(count)])
        wanted = range(start, chance.choice([count, chance.randint(start + 1, count)]))
        if chance.random() < 0.3:
            done = here.by_hand(config, wanted)
        else:
            done = here.pipeline(config, wanted, chance.randint(1, 4))
        indices = here.expected(config, wanted)
        for name, rows in fresh.rows(here, config).items():
            expected = [row for row in rows if row["env_index"] in indices]
            assert here.rows(name) == expected, (number, name, wanted)
        check(here, config, wanted, done)
        if chance.random() < 0.5:
            change_scenes(chance, texts)
        if chance.random() < 0.2:
            lost = chance.choice(sorted(here.output.glob("*_results.pkl")))
            lost.unlink()
            here.made.pop(int(lost.name.partition("_env_")[2][:6]), None)
