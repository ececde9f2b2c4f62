"""The plan of the run, and what the rules share; what is planned is said in namo/pipeline."""

import json
import shlex
import sys
from importlib.metadata import version
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.settings.types import DeploymentMethod
from namo.errors import NamoError
from namo.pipeline.closing import closing_lines
from namo.pipeline.jobs import (
    UNLESS_REFUSED,
    forget_refusals,
    image_for,
    log_redirection,
    run_jobs_with_this_python,
    with_this_package,
)
from namo.pipeline.learning_plan import BENCHMARK, ONCE, ROUND, LearningPlan
from namo.pipeline.object_store import require_for_unshared_files
from namo.pipeline.run_plan import RunPlan, bounds, gpus
from namo.pipeline.shipped_settings import over_shipped
from namo.results.retries import tries_of
from namo.shipped import shipped_folder
from namo.version import (
    CERTIFICATION_VERSION,
    GENERATOR_VERSION,
    RESULTS_VERSION,
    SCHEMA_VERSION,
)

run_jobs_with_this_python()

HOME = shipped_folder()
SCRIPTS = HOME / "workflow" / "scripts"
ENVIRONMENT = str(HOME / "envs" / "namo.yaml")


def here(path):
    """Return a path that stays in the file system where Snakemake keeps all others in a store."""
    return local(path) if workflow.storage_settings.default_storage_provider else path


def planned(call, *arguments, **options):
    """Return what a part of the plan is, or end the run with its message."""
    try:
        return call(*arguments, **options)
    except NamoError as error:
        raise WorkflowError(str(error))


def note(line):
    print(line, file=sys.stderr)


# Snakemake leaves out `configfile` where a module is given its settings.
SETTINGS = over_shipped(config) if AS_MODULE else config
RUN = planned(RunPlan.from_config, SETTINGS, note)
LEARN = planned(LearningPlan.from_run, RUN)
OUT, SCENES_OUT, LEARN_OUT = RUN.folder, RUN.scenes_folder, LEARN.folder

for folder in map(str, (OUT, SCENES_OUT, LEARN_OUT)):
    if workflow.modifier.path_modifier.replace_prefix(folder) != folder:
        raise WorkflowError(
            f"module {__name__}: prefix and replace_prefix are not supported; set output_dir, "
            "scenes: output_dir and learning: output_dir in its config instead"
        )

if workflow.storage_settings.default_storage_provider:
    planned(require_for_unshared_files, RUN.settings)

DEPLOYED_WITH = workflow.deployment_settings.deployment_method
IMAGE = planned(
    image_for,
    RUN.settings.container,
    apptainer=DeploymentMethod.APPTAINER in DEPLOYED_WITH,
)
if DeploymentMethod.CONDA in DEPLOYED_WITH:
    shell.prefix(with_this_package(Path(".snakemake", "namo-collect")))


container: IMAGE


def begin():
    """Keep other runs out of the folders that are written; write down what is to be collected."""
    global locks  # go with this process
    jobs = list(workflow.dag.needrun_jobs())
    written = [Path(file) for job in jobs for file in job.output]
    locks = planned(RUN.begin, written, LEARN_OUT)
    forget_refusals(log for job in jobs for log in job.log)
    if ONE_LINE or (workflow.non_local_exec and not SILENT):
        show_progress(RUN.parts, written)


def say_what_was_found():
    """Say what to look at; the last lines of a run that collected something."""
    stop_progress()
    if not SILENT and OUT / "metrics.parquet" in written_files():
        for line in planned(closing_lines, OUT):
            note(line)


def written_files():
    """Return the files that the jobs of this run have written."""
    return {Path(file) for job in workflow.dag.finished_jobs for file in job.output}


def say_how_to_resume():
    """Say where to look, and that nothing is lost; the last lines of a run that failed."""
    stop_progress()
    interrupted = "Interrupted. " if CHATTER.interrupted else ""
    note(
        f"{interrupted}Finished environments are kept; rerun the same command to resume. "
        f"Progress: namo status {shlex.quote(str(OUT))}. Logs: {OUT / 'logs'}"
    )


