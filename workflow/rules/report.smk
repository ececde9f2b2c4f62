"""Report: merge the chunks, say what was found, and fail when too much failed."""


rule merge:
    """Make tables, summary, text report and manifest of the whole folder."""
    input:
        script=SCRIPTS / "sequential_ml_collection.py",
        markers=expand(OUT / "parts" / "{chunk}" / "part.json", chunk=CHUNKS),
    output:
        metrics=OUT / "metrics.parquet",
        pushes=OUT / "pushes.parquet",
        plans=OUT / "plans.parquet",
        scenes=OUT / "scenes.parquet",
        manifest=OUT / "manifest.parquet",
        summary=OUT / f"collection_summary_{LABEL}.pkl",
        report=OUT / f"summary_{LABEL}.txt",
        run=OUT / "run.json",
    log:
        OUT / "logs" / "merge.log",
    benchmark:
        OUT / "benchmarks" / "merge.tsv"
    retries: 0
    conda:
        ENVIRONMENT
    params:
        options=OPTIONS,
        start=RANGE.start,
        end=RANGE.stop,
    shell:
        "python {input.script:q} --merge-only {params.options}"
        " --start-idx {params.start} --end-idx {params.end}"
        f" {KEEP}"


rule page:
    """Show the whole collection as one page, with plans to play.

    Apart from the merge, so that the tables stay when it fails; it can be made again at any time.
    Before the verdict, which may end the run.
    """
    input:
        script=SCRIPTS / "make_page.py",
        metrics=rules.merge.output.metrics,
        pushes=rules.merge.output.pushes,
        plans=rules.merge.output.plans,
        scenes=rules.merge.output.scenes,
        summary=rules.merge.output.summary,
        run=rules.merge.output.run,
    output:
        OUT / "report.html",
    log:
        OUT / "logs" / "page.log",
    benchmark:
        OUT / "benchmarks" / "page.tsv"
    priority: 1
    retries: 0
    conda:
        ENVIRONMENT
    params:
        folder=OUT,
    shell:
        "python {input.script:q} --collection {params.folder:q}" f" {KEEP}"


rule report:
    """Show the report; fail when more environments failed than is allowed.

    Apart from the merge, so that the tables stay when the verdict is bad.
    """
    input:
        script=SCRIPTS / "show_report.py",
        summary=rules.merge.output.summary,
        report=rules.merge.output.report,
    output:
        touch(OUT / "parts" / ".reported"),
    log:
        OUT / "logs" / "report.log",
    benchmark:
        OUT / "benchmarks" / "report.tsv"
    retries: 0
    conda:
        ENVIRONMENT
    params:
        max_failed_share=config["max_failed_share"],
    shell:
        "python {input.script:q} --summary {input.summary:q} --report {input.report:q}"
        " --max-failed-share {params.max_failed_share}"
        " > {log:q} 2>&1 || (cat {log:q} >&2; false); cat {log:q}"
