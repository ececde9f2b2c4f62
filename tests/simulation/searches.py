"""Searches that were run once, before the simulation, and what a collection of them holds."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from namo.collection.chunk import Collector
from namo.collection.collect_environment import collect_environment
from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.models import make_planner
from namo.results.plan import CollectionPlan, SceneSource
from namo.results.record_types import EnvironmentRecord
from namo.scenes.reading import read_scene
from namo.scenes.scene import Scene
from namo.scenes.sources import environments_from
from tests.collecting import Rig

ROOMS = (1, 8, 7)
"""One environment in each."""
LABEL = "host"


@dataclass(frozen=True)
class Run:
    """What is asked for under some settings, and what comes of it.

    Attributes:
        plan: settings, scenes and range.
        collector: whose searches are looked up.
        content: what an undisturbed run stores, without clocks.
    """

    plan: CollectionPlan
    collector: Collector
    content: dict[str, Any]


class Searches:
    """Looks up what searches yield.

    Attributes:
        environments: all that there are.
        runs: by name of their settings.
        begins: called with the environment and its fingerprint when a search begins.
    """

    def __init__(self, rig: Rig, folder: Path) -> None:
        """Search all environments with all settings.

        Args:
            rig: to collect with.
            folder: to work in.
        """
        scenes = rig.copy_rooms(folder / "scenes", range(0))
        for place, number in enumerate(ROOMS):
            # Scenes that differ in every environment, so that no mix-up goes unnoticed.
            text = rig.room(number).read_text()
            (scenes / f"{place:02d}.xml").write_text(f"{text}\n<!-- {place} -->\n")
        self.source = SceneSource(str(scenes))
        listed = environments_from(scenes, None).scenes
        self.environments = [
            Environment.listed(index, scene, LABEL) for index, scene in enumerate(listed)
        ]
        self.begins: Callable[[int, str], None] = lambda *_: None
        self._scenes: dict[int, Scene] = {
            each.index: read_scene(each.path) for each in self.environments
        }
        self._records: dict[str, bytes] = {}
        self._searches = 0
        self.runs: dict[str, Run] = {}
        for name, pushes in (("two pushes", 2), ("one push", 1)):
            config = rig.config(max_pushes=pushes, max_depth=1)
            collector = Collector(make_planner(config)[0], config, "again {}".format)
            for each in self.environments:
                record = collect_environment(each, collector.planner, config, "again")
                self._records[record["fingerprint"]] = pickle.dumps(record)
            plan = CollectionPlan(config.decisive, self.source, listed, range(len(listed)), LABEL)
            done = rig.collect_and_merge(scenes, folder / name, config)
            self.runs[name] = Run(plan, collector, done.content())

    def collect(  # in place of `collect_environment`
        self,
        environment: Environment,
        planner: object,
        config: CollectionConfig,
        rerun_command: str,
        scorers: object,
        threads: int,
        begins: object,
        watch: object,
        sha256: str,
        has_read: Callable[[Scene], None],
    ) -> EnvironmentRecord:
        """Return the record of an environment, as if it had been searched just now."""
        fingerprint = environment.fingerprint(config, sha256)
        self.begins(environment.index, fingerprint)
        has_read(self._scenes[environment.index])
        record: EnvironmentRecord = pickle.loads(self._records[fingerprint])
        self._searches += 1
        record["processing_time"] = float(self._searches)  # no two searches take as long
        return record
