"""namo-collect: planning data for Navigation Among Movable Obstacles.

    scenes --> collect (one process per chunk) --> merge --> report, summary
                  ^                                  |
                  +---- models <--- train <--- dataset

`snakemake` collects, makes the report and prints the summary; `scenes`, `certify`, `dataset`, `train`, `evaluate`, `rounds`
and `benchmark` are targets of their own. Settings: config/. Rules: workflow/rules/, one file per stage.
"""

from namo.shipped import here_or_shipped
from snakemake.utils import min_version

min_version("9.0")


include: "workflow/rules/console.smk"  # before Snakemake has something to say


configfile: here_or_shipped("config/config.yaml", workflow.basedir)
configfile: here_or_shipped("config/scenes.yaml", workflow.basedir)
configfile: here_or_shipped("config/learning.yaml", workflow.basedir)
configfile: here_or_shipped("config/benchmark.yaml", workflow.basedir)


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


localrules:
    all,
    merge,
    report,
    summary,
    choose_models,
    dataset,
    train,
    evaluate,
    rounds,
    unpack_benchmark,
    benchmark,


rule all:
    """A collected, summarised and reported run."""
    default_target: True
    input:
        rules.summary.output,
        rules.report.output,
