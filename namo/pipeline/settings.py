"""The pipeline's settings: checked against a schema, and turned into the collector's options."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import jsonschema

from namo.collection.config import CollectionConfig
from namo.declared_settings import (
    check_declared,
    declarations,
    option_name,
    required_names,
    schema_properties,
    setting,
    setting_arguments,
)
from namo.errors import UsageError
from namo.option_checks import MAX_THREADS, option_with
from namo.results.run_lock import LABEL_PATTERN
from namo.shipped import here_or_shipped
from namo.wording import did_you_mean

Settings = Mapping[str, Any]

RENAMED_KEYS = {"max_failed_share": "max_failed_fraction"}
"""Old name of a setting -> its name. Old names are accepted for one version."""

_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "object": "a mapping",
    "null": "null",
}
_REQUIRED_OF_COLLECTION = ["algorithm", "object_strategy", "goal_strategy"]
_PLACES = ("output_dir", "hostname", "xml_dir", "manifest", "split")


@dataclass(frozen=True)
class PipelineSettings:
    """The settings of a run that are not those of its collection: places, range, jobs.

    None of them changes a result. The schema checks types, and what is too small; what is too large
    is checked here.

    Raises:
        UsageError: names the option, the value and what is allowed.
    """

    output_dir: str = setting(help="folder of the collection", min_length=1, is_path=True)
    start_idx: int = setting(help="first environment of the list", minimum=0)
    end_idx: int = setting(help="one past the last environment; -1: to the end", minimum=-1)
    chunk_size: int = setting(
        help="environments per chunk: one process, which loads the models once", minimum=1
    )
    watch_scenes: bool = setting(
        help="collect again when a scene file changes; looks at every file at every start, so turn "
        "it off for hundreds of thousands (a changed scene then counts only in a chunk that runs "
        "anyway)"
    )
    max_failed_fraction: float = setting(
        help="the run fails when more than this fraction of environments failed",
        minimum=0,
        maximum=1,
    )
    mem_mb: int = setting(
        help="memory per chunk process, for schedulers; each retry gets that much more",
        unit="MB",
        minimum=100,
    )
    runtime: int = setting(
        help="time limit per chunk process, for schedulers", unit="minutes", minimum=1
    )
    workers: int = setting(
        1,
        help="environments that a chunk job collects in parallel, in processes that share the "
        "loaded models; results do not change; on a CPU only",
        minimum=1,
        ceiling=MAX_THREADS,
    )
    worker_mem_mb: int = setting(
        500, help="memory per further worker of a chunk, for schedulers", unit="MB", minimum=10
    )
    threads: int = setting(
        1,
        help="pushes that a job simulates in parallel from one state (tree_idfs, optimal_idfs, "
        "expanding_idfs, exhaustive_poses, certification); more jobs keep cores busier than more "
        "threads",
        minimum=1,
        ceiling=MAX_THREADS,
    )
    store: str | None = setting(
        None,
        help="folder of an object store that the finished chunks go to, each as one file: "
        "s3://BUCKET/FOLDER",
        none="chunks stay in output_dir",
        pattern=r"s3://[^/{}<>]+(/[^/{}<>]+)+",
    )
    container: str | None = setting(
        None,
        help="image that jobs run in with --software-deployment-method apptainer: a .sif file, or "
        "docker://NAME:TAG",
        none="none",
        min_length=1,
    )
    hostname: str | None = setting(
        None,
        help="label in file names",
        none="this machine's name, kept for reruns",
        pattern=LABEL_PATTERN,
    )
    xml_dir: str | None = setting(
        None,
        help="folder of scenes (*.xml, searched recursively, sorted)",
        min_length=1,
        is_path=True,
    )
    manifest: str | None = setting(
        None,
        help="list of scenes",
        none="those of xml_dir, else the demo scenes",
        min_length=1,
        is_path=True,
    )
    certified: str = setting(
        "results/certified/scenes.parquet",
        help="manifest that the target certify writes for the scenes of xml_dir",
        min_length=1,
        pattern=r".*\.parquet",
        is_path=True,
    )
    split: str | None = setting(
        None, help="split of a Parquet manifest: train, val, test", none="all", min_length=1
    )

    def __post_init__(self) -> None:
        check_declared(self)
        if self.workers > 1 and self.threads > 1:
            raise UsageError(
                f"configuration: workers is {self.workers} and threads is {self.threads}; one of "
                "them must be 1: workers keep cores busier than threads"
            )

    @property
    def cores_for(self) -> str:
        """What a chunk job has as many of as it has cores: "workers" or "threads"."""
        return "workers" if self.workers > 1 else "threads"

    @property
    def cores(self) -> int:
        """Cores that a chunk job asks for."""
        return max(self.workers, self.threads)

    def memory_mb(self, cores: int) -> int:
        """Return the memory that a chunk job asks for (MB).

        Args:
            cores: that it gets, which may be fewer than it asks for.
        """
        further = cores - 1 if self.workers > 1 else 0
        return self.mem_mb + further * self.worker_mem_mb


def pipeline_schema() -> dict[str, Any]:
    """Return the JSON schema of all settings of a run, made from their declarations."""
    folder = {"type": "string", "minLength": 1}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "settings of a run",
        "type": "object",
        "additionalProperties": False,
        "required": [
            "scenes",
            "learning",
            *required_names(PipelineSettings),
            *_REQUIRED_OF_COLLECTION,
        ],
        "properties": {
            # What is below them is checked by the settings of each stage.
            "scenes": {
                "type": "object",
                "required": ["output_dir"],
                "properties": {"output_dir": folder},
            },
            "learning": {
                "type": "object",
                "required": ["output_dir"],
                "properties": {"output_dir": folder, "training": {"type": "object"}},
            },
            "benchmark": {"type": "object"},
            **schema_properties(PipelineSettings),
            **schema_properties(CollectionConfig),
        },
    }


def _enum(
    _validator: object, allowed: Container[object], value: object, _rule: object
) -> Iterator[jsonschema.ValidationError]:
    if value not in allowed:  # a registry contains more than it lists: package.module:Class
        yield jsonschema.ValidationError(f"{value!r} is not allowed")


# JSON counts 2.0 as an integer; Python's range and the collector's options do not.
_Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    validators={"enum": _enum},
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


def with_new_keys(settings: Settings, note: Callable[[str], object]) -> dict[str, Any]:
    """Return the settings with old names of keys replaced.

    Args:
        settings: as the configuration files and the command line give them. A value under an old
            name counts: the shipped file gives only the new one.
        note: takes a line for each old name.
    """
    renamed = dict(settings)
    for old, new in RENAMED_KEYS.items():
        if old in renamed:
            renamed[new] = renamed.pop(old)
            note(f"note: {old} is now {new}; the old name goes away with the next version")
    return renamed


def check_settings(settings: Settings) -> CollectionConfig:
    """Check the settings of a run and return those of its collection.

    Args:
        settings: as the configuration files and the command line give them.

    Raises:
        UsageError: names every key that is wrong, its value and what is allowed.
    """
    schema = pipeline_schema()
    problems = [_message(error, schema) for error in _Validator(schema).iter_errors(dict(settings))]
    if problems:
        raise UsageError("configuration: " + "; ".join(sorted(problems)))
    asked = with_models(settings)
    return CollectionConfig(
        **{name: asked[name] for name in CollectionConfig.names() if name in asked}
    )


def pipeline_settings(settings: Settings) -> PipelineSettings:
    """Return the settings of a run that are not those of its collection.

    Args:
        settings: checked.
    """
    names = [field.name for field in fields(PipelineSettings)]
    return PipelineSettings(**{name: settings[name] for name in names if name in settings})


def with_models(settings: Settings) -> dict[str, Any]:
    """Return the settings with the models that its strategies use, and no others.

    The configuration names a model for each kind, so that a strategy can be changed alone; the
    collector refuses a model that no strategy uses.

    Args:
        settings: of a run, of the types that the schema asks for. Paths of models may be those of
            shipped ones, see `namo.shipped.here_or_shipped`.
    """
    asked = dict(settings)
    for kind in ("object", "goal"):
        name = f"ml_{kind}_model"
        path = asked.get(name)
        if asked.get(f"{kind}_strategy") != "ml":
            asked[name] = None
        elif path is not None:
            asked[name] = here_or_shipped(path)
    return asked


PATH_NAMES = frozenset(
    name
    for cls in (PipelineSettings, CollectionConfig)
    for name, declared in declarations(cls).items()
    if declared.is_path
)


def _message(error: jsonschema.ValidationError, schema: Settings) -> str:
    key = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        allowed = schema["properties"]
        unknown = sorted(str(name) for name in set(error.instance) - set(allowed))
        return "; ".join(f"unknown key '{name}'; {did_you_mean(name, allowed)}" for name in unknown)
    if error.validator == "enum":
        value = str(error.instance)
        return f"{key} is '{value}'; {did_you_mean(value, error.schema['enum'])}"
    if error.validator == "type" and key:
        return f"{key} is {_as_written(error.instance)}; it must be {_kind(error)}"
    return f"{key or 'the file'}: {error.message}"


def _as_written(value: object) -> str:
    """Return a value as YAML spells it, such as null, true or "text"."""
    try:
        return json.dumps(value)
    except (TypeError, ValueError):
        return repr(value)


def _kind(error: jsonschema.ValidationError) -> str:
    """Return what a value must be, in words, and how to write it where that is easily mistaken."""
    given = error.validator_value
    kinds = [str(kind) for kind in (given if isinstance(given, list) else [given])]
    rule = error.schema
    low = rule.get("minimum", rule.get("exclusiveMinimum"))
    limits = "" if low is None else f" {'above' if 'exclusiveMinimum' in rule else 'from'} {low}"
    words = " or ".join(_KINDS.get(kind, kind) for kind in kinds)
    is_number = isinstance(error.instance, int | float) and not isinstance(error.instance, bool)
    if "string" in kinds and is_number:
        return (
            f'{words}; put it in quotes in a file ("{error.instance}"), and write ./NAME for a '
            "path on the command line"
        )
    return f"{words}{limits}"


def collector_options(settings: Settings, label: str) -> str:
    """Return the options of `namo collect` that apply these settings, without a range.

    Args:
        settings: checked.
        label: of the run, for the names of its files.

    Returns:
        Text for a shell, quoted.
    """
    options = ["--hostname", label]
    for name in _PLACES:
        if name != "hostname" and settings.get(name) is not None:
            options += option_with(option_name(name), settings[name], is_path=name in PATH_NAMES)
    for name in CollectionConfig.names():
        options += setting_arguments(CollectionConfig, name, settings.get(name))
    return shlex.join(options)
