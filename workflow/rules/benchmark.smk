"""Compare planners in the frozen benchmark scenes; searches and comparison are those of learn.smk."""


rule unpack_benchmark:
    """Write the frozen scenes as files."""
    input:
        script=SCRIPTS / "unpack_scenes.py",
        packed=LEARN.benchmark.scenes,
    output:
        LEARN.benchmark_manifest,
    log:
        LEARN_OUT / BENCHMARK / "logs" / "unpack.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        per_class=(
            f"--per-class={LEARN.benchmark.scenes_per_class}"
            if LEARN.benchmark.scenes_per_class
            else ""
        ),
    shell:
        f"{UNLESS_REFUSED}"
        "python {input.script:q} {input.packed:q} --output $(dirname {output:q})"
        " {params.per_class}"
        f" {KEPT}"


rule benchmark:
    """Compare the planners of `benchmark: arms`: a table, a figure, paired tests."""
    input:
        LEARN_OUT / BENCHMARK / "evaluation" / "evaluation.md",
