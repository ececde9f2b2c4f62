"""namo-collect: planning data for Navigation Among Movable Obstacles.

    scenes --> collect (one process a chunk) --> merge --> report
                  ^                                |
                  +--- models <--- train <--- dataset

`snakemake` collects and reports; `scenes`, `dataset`, `train`, `evaluate` and `rounds` are targets
of their own. Settings: config/. Rules: workflow/rules/, one file a stage.
"""

from snakemake.utils import min_version

min_version("9.0")


configfile: f"{workflow.basedir}/config/config.yaml"
configfile: f"{workflow.basedir}/config/scenes.yaml"
configfile: f"{workflow.basedir}/config/learning.yaml"


wildcard_constraints:
    chunk=r"\d+-\d+",


include: "workflow/rules/common.smk"
include: "workflow/rules/scenes.smk"
include: "workflow/rules/collect.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/learn_common.smk"
include: "workflow/rules/learn.smk"


onstart:
    begin()


onerror:
    say_how_to_go_on()


localrules:
    all,
    merge,
    page,
    report,
    choose_models,
    dataset,
    train,
    evaluate,
    rounds,


rule all:
    """A collected, summarised and reported run."""
    default_target: True
    input:
        rules.report.output,
        rules.page.output,
