"""Report: merge the chunks, show what was found, and fail when too much failed."""


rule merge:
    """Merge the parts into the tables, summary, list of files and run file of the whole folder."""
    input:
        script=here(SCRIPTS / "sequential_ml_collection.py"),
        markers=markers_to_merge,
    output:
        metrics=here(OUT / "metrics.parquet"),
        pushes=here(OUT / "pushes.parquet"),
        plans=here(OUT / "plans.parquet"),
        scenes=here(OUT / "scenes.parquet"),
        manifest=here(OUT / "manifest.parquet"),
        summary=here(OUT / f"collection_summary_{RUN.label}.pkl"),
        text=here(OUT / f"summary_{RUN.label}.txt"),
        run=here(OUT / "run.json"),
    log:
        OUT / "logs" / "merge.log",
    benchmark:
        OUT / "benchmarks" / "merge.tsv"
    retries: 0
    localrule: True
    conda:
        ENVIRONMENT
    params:
        options=RUN.options,
        listed=lambda wildcards: RUN.list_digest(),
        start=RUN.environments.start,
        end=RUN.environments.stop,
    shell:
        "python {input.script:q} --merge-only {params.options}"
        " --start-idx {params.start} --end-idx {params.end}"
        f" {KEPT}"


rule report:
    """Show the whole collection as one page, with plans to play.

    Apart from the merge, so that the tables stay when it fails; it can be regenerated at any time.
    Before the summary, which may end the run.
    """
    input:
        script=here(SCRIPTS / "make_report.py"),
        metrics=here(rules.merge.output.metrics),
        pushes=here(rules.merge.output.pushes),
        plans=here(rules.merge.output.plans),
        scenes=here(rules.merge.output.scenes),
        summary=here(rules.merge.output.summary),
        run=here(rules.merge.output.run),
    output:
        here(OUT / "report.html"),
    log:
        OUT / "logs" / "report.log",
    benchmark:
        OUT / "benchmarks" / "report.tsv"
    priority: 1
    retries: 0
    localrule: True
    conda:
        ENVIRONMENT
    params:
        folder=OUT,
    shell:
        "python {input.script:q} {params.folder:q}" f" {KEPT}"


rule summary:
    """Print the summary; fail when more environments failed than is allowed.

    Apart from the merge, so that the tables stay when it fails.
    """
    input:
        script=here(SCRIPTS / "show_summary.py"),
        summary=here(rules.merge.output.summary),
        text=here(rules.merge.output.text),
    output:
        touch(here(OUT / "parts" / ".summarised")),
    log:
        OUT / "logs" / "summary.log",
    benchmark:
        OUT / "benchmarks" / "summary.tsv"
    retries: 0
    localrule: True
    conda:
        ENVIRONMENT
    params:
        folder=OUT,
        max_failed_fraction=RUN.settings.max_failed_fraction,
    shell:
        "python {input.script:q} {params.folder:q}"
        " --max-failed-fraction {params.max_failed_fraction}"
        f" {SHOWN}"
