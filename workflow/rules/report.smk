"""Report: merge the chunks, show what was found, and fail when too much failed."""


rule merge:
    """Merge the parts into the tables, summary, list of files and run file of the whole folder."""
    input:
        script=SCRIPTS / "sequential_ml_collection.py",
        markers=markers_to_merge,
    output:
        metrics=OUT / "metrics.parquet",
        pushes=OUT / "pushes.parquet",
        plans=OUT / "plans.parquet",
        scenes=OUT / "scenes.parquet",
        manifest=OUT / "manifest.parquet",
        summary=OUT / f"collection_summary_{RUN.label}.pkl",
        text=OUT / f"summary_{RUN.label}.txt",
        run=OUT / "run.json",
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
        script=SCRIPTS / "make_report.py",
        metrics=rules.merge.output.metrics,
        pushes=rules.merge.output.pushes,
        plans=rules.merge.output.plans,
        scenes=rules.merge.output.scenes,
        summary=rules.merge.output.summary,
        run=rules.merge.output.run,
    output:
        OUT / "report.html",
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
        script=SCRIPTS / "show_summary.py",
        summary=rules.merge.output.summary,
        text=rules.merge.output.text,
    output:
        touch(OUT / "parts" / ".summarised"),
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
