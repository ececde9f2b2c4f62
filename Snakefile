"""namo-collect: planning data for Navigation Among Movable Obstacles.

    scenes --> collect (one process per chunk) --> merge --> report, summary
                  ^                                  |
                  +---- models <--- train <--- dataset

`snakemake` collects, makes the report and prints the summary; `scenes`, `certify`, `dataset`, `train`, `evaluate`, `rounds`
and `benchmark` are targets of their own. Settings: config/. Rules: workflow/rules/, one file per stage.
"""

from namo.shipped import here_or_shipped, shipped_folder
from snakemake.utils import min_version

min_version("9.0")

AS_MODULE = not workflow.modifier.is_main_snakefile()
# Settings beside the Snakefile of a workflow that uses this one as a module are its own.
PROJECT = str(shipped_folder()) if AS_MODULE else workflow.basedir


include: "workflow/rules/console.smk"  # before Snakemake has something to say


configfile: here_or_shipped("config/config.yaml", PROJECT)
configfile: here_or_shipped("config/scenes.yaml", PROJECT)
configfile: here_or_shipped("config/learning.yaml", PROJECT)
configfile: here_or_shipped("config/benchmark.yaml", PROJECT)


wildcard_constraints:
    chunk=r"\d+-\d+",


include: "workflow/rules/common.smk"
include: "workflow/rules/scenes.smk"
include: "workflow/rules/collect.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/learn.smk"
include: "workflow/rules/benchmark.smk"


onstart:
    begin()


onsuccess:
    say_what_was_found()


onerror:
    say_how_to_resume()


rule all:
    """A collected, summarised and reported run."""
    default_target: not AS_MODULE
    input:
        here(rules.summary.output[0]),
        here(rules.report.output[0]),
