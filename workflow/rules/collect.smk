"""Collect: one process a chunk of environments."""


rule collect:
    """Work through the environments of a chunk with the models loaded once.

    The files of single environments are not declared here: Snakemake deletes what a failed job
    declares, and they are what a rerun goes on from.
    """
    input:
        script=SCRIPTS / "sequential_ml_collection.py",
        scenes=scenes_of,
        models=MODELS_ASKED,
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
    threads: config["threads"]
    resources:
        mem_mb=lambda wildcards, attempt: config["mem_mb"] * attempt,
        runtime=config["runtime"],
        gpu=gpus(MODELS_ASKED, config["ml_device"]),
    params:
        options=OPTIONS,
        versions=VERSIONS,
        start=lambda wildcards: bounds(wildcards.chunk)[0],
        end=lambda wildcards: bounds(wildcards.chunk)[1],
    shell:
        "python {input.script:q} --part-only {params.options}"
        " --start-idx {params.start} --end-idx {params.end}"
        " --threads {threads}"
        f" --max-failed-share {config['max_failed_share']}"  # no param: it changes no result
        f" {TEE}"