# How a command's output is logged: shown too, or only when the job fails.
SHOWN = log_redirection(show=not SILENT)
KEPT = log_redirection(show=False)
COUNTED = log_redirection(show=None)  # a line of progress may stand for it

# Results of another version are collected again.
VERSIONS = f"{RESULTS_VERSION}, {SCHEMA_VERSION}, MuJoCo {version('mujoco')}"
SCENE_VERSIONS = ", ".join(
    [
        f"{GENERATOR_VERSION}, {CERTIFICATION_VERSION}, MuJoCo {version('mujoco')}",
        *planned(RUN.scene_settings.plug_ins).values(),
    ]
)


def scenes_of(wildcards):
    """Return the scene files of a chunk, so that a changed one is collected again."""
    return [here(file) for file in planned(RUN.scenes_of, wildcards.chunk)]


def scenes_to_certify(wildcards):
    """Return the scene files of one's own, so that a changed one is certified again."""
    return planned(RUN.scenes_to_certify)


def memory_of_chunk(wildcards, attempt):
    """Return the memory of a chunk process (MB); each retry requests the same amount on top."""
    return RUN.settings.mem_mb * attempt


def memory_of_workers(wildcards, threads, attempt):
    """Return the memory of a chunk process with its workers (MB), likewise."""
    return RUN.settings.memory_mb(threads) * attempt


def memory_of_processes(wildcards, threads, attempt):
    """Return the memory of a job with a process per thread (MB)."""
    return threads * memory_of_chunk(wildcards, attempt)


def tries_in(folder, chunk):
    """Return a number that grows when failures of a chunk are to be tried again."""
    return planned(tries_of, folder / "parts" / chunk)


def markers_to_merge(wildcards):
    """Return what the chunks leave behind, and have those run again that are not what is asked for.

    Their times, and Snakemake's own notes of settings, may say that nothing is to be done.
    """
    if workflow.is_main_process:
        outdated = planned(lambda: RUN.outdated)
        workflow.dag.forcefiles.update([*outdated, *stored_with(outdated)])
    return [here(OUT / "parts" / chunk / "part.json") for chunk in RUN.chunks]


def in_store(chunk):
    """Return the file of a chunk in the object store."""
    return storage(f"{RUN.settings.store}/{chunk}.tar")


def stored_with(markers):
    """Return the files in the object store that markers of chunks come from, if there is one."""
    if RUN.settings.store is None:
        return []
    chunks = {str(part.marker): part.folder.name for part in RUN.parts}
    return [str(in_store(chunks[file])) for file in markers if file in chunks]


def versions_of(wildcards):
    """Return what a chunk is collected again for when it changes, beside settings and inputs."""
    unlisted = planned(RUN.unlisted_scenes_of, wildcards.chunk)
    return f"{VERSIONS}, {unlisted}" if unlisted else VERSIONS


def search_versions(wildcards):
    """Return the same for a chunk of a collection in a place."""
    return ", ".join([VERSIONS, *search_of(wildcards).plug_ins.values()])


def search_of(wildcards):
    """Return the collection in a place."""
    return planned(LEARN.search, wildcards.place, wildcards.what)


def search_range(wildcards):
    """Return the first environment of a collection in a place, and one past its last."""
    environments = search_of(wildcards).environments
    return environments.start, environments.stop


def markers_of(wildcards):
    """Return what the chunks of a collection in a place leave behind."""
    return planned(LEARN.markers_of, wildcards.place, wildcards.what)


def manifest_for(wildcards):
    """Return the manifest that says which split the scenes of a place belong to."""
    return planned(LEARN.manifest_file, wildcards.place)


def goal_model_for(wildcards):
    """Return the config of the goal model that an object model is searched with."""
    model = LEARN.goal_model_for(wildcards.place, wildcards.kind)
    return [] if model is None else model / "config.json"
