"""Scenes: draw candidates and measure them in chunks, then fill the quotas; certify one's own."""


rule certify_candidates:
    """Draw a chunk of candidates and measure how hard each is.

    The journal of a chunk is not declared: Snakemake deletes what a failed job declares, and a rerun
    resumes from it.
    """
    input:
        script=SCRIPTS / "certify_candidates.py",
    output:
        ensure(SCENES_OUT / "candidates" / "{chunk}.parquet", non_empty=True),
    log:
        SCENES_OUT / "logs" / "certify" / "{chunk}.log",
    benchmark:
        SCENES_OUT / "benchmarks" / "certify" / "{chunk}.tsv"
    conda:
        ENVIRONMENT
    threads: RUN.settings.threads
    resources:
        mem_mb=memory_of_chunk,
        runtime=RUN.settings.runtime,
    params:
        settings=json.dumps(RUN.scene_settings.decisive(), sort_keys=True),
        versions=SCENE_VERSIONS,
        templates=list(RUN.templates),
        start=lambda wildcards: bounds(wildcards.chunk)[0],
        end=lambda wildcards: bounds(wildcards.chunk)[1],
        folder=SCENES_OUT,
    shell:
        f"{UNLESS_REFUSED}"
        "python {input.script:q} --start {params.start} --end {params.end}"
        " --output {params.folder:q} --settings {params.settings:q} --threads {threads}"
        f" {SHOWN}"


rule scenes:
    """Write the scenes that the quotas ask for, their manifest and the report of the yield.

    Draws and measures what is still missing when the candidates of the jobs do not fill the quotas.
    """
    input:
        chunks=RUN.candidates,
        script=SCRIPTS / "make_scenes.py",
    output:
        manifest=RUN.scene_manifest,
        report=SCENES_OUT / "scenes.txt",
    log:
        SCENES_OUT / "logs" / "scenes.log",
    benchmark:
        SCENES_OUT / "benchmarks" / "scenes.tsv"
    conda:
        ENVIRONMENT
    threads: 4
    resources:
        mem_mb=memory_of_processes,
        runtime=RUN.settings.runtime,
    params:
        settings=json.dumps(RUN.scene_settings.as_dict(), sort_keys=True),
        versions=SCENE_VERSIONS,
        templates=list(RUN.templates),
        folder=SCENES_OUT,
    shell:
        f"{UNLESS_REFUSED}"
        "python {input.script:q} --output {params.folder:q} --settings {params.settings:q}"
        " --jobs {threads}"
        f" {SHOWN}"


rule certify:
    """Write the manifest of one's own scenes: layouts, splits, difficulty.

    The log of figures is not declared, so that scenes are measured once.
    """
    input:
        script=SCRIPTS / "certify_scenes.py",
        scenes=scenes_to_certify,
    output:
        RUN.certified,
    log:
        Path(RUN.settings.certified).parent / "logs" / "certify.log",
    benchmark:
        Path(RUN.settings.certified).parent / "benchmarks" / "certify.tsv"
    conda:
        ENVIRONMENT
    threads: 4
    resources:
        mem_mb=memory_of_processes,
        runtime=RUN.settings.runtime,
    params:
        folder=RUN.settings.xml_dir,
        options=RUN.certify_options,
        versions=SCENE_VERSIONS,
    shell:
        f"{UNLESS_REFUSED}"
        "python {input.script:q} {params.folder:q} --output {output:q} {params.options:q}"
        " --jobs {threads}"
        f" --max-failed-fraction {RUN.settings.max_failed_fraction}"  # no param: it changes no result
        f" {SHOWN}"
