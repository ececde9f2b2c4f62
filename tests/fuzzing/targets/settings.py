"""The checks of settings: of a run over the shipped ones, and of scenes in a file of their own.

An input is a YAML file. Of what the pipeline does with settings, what looks at folders that they
name is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import yaml

from namo.certification.settings import SceneSetSettings
from namo.commands.scenes_generate import scenes_mapping
from namo.config_parsing import parse_dataclass
from namo.errors import UsageError
from namo.pipeline.plain_values import require_plain_paths, with_plain_values
from namo.pipeline.settings import (
    check_settings,
    collector_options,
    pipeline_settings,
    with_models,
    with_new_keys,
)
from namo.pipeline.shipped_settings import over_shipped
from namo.training.benchmark_settings import BenchmarkSettings
from namo.training.learning_settings import LearningSettings
from namo.training.settings import TrainingSettings
from tests.conftest import REPOSITORY
from tests.faults.mutations import bent
from tests.fuzzing.plain_values import ODD, ODD_OF_YAML, mutated_value

ERRORS = (UsageError,)
SHIPPED = over_shipped({})
SCENES = sorted(REPOSITORY.glob("resources/models/*.yaml"))
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def seeds() -> list[bytes]:
    """The shipped settings by section, and those of the scenes that models were trained in."""
    sections = {key: value for key, value in SHIPPED.items() if isinstance(value, dict)}
    others = {key: value for key, value in SHIPPED.items() if key not in sections}
    parts = [others, *({key: value} for key, value in sections.items())]
    return [_written(part) for part in parts] + [path.read_bytes() for path in SCENES]


def read(data: bytes, folder: Path) -> None:
    path = folder / "input.yaml"
    path.write_bytes(data)
    try:
        given = yaml.load(data.decode(), Loader)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"{path}: Snakemake refuses it: {error}") from None
    problems = []
    for check in (_check_run, _check_scenes):
        try:
            check(given, path)
        except UsageError as error:
            problems.append(str(error))
    if problems:
        raise UsageError(f"{path}: {'; '.join(problems)}")


def _check_run(given: Any, path: Path) -> None:
    """What `RunPlan.from_config` and `LearningPlan.from_run` check."""
    if not isinstance(given, Mapping):
        raise UsageError(f"{path}: Snakemake refuses it: no mapping")
    values = with_plain_values(with_new_keys(_over_shipped(given), lambda _: None))
    check_settings(values)
    values |= with_models(values)
    require_plain_paths(values)
    pipeline_settings(values)
    collector_options(values, "label")
    scenes, learning = dict(values["scenes"]), dict(values["learning"])
    del scenes["output_dir"], learning["output_dir"]
    _scene_set(scenes)
    training = learning.pop("training", {})
    parse_dataclass(TrainingSettings, training, "configuration: learning.training").as_dict()
    parse_dataclass(LearningSettings, learning, "configuration: learning").as_dict()
    benchmark = dict(values.get("benchmark", {}))
    parse_dataclass(BenchmarkSettings, benchmark, "configuration: benchmark").as_dict()


def _check_scenes(given: Any, path: Path) -> None:
    """What `namo scenes generate --config` checks."""
    if not isinstance(given, Mapping) or "scenes" in given:
        _scene_set(scenes_mapping(path))


def _scene_set(scenes: Mapping[str, Any]) -> None:
    settings = SceneSetSettings.from_mapping(scenes, "configuration: scenes")
    settings.as_record()
    assert settings.wanted == sum(settings.targets.values())
    next(settings.quota_checks())


def _over_shipped(given: Mapping[Any, Any]) -> dict[Any, Any]:
    """What `over_shipped` returns, without reading the shipped files again."""
    merged: dict[Any, Any] = {**SHIPPED, **given}
    for key, below in SHIPPED.items():
        if isinstance(below, dict) and isinstance(merged[key], dict):
            merged[key] = {**below, **merged[key]}
    return merged


def mutated(data: bytes, rng: Random) -> bytes:
    try:
        value = yaml.load(data.decode(), Loader)
        return _written(mutated_value(value, rng, (*ODD, *ODD_OF_YAML)))
    except (ValueError, TypeError, yaml.YAMLError, RecursionError):
        return bent(data, rng)


def _written(value: object) -> bytes:
    text: str = yaml.dump(value, Dumper=Dumper, allow_unicode=True, sort_keys=False)
    return text.encode(errors="surrogatepass")
