"""Settings, environments and chunks: what the rules share."""

import json
import shlex
import sys
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.settings.enums import Quietness

from namo.certification.settings import SceneSetSettings
from namo.results.run_lock import run_label
from namo.option_checks import require_writable
from namo.results.run_lock import only_run_in, write_plan
from namo.collection.settings import (
    check_settings,
    collector_options,
    run_jobs_with_this_python,
    with_models,
)
from namo.errors import NamoError
from namo.files import replacing
from namo.scenes.sources import (
    DEMO_SCENES,
    environments_from,
    range_name,
    resolve_range,
)
from namo.version import (
    CERTIFICATION_VERSION,
    GENERATOR_VERSION,
    RESULTS_VERSION,
    SCHEMA_VERSION,
)

run_jobs_with_this_python()

SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"
SCHEMA = Path(workflow.basedir) / "workflow" / "schemas" / "config.schema.yaml"
ONLY_RUN = ExitStack()  # locks that go with this process
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


def begin():
    """Keep other runs out of the folders that are written; write down what is to be collected."""
    written = [Path(file) for job in workflow.dag.needrun_jobs() for file in job.output]
    folders = [
        folder
        for folder in (OUT, SCENES_OUT, LEARN_OUT)
        if any(file.is_relative_to(folder) for file in written)
    ]
    try:
        for folder in folders:
            ONLY_RUN.enter_context(only_run_in(folder))
    except NamoError as error:
        raise WorkflowError(str(error))
    if OUT in folders:
        keep_label()


def say_how_to_go_on():
    """Say where to look, and that nothing is lost; the last lines of a run that failed."""
    print(
        f"Finished environments are kept; the same command goes on from there. How far it is: "
        f"namo status {shlex.quote(str(OUT))}. Logs: {OUT / 'logs'}",
        file=sys.stderr,
    )


def keep_label():
    """Write down the label, and what is to be collected, before the first job starts."""
    write_plan(OUT, LABEL, [bounds(chunk) for chunk in CHUNKS])
    if not config.get("hostname"):
        with replacing(OUT / ".hostname") as handle:
            handle.write(f"{LABEL}\n".encode())


def scene_settings():
    """Return the folder of the scenes that are made, and their settings."""
    settings = dict(config["scenes"])
    folder = settings.pop("output_dir")
    return Path(folder), SceneSetSettings.from_mapping(
        settings, "configuration: scenes"
    )


def scenes_are_made_here():
    """Return whether the collection is over the scenes that the rule `scenes` makes.

    How many these are is known beforehand, so collecting can be planned before they are there. A
    split of them cannot.
    """
    manifest = config.get("manifest")
    made = SCENES_OUT / "scenes.parquet"
    return (
        bool(manifest)
        and Path(manifest).resolve() == made.resolve()
        and not config.get("split")
    )


def model_configs(settings):
    """Return the configs of the models that strategies ask; each holds the weights' hash."""
    paths = [settings.get(f"ml_{kind}_model") for kind in ("object", "goal")]
    return [str(Path(path) / "config.json") for path in paths if path is not None]


def gpus(models, device):
    """Return how many GPUs a job takes: one where it puts models on one, and `auto` asks for none.

    A number, so that the profiles can limit how many jobs have one at a time.
    """
    return int(bool(models) and device == "cuda")


def listed_scenes():
    """Return the scene files to collect, in order."""
    return environments_from(
        folder_or_none(config.get("xml_dir")),
        folder_or_none(config.get("manifest")),
        config.get("split"),
        look=config["watch_scenes"],
    ).paths


try:
    # The shipped models are found from everywhere.
    check_settings(config, yaml.safe_load(SCHEMA.read_text()), Path(workflow.basedir))
    config |= with_models(config, Path(workflow.basedir))
    SCENES_OUT, SCENE_SETTINGS = scene_settings()
    TEMPLATES = SCENE_SETTINGS.template_hashes()  # changed ones are drawn from again
    SCENES = None if scenes_are_made_here() else listed_scenes()
    COUNT = SCENE_SETTINGS.wanted if SCENES is None else len(SCENES)
    RANGE = resolve_range(config["start_idx"], config["end_idx"], COUNT)
    OUT = Path(config["output_dir"])
    require_writable(OUT, "output_dir")
    LABEL = label_of_run(OUT)
except NamoError as error:
    raise WorkflowError(str(error))

# Shows a job's lines and keeps them. Snakemake empties a log before each try: those of all tries
# are in a file beside it. A signal to all processes of the job leaves `tee` the last words.
TEE = "2>&1 | (trap '' INT TERM USR1; tee -a {log:q} {log:q}.all)"

# Keeps a job's lines, and shows them when it fails: a profile that is quiet about rules hides even
# Snakemake's word on it.
KEEP = "> {log:q} 2>&1 || (tail -n 20 {log:q} >&2; false)"

QUIET = workflow.output_settings.quiet or ()
if Quietness.ALL in QUIET:  # then jobs talk to their logs alone
    shell.prefix("set -euo pipefail; exec > /dev/null; ")

# Results of another version are collected again.
VERSIONS = f"{RESULTS_VERSION}, {SCHEMA_VERSION}, MuJoCo {version('mujoco')}"
SCENE_VERSIONS = (
    f"{GENERATOR_VERSION}, {CERTIFICATION_VERSION}, MuJoCo {version('mujoco')}"
)
MODELS_ASKED = model_configs(config)
OPTIONS = collector_options(config, LABEL)
CANDIDATES = [
    SCENES_OUT / "candidates" / f"{range_name(chunk.start, chunk.stop)}.parquet"
    for chunk in SCENE_SETTINGS.first_chunks()
]
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
    if SCENES is None:
        try:
            SCENE_SETTINGS.require_made_with(SCENES_OUT / "scenes.parquet")
        except NamoError as error:
            raise WorkflowError(str(error))
        return rules.scenes.output.manifest
    start, end = bounds(wildcards.chunk)
    return [str(path) for path in SCENES[start:end]] if config["watch_scenes"] else []
