"""What the learning stages of a run do: places, searches, and which files belong together.

A place is a folder below `learning: output_dir`: `once`, or one of the rounds. Each holds a data
set, models and a comparison; those of `once` are made from the collection of the run, those of a
round from its own exploration and all before it. `benchmark` holds a comparison alone, in the
frozen scenes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from namo.collection.config import CollectionConfig, plug_ins_of
from namo.config_parsing import parse_dataclass
from namo.errors import UsageError
from namo.option_checks import MAX_SEED, odd_characters
from namo.pipeline.run_plan import RunPlan, bounds, chunk_names, model_configs
from namo.pipeline.settings import collector_options
from namo.results.parts import Part
from namo.scenes.manifest import MANIFEST
from namo.scenes.packed import first_of_classes
from namo.scenes.sources import DEMO_SCENES, environments_from
from namo.scenes.table_kinds import how_to_certify
from namo.shipped import here_or_shipped
from namo.training.benchmark_settings import BenchmarkSettings
from namo.training.learning_settings import Arm, LearningSettings
from namo.training.settings import TrainingSettings
from namo.wording import did_you_mean

ONCE, ROUND, BENCHMARK = "once", r"round_\d+", "benchmark"
"""Names of places: words, and a regular expression."""
EXPLORATION, COMPARISON = "exploration", "comparison/"
"""What is searched for in a place; the name of an arm follows the latter."""
LABEL = "learning"
_PLACES = ("manifest", "split")
_GENERATED = "`make learning-scenes` generates scenes to learn from"


@dataclass(frozen=True)
class Search:
    """A collection in a place.

    Attributes:
        options: of the collector, without a range, quoted for a shell.
        environments: indices to collect.
        models: files that stand for the models that its strategies use.
        chunk_size: environments per chunk.
        plug_ins: see `namo.collection.config.plug_ins_of`.
    """

    options: str
    environments: range
    models: list[str]
    chunk_size: int
    plug_ins: Mapping[str, str]

    @property
    def chunks(self) -> list[str]:
        """Names of its chunks."""
        return chunk_names(self.environments, self.chunk_size)


@dataclass(frozen=True)
class Comparison:
    """What is compared in a place.

    Attributes:
        arms: name -> text, the baseline first.
        models: folder of the models `object` and `goal`.
        manifest: of the scenes.
        split: of them.
        pushes: budget of a search (simulated pushes).
        depth: longest plan of a search (pushes).
        seeds: searches per scene and arm.
        chunk_size: scenes per process.
    """

    arms: Mapping[str, str]
    models: Path
    manifest: str
    split: str
    pushes: int
    depth: int
    seeds: int
    chunk_size: int


@dataclass(frozen=True)
class LearningPlan:
    """The learning stages of a run.

    Attributes:
        run: whose collection they start from.
        folder: of all places.
        settings: what is explored and compared.
        training: how a network is trained.
        benchmark: what is compared in the frozen scenes.
    """

    run: RunPlan
    folder: Path
    settings: LearningSettings
    training: TrainingSettings
    benchmark: BenchmarkSettings

    @classmethod
    def from_run(cls, run: RunPlan) -> LearningPlan:
        """Return the plan of the settings under `learning` and `benchmark`.

        Args:
            run: whose collection they start from.

        Raises:
            UsageError: names the key, its value and what is allowed.
        """
        values = dict(run.values["learning"])
        folder = Path(values.pop("output_dir"))
        training = parse_dataclass(
            TrainingSettings, values.pop("training", {}), "configuration: learning.training"
        )
        settings = parse_dataclass(LearningSettings, values, "configuration: learning")
        given = dict(run.values.get("benchmark", {}))
        benchmark = parse_dataclass(BenchmarkSettings, given, "configuration: benchmark")
        benchmark = replace(
            benchmark,
            scenes=here_or_shipped(benchmark.scenes),
            models=here_or_shipped(benchmark.models),
        )
        return cls(run, folder, settings, training, benchmark)

    def round_folder(self, number: int) -> Path:
        """Return the folder of a round."""
        return self.folder / f"round_{number}"

    def collections_of(self, place: str) -> list[Path]:
        """Return the folders of the collections that a data set is made of."""
        rounds = range(1, _round_number(place) + 1)
        own = [self.round_folder(number) / EXPLORATION for number in rounds]
        return [Path(folder) for folder in self.settings.collections] + (own or [self.run.folder])

    def manifest_of(self, place: str) -> Path | str:
        """Return the manifest that says which split each scene learned from belongs to.

        The collection of the run is over scenes of a manifest of its own, the demo scenes included.
        A folder of scenes has none, and where further collections join, one manifest lists all.
        """
        own = self.run.settings.manifest or DEMO_SCENES
        if place == ONCE and not (self.run.settings.xml_dir or self.settings.collections):
            return own if Path(own).suffix == ".parquet" else self.settings.manifest
        return self.settings.manifest

    def manifest_file(self, place: str) -> list[str]:
        """Return that manifest as an input of the jobs that read it, unless its name is a pattern.

        Raises:
            UsageError: it does not exist, and the run does not make it either.
        """
        manifest = str(self.manifest_of(place))
        makes = [str(self.run.scene_manifest), self.run.certified]
        if manifest not in makes and not Path(manifest).is_file():
            raise UsageError(
                f"configuration: learning.manifest: {manifest}: no such file; "
                f"{how_to_certify(manifest, self.run.settings.xml_dir or 'FOLDER')}; {_GENERATED}"
            )
        return [] if odd_characters(manifest) else [manifest]

    def models_before(self, number: int) -> Path:
        """Return the folder of the best models before a round."""
        return self.round_folder(number - 1) / "best"

    def models_up_to(self, number: int) -> list[Path]:
        """Return the folders of the models of all rounds up to one."""
        return [self.round_folder(one) / "models" for one in range(1, number + 1)]

    def comparison(self, place: str) -> Comparison:
        """Return what is compared in a place."""
        if place == BENCHMARK:
            given = self.benchmark
            return Comparison(
                {name: given.arms[name] for name in given.compared},
                Path(given.models),
                str(self.benchmark_manifest),
                BENCHMARK,
                given.pushes,
                given.depth,
                given.seeds,
                given.chunk_size,
            )
        settings = self.settings
        names = settings.compared(in_round=_round_number(place) > 0)
        models = self.folder / place / "models"
        if place == ONCE and settings.compare_models is not None:
            models = Path(settings.compare_models)
        return Comparison(
            {name: settings.arms[name] for name in names},
            models,
            settings.test_manifest,
            "test",
            settings.compare_pushes,
            settings.compare_depth,
            settings.seeds,
            settings.chunk_size,
        )

    @property
    def benchmark_manifest(self) -> Path:
        """Manifest of the frozen scenes once they are unpacked."""
        return self.folder / BENCHMARK / "scenes" / MANIFEST

    def unpacked_for(self, place: str) -> list[Path]:
        """Return the manifest that the searches of a place wait for."""
        return [self.benchmark_manifest] if place == BENCHMARK else []

    def goal_model_for(self, place: str, kind: str) -> Path | None:
        """Return the goal model that a model of a kind is searched with; goal models need none."""
        return None if kind == "goal" else self.folder / place / "models" / "goal"

    def search(self, place: str, what: str) -> Search:
        """Return the collection in a place.

        Args:
            place: "once" or "round_N".
            what: "exploration", or "comparison/ARM".

        Raises:
            UsageError: the scenes have not been made.
        """
        size = self.settings.chunk_size
        if what == EXPLORATION:
            settings, environments = self._exploration(_round_number(place))
        else:
            settings, environments = self._compared(place, what.removeprefix(COMPARISON))
            size = self.comparison(place).chunk_size
        settings = {
            "ml_device": self.run.values["ml_device"],
            "max_terminal_checks": 1_000_000,
            "search_timeout": 600.0,
            **settings,
        }
        return Search(
            collector_options(settings, LABEL),
            environments,
            model_configs(settings),
            size,
            plug_ins_of(settings),
        )

    def markers_of(self, place: str, what: str) -> list[Path]:
        """Return what the chunks of a collection in a place leave behind.

        Raises:
            UsageError: the scenes have not been made.
        """
        folder = self.folder / place / what
        chunks = self.search(place, what).chunks
        return [Part.of(folder, *bounds(chunk)).marker for chunk in chunks]

    def _exploration(self, number: int) -> tuple[dict[str, Any], range]:
        settings, seed = self.settings, self.run.values["seed"] + number
        if seed > MAX_SEED:
            raise UsageError(
                f"configuration: seed is {seed - number}, and round {number} adds {number} to it; "
                f"allowed: 0 to {MAX_SEED - number}"
            )
        models = self.models_before(number)
        arm = settings.exploring(number)
        count = _scenes_in(settings.manifest, "train")
        options = {
            **arm.options(str(models / "object"), str(models / "goal")),
            "manifest": settings.manifest,
            "split": "train",
            "max_pushes": settings.explore_pushes,
            "max_depth": settings.explore_depth,
            "max_goals_per_object": settings.explore_goals,
            "seed": seed,
        }
        return options, settings.scenes_of_round(number, count)

    def _compared(self, place: str, arm: str) -> tuple[dict[str, Any], range]:
        asked = self.comparison(place)
        models = [str(asked.models / kind) for kind in ("object", "goal")]
        options = {
            "manifest": asked.manifest,
            "split": asked.split,
            "max_pushes": asked.pushes,
            "max_depth": asked.depth,
            "episodes_per_env": asked.seeds,
            "seed": self.run.values["seed"],
            **Arm.parse(arm, asked.arms[arm]).options(*models),
        }
        unknown = [name for name in options if name not in {*CollectionConfig.names(), *_PLACES}]
        if unknown:
            hint = did_you_mean(unknown[0], CollectionConfig.names())
            raise UsageError(f"arm '{arm}': unknown setting '{unknown[0]}'; {hint}")
        return options, range(self._scenes_compared(place))

    def _scenes_compared(self, place: str) -> int:
        if place == BENCHMARK:
            return len(first_of_classes(self.benchmark.scenes, self.benchmark.scenes_per_class))
        settings = self.settings
        wanted = settings.round_scenes if _round_number(place) else settings.compare_scenes
        count = _scenes_in(settings.test_manifest, "test")
        return count if wanted is None else min(wanted, count)


def _round_number(place: str) -> int:
    """Return the number of a round, 0 for another place."""
    return 0 if place in (ONCE, BENCHMARK) else int(place.removeprefix("round_"))


@cache
def _scenes_in(manifest: str, split: str) -> int:
    """Return how many scenes of a split there are; they must be made before learning starts."""
    try:
        return len(environments_from(None, Path(manifest), split).scenes)
    except UsageError as error:
        raise UsageError(f"{error}; {_GENERATED}") from None
