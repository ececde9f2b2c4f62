"""Collect: one job per chunk of environments, a process or several workers of it.

With `store` a chunk leaves one file in an object store, from which `fetch` puts it into the folder.
"""

PART = OUT / "parts" / "{chunk}"
if RUN.settings.store is None:
    COLLECTED = {
        name: ensure(here(PART / file), non_empty=True)
        for name, file in (
            ("metrics", "metrics.parquet"),
            ("pushes", "pushes.parquet"),
            ("files", "files.parquet"),
            ("marker", "part.json"),
        )
    }
    FIRST, THEN = "", ""
else:
    COLLECTED = {"archive": in_store("{chunk}")}
    FIRST, THEN = "(", (
        f" && python {shlex.quote(str(SCRIPTS / 'pack_part.py'))}"
        f" {shlex.quote(str(OUT))} --start-idx {{params.start}} --end-idx {{params.end}}"
        " --output {output.archive:q})"
    )


rule collect:
    """Work through the environments of a chunk with the models loaded once.

    Besides its outputs a part holds plans, scenes and files of its environments. None of these is
    declared: Snakemake deletes what a failed job declares, and a rerun resumes from them.
    """
    input:
        script=here(SCRIPTS / "sequential_ml_collection.py"),
        scenes=scenes_of,
        models=[here(file) for file in RUN.models],
    output:
        **COLLECTED,
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
        f"{UNLESS_REFUSED}{FIRST}"
        "python {input.script:q} --part-only {params.options}"
        " --start-idx {params.start} --end-idx {params.end}"
        f" --{RUN.settings.cores_for}"  # no params either
        " {threads}"
        f" --max-failed-fraction {RUN.settings.max_failed_fraction}"  # no param: it changes no result
        f"{THEN}"
        f" {COUNTED}"


if RUN.settings.store is not None:

    rule fetch:
        """Put a chunk from the object store into the folder of the collection."""
        input:
            script=here(SCRIPTS / "unpack_part.py"),
            archive=in_store("{chunk}"),
        output:
            marker=ensure(here(PART / "part.json"), non_empty=True),
        log:
            OUT / "logs" / "fetch" / "{chunk}.log",
        localrule: True
        conda:
            ENVIRONMENT
        params:
            folder=OUT,
        shell:
            "python {input.script:q} {input.archive:q} --output {params.folder:q}"
            f" {KEPT}"
