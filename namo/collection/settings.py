"""The pipeline's settings: checked against a schema, and turned into the collector's options."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema

from namo.collection.config import ML_DEVICES, CollectionConfig
from namo.errors import UsageError
from namo.planning.registry import PLANNERS
from namo.scenes.presets import PHYSICS_PRESETS
from namo.strategies.registry import GOAL_STRATEGIES, OBJECT_STRATEGIES
from namo.wording import did_you_mean

Settings = Mapping[str, Any]

_REGISTRIES = {
    **{registry.kind: registry.names() for registry in (PLANNERS, OBJECT_STRATEGIES)},
    GOAL_STRATEGIES.kind: GOAL_STRATEGIES.names(),
    "physics preset": list(PHYSICS_PRESETS),
    "device": list(ML_DEVICES),
}

# JSON counts 2.0 as an integer; Python's range and the collector's options do not.
_Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)

_PLACES = ("output_dir", "hostname", "xml_dir", "manifest", "split")


def check_settings(settings: Settings, schema: Settings, home: Path = Path()) -> CollectionConfig:
    """Check the settings of a run and return those of its collection.

    Args:
        settings: as the configuration file and the command line give them.
        schema: JSON schema; `registry: KIND` stands for the names of that kind.
        home: see `with_models`.

    Raises:
        UsageError: names every key that is wrong, its value and what is allowed.
    """
    schema = filled_schema(schema)
    problems = [
        _in_words(error, schema) for error in _Validator(schema).iter_errors(dict(settings))
    ]
    if problems:
        raise UsageError("configuration: " + "; ".join(sorted(problems)))
    asked = with_models(settings, home)
    return CollectionConfig(
        **{name: asked[name] for name in CollectionConfig.names() if name in asked}
    )


def with_models(settings: Settings, home: Path) -> dict[str, Any]:
    """Return the settings with the models that its strategies ask, and no others.

    The configuration names a model for each kind, so that a strategy can be changed alone; the
    collector refuses a model that nothing asks.

    Args:
        settings: of a run, of the types that the schema asks for.
        home: folder below which a relative path is looked for too, after the working directory.
    """
    asked = dict(settings)
    for kind in ("object", "goal"):
        name = f"ml_{kind}_model"
        path = asked.get(name)
        if asked.get(f"{kind}_strategy") != "ml":
            asked[name] = None
        elif path is not None and not Path(path).exists() and (home / path).exists():
            asked[name] = str(home / path)
    return asked


def run_jobs_with_this_python() -> None:
    """Let `python` in the jobs be the one that runs Snakemake, wherever that was started from.

    A job in an environment of its own puts that environment in front again.
    """
    path = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), path])


def filled_schema(schema: Settings) -> Settings:
    """Return the schema with the names of every registry in place."""
    filled: dict[str, Any] = deepcopy(dict(schema))
    for name, rule in filled["properties"].items():
        if "registry" in rule:
            filled["properties"][name] = {"enum": _REGISTRIES[rule["registry"]]}
    return filled


def _in_words(error: jsonschema.ValidationError, schema: Settings) -> str:
    key = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        allowed = schema["properties"]
        unknown = sorted(set(error.instance) - set(allowed))
        return "; ".join(f"unknown key '{name}'; {did_you_mean(name, allowed)}" for name in unknown)
    if error.validator == "enum":
        value = str(error.instance)
        return f"{key} is '{value}'; {did_you_mean(value, error.schema['enum'])}"
    return f"{key or 'the file'}: {error.message}"


def collector_options(settings: Settings, label: str) -> str:
    """Return the options of the collector that carry out these settings, without a range.

    Args:
        settings: checked.
        label: of the run, for the names of its files.

    Returns:
        Text for a shell, quoted.
    """
    options = ["--hostname", label]
    places = {name: settings.get(name) for name in _PLACES if name != "hostname"}
    config = {name: settings.get(name) for name in CollectionConfig.names()}
    for name, value in {**places, **config}.items():
        if value is None or value is False:
            continue
        options.append(f"--{name.replace('_', '-')}")
        if value is not True:
            options.append(str(value))
    return shlex.join(options)
