"""namo-collect: planning data for Navigation Among Movable Obstacles.

    scenes --> collect (one process a chunk) --> merge --> report

`snakemake` collects and reports; `snakemake scenes` only makes scenes.
Settings: config/config.yaml, config/scenes.yaml. Rules: workflow/rules/, one file a stage.
"""

from snakemake.utils import min_version

min_version("9.0")


configfile: f"{workflow.basedir}/config/config.yaml"
configfile: f"{workflow.basedir}/config/scenes.yaml"


wildcard_constraints:
    chunk=r"\d+-\d+",


include: "workflow/rules/common.smk"
include: "workflow/rules/scenes.smk"
include: "workflow/rules/collect.smk"
include: "workflow/rules/report.smk"


onstart:
    keep_label()


localrules:
    all,
    merge,
    report,


rule all:
    """A collected, summarised and reported run."""
    default_target: True
    input:
        rules.report.output,
