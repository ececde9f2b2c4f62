"""Settings, environments and chunks: what the rules share."""

from importlib.metadata import version
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

from namo.collection.command_line import run_label
from namo.collection.config import require_writable
from namo.collection.parts import range_name
from namo.collection.settings import (
    check_settings,
    collector_options,
    run_jobs_with_this_python,
)
from namo.errors import NamoError
from namo.files import replacing
from namo.scenes.sources import environments_from, resolve_range
from namo.strategies.learned import refuse_learned
from namo.version import RESULTS_VERSION, SCHEMA_VERSION

run_jobs_with_this_python()

SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"
SCHEMA = Path(workflow.basedir) / "workflow" / "schemas" / "config.schema.yaml"
ENVIRONMENT = str(Path(workflow.basedir) / "envs" / "namo.yaml")


def folder_or_none(value):
    return None if value is None else Path(value)


def label_of_run(output_dir):
    """Return the label of the run: fixed where it is started, the same for every job and rerun.

    A job on another machine reads this file again; asking for the host name there would name
    other files.
    """
    kept = output_dir / ".hostname"
    if not config.get("hostname") and kept.exists():
        return run_label(kept.read_text().strip())
    return run_label(config.get("hostname"))


def keep_label():
    """Write the label down before the first job starts."""
    if not config.get("hostname"):
        with replacing(OUT / ".hostname") as handle:
            handle.write(f"{LABEL}\n".encode())


try:
    check_settings(config, yaml.safe_load(SCHEMA.read_text()))
    SCENES = environments_from(
        folder_or_none(config.get("xml_dir")), folder_or_none(config.get("manifest"))
    ).paths
    RANGE = resolve_range(config["start_idx"], config["end_idx"], len(SCENES))
    OUT = Path(config["output_dir"])
    require_writable(OUT, "output_dir")
    LABEL = label_of_run(OUT)
    for kind in ("object", "goal"):
        if config[f"{kind}_strategy"] == "ml":
            refuse_learned(kind)
except NamoError as error:
    raise WorkflowError(str(error))

# Results of another version are collected again.
VERSIONS = f"{RESULTS_VERSION}, {SCHEMA_VERSION}, MuJoCo {version('mujoco')}"
OPTIONS = collector_options(config, LABEL)
CHUNKS = [
    range_name(start, min(start + config["chunk_size"], RANGE.stop))
    for start in RANGE[:: config["chunk_size"]]
]


def bounds(chunk):
    """Return the first environment of a chunk and one past its last."""
    start, end = chunk.split("-")
    return int(start), int(end)


def scenes_of(wildcards):
    """Return the scene files of a chunk, so that a changed one is collected again."""
    start, end = bounds(wildcards.chunk)
    return [str(path) for path in SCENES[start:end]] if config["watch_scenes"] else []
