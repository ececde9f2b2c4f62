"""Collect: one job per chunk of environments, a process or several workers of it."""


rule collect:
    """Work through the environments of a chunk with the models loaded once.

    Besides its outputs a part holds plans, scenes and files of its environments. None of these is
    declared: Snakemake deletes what a failed job declares, and a rerun resumes from them.
    """
    input:
        script=SCRIPTS / "sequential_ml_collection.py",
        scenes=scenes_of,
        models=RUN.models,
    output:
        metrics=ensure(OUT / "parts" / "{chunk}" / "metrics.parquet", non_empty=True),
        pushes=ensure(OUT / "parts" / "{chunk}" / "pushes.parquet", non_empty=True),
        files=ensure(OUT / "parts" / "{chunk}" / "files.parquet", non_empty=True),
        marker=ensure(OUT / "parts" / "{chunk}" / "part.json", non_empty=True),
    log:
        OUT / "logs" / "collect" / "{chunk}.log",
    benchmark:
        OUT / "benchmarks" / "collect" / "{chunk}.tsv"
    conda:
        ENVIRONMENT
    threads: RUN.settings.cores
    resources:
        mem_mb=memory_of_workers,
        runtime=RUN.settings.runtime,
        gpu=RUN.gpus,
    params:
        options=RUN.options,
        versions=versions_of,
        tries=lambda wildcards: tries_in(OUT, wildcards.chunk),
        listed=lambda wildcards: RUN.list_digest(wildcards.chunk),
        start=lambda wildcards: bounds(wildcards.chunk)[0],
        end=lambda wildcards: bounds(wildcards.chunk)[1],
    shell:
        f"{UNLESS_REFUSED}"
        "python {input.script:q} --part-only {params.options}"
        " --start-idx {params.start} --end-idx {params.end}"
        f" --{RUN.settings.cores_for}"  # no params either
        " {threads}"
        f" --max-failed-fraction {RUN.settings.max_failed_fraction}"  # no param: it changes no result
        f" {COUNTED}"
