"""Learn: explore, make data sets, train, compare; once, or in rounds.

A place is a folder below `learning: output_dir`: `once`, one of the rounds, or `benchmark`; which files belong to
it is said in namo/pipeline/learning_plan.py.
"""


wildcard_constraints:
    place=f"{ONCE}|{ROUND}|{BENCHMARK}",
    what=r"exploration|comparison/\w+",
    kind="object|goal",
    number=r"\d+",


rule search_chunk:
    """Explore, or search for a comparison, in a chunk of scenes."""
    input:
        script=SCRIPTS / "sequential_ml_collection.py",
        models=lambda wildcards: search_of(wildcards).models,
        scenes=lambda wildcards: LEARN.unpacked_for(wildcards.place),
    output:
        marker=LEARN_OUT / "{place}" / "{what}" / "parts" / "{chunk}" / "part.json",
    log:
        LEARN_OUT / "{place}" / "{what}" / "logs" / "{chunk}.log",
    benchmark:
        LEARN_OUT / "{place}" / "{what}" / "benchmarks" / "{chunk}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory_of_chunk,
        runtime=RUN.settings.runtime,
        gpu=lambda wildcards: gpus(
            RUN.values["ml_device"], runs_models=bool(search_of(wildcards).models)
        ),
    params:
        options=lambda wildcards: search_of(wildcards).options,
        folder=lambda wildcards: LEARN_OUT / wildcards.place / wildcards.what,
        versions=search_versions,
        tries=lambda wildcards: tries_in(
            LEARN_OUT / wildcards.place / wildcards.what, wildcards.chunk
        ),
        start=lambda wildcards: bounds(wildcards.chunk)[0],
        end=lambda wildcards: bounds(wildcards.chunk)[1],
    shell:
        f"{UNLESS_REFUSED}"
        "python {input.script:q} --part-only {params.options} --output-dir {params.folder:q}"
        " --start-idx {params.start} --end-idx {params.end}"
        f" {KEPT}"


rule search_merge:
    """Merge the chunks of a collection in a place."""
    input:
        script=SCRIPTS / "sequential_ml_collection.py",
        markers=markers_of,
    output:
        metrics=LEARN_OUT / "{place}" / "{what}" / "metrics.parquet",
        pushes=LEARN_OUT / "{place}" / "{what}" / "pushes.parquet",
        run=LEARN_OUT / "{place}" / "{what}" / "run.json",
    log:
        LEARN_OUT / "{place}" / "{what}" / "logs" / "merge.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory_of_chunk,
        runtime=RUN.settings.runtime,
    params:
        options=lambda wildcards: search_of(wildcards).options,
        folder=lambda wildcards: LEARN_OUT / wildcards.place / wildcards.what,
        start=lambda wildcards: search_range(wildcards)[0],
        end=lambda wildcards: search_range(wildcards)[1],
    shell:
        f"{UNLESS_REFUSED}"
        "python {input.script:q} --merge-only {params.options} --output-dir {params.folder:q}"
        " --start-idx {params.start} --end-idx {params.end}"
        f" {KEPT}"


rule make_dataset:
    """Label the candidates of everything that was pushed."""
    input:
        script=SCRIPTS / "make_dataset.py",
        manifest=manifest_for,
        pushes=lambda wildcards: [
            folder / "pushes.parquet"
            for folder in LEARN.collections_of(wildcards.place)
        ],
    output:
        card=LEARN_OUT / "{place}" / "dataset" / "card.json",
    log:
        LEARN_OUT / "{place}" / "logs" / "dataset.log",
    benchmark:
        LEARN_OUT / "{place}" / "benchmarks" / "dataset.tsv"
    conda:
        ENVIRONMENT
    threads: 4
    resources:
        mem_mb=memory_of_processes,
        runtime=RUN.settings.runtime,
    params:
        collections=lambda wildcards: [
            f"--collection={folder}"
            for folder in LEARN.collections_of(wildcards.place)
        ],
        manifest=lambda wildcards: LEARN.manifest_of(wildcards.place),
        folder=lambda wildcards: LEARN_OUT / wildcards.place / "dataset",
    shell:
        f"{UNLESS_REFUSED}"
        "python {input.script:q} {params.collections:q} --manifest {params.manifest:q}"
        " --output {params.folder:q} --jobs {threads}"
        f" {SHOWN}"


rule train_model:
    """Train a model; its checkpoint is not declared, so that a killed training resumes."""
    input:
        script=SCRIPTS / "train_model.py",
        manifest=manifest_for,
        card=rules.make_dataset.output.card,
        goal_model=goal_model_for,
    output:
        config=LEARN_OUT / "{place}" / "models" / "{kind}" / "config.json",
    log:
        LEARN_OUT / "{place}" / "logs" / "train_{kind}.log",
    benchmark:
        LEARN_OUT / "{place}" / "benchmarks" / "train_{kind}.tsv"
    conda:
        ENVIRONMENT
    threads: LEARN.training.threads
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,  # it holds its data in memory
        runtime=RUN.settings.runtime,
        gpu=gpus(LEARN.training.device, runs_models=True),
    params:
        dataset=lambda wildcards: LEARN_OUT / wildcards.place / "dataset",
        folder=lambda wildcards: LEARN_OUT / wildcards.place / "models" / wildcards.kind,
        manifest=lambda wildcards: LEARN.manifest_of(wildcards.place),
        settings=json.dumps(LEARN.training.as_dict(), sort_keys=True),
        goal_model=lambda wildcards, input: (
            f"--goal-model {shlex.quote(str(Path(str(input.goal_model)).parent))}"
            if input.goal_model
            else ""
        ),
    shell:
        f"{UNLESS_REFUSED}"
        "python {input.script:q} --kind {wildcards.kind} --dataset {params.dataset:q}"
        " --manifest {params.manifest:q} --output {params.folder:q}"
        " --settings {params.settings:q} {params.goal_model}"
        f" {SHOWN}"


rule choose_models:
    """Keep the models of the best round so far, for the next to explore with."""
    input:
        script=SCRIPTS / "choose_models.py",
        models=lambda wildcards: [
            folder / "object" / "config.json"
            for folder in LEARN.models_up_to(int(wildcards.number))
        ],
    output:
        expand(
            LEARN_OUT / "round_{{number}}" / "best" / "{kind}" / "config.json",
            kind=("object", "goal"),
        ),
    log:
        LEARN_OUT / "round_{number}" / "logs" / "choose.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        models=lambda wildcards: LEARN.models_up_to(int(wildcards.number)),
        folder=lambda wildcards: LEARN_OUT / f"round_{wildcards.number}" / "best",
    shell:
        f"{UNLESS_REFUSED}"
        "python {input.script:q} --models {params.models:q} --output {params.folder:q}"
        f" {KEPT}"


rule compare:
    """Compare ways to search, the learned ones among them, in scenes no model has seen."""
    input:
        script=SCRIPTS / "evaluate_models.py",
        metrics=lambda wildcards: [
            LEARN_OUT / wildcards.place / "comparison" / name / "metrics.parquet"
            for name in LEARN.comparison(wildcards.place).arms
        ],
        models=lambda wildcards: [
            LEARN.comparison(wildcards.place).models / kind / "config.json"
            for kind in ("object", "goal")
        ],
    output:
        table=LEARN_OUT / "{place}" / "evaluation" / "evaluation.txt",
        markdown=LEARN_OUT / "{place}" / "evaluation" / "evaluation.md",
        numbers=LEARN_OUT / "{place}" / "evaluation" / "evaluation.json",
        figure=LEARN_OUT / "{place}" / "evaluation" / "evaluation.svg",
    log:
        LEARN_OUT / "{place}" / "logs" / "compare.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory_of_chunk,
        runtime=RUN.settings.runtime,
    params:
        arms=lambda wildcards: [
            "--arm={}={}".format(
                name, LEARN_OUT / wildcards.place / "comparison" / name
            )
            for name in LEARN.comparison(wildcards.place).arms
        ],
        folder=lambda wildcards: LEARN_OUT / wildcards.place / "evaluation",
        models=lambda wildcards: [
            "--model={}".format(LEARN.comparison(wildcards.place).models / kind)
            for kind in ("object", "goal")
        ],
        manifest=lambda wildcards: LEARN.comparison(wildcards.place).manifest,
        max_pushes=lambda wildcards: LEARN.comparison(wildcards.place).pushes,
    shell:
        f"{UNLESS_REFUSED}"
        "python {input.script:q} {params.arms:q} --max-pushes {params.max_pushes}"
        " --manifest {params.manifest:q} {params.models:q}"
        " --output {params.folder:q}"
        f" {SHOWN}"


rule dataset:
    """Make the data set of the collection that config.yaml describes."""
    input:
        LEARN_OUT / ONCE / "dataset" / "card.json",


rule train:
    """Train the two models on that data set."""
    input:
        expand(
            LEARN_OUT / ONCE / "models" / "{kind}" / "config.json",
            kind=("goal", "object"),
        ),


rule evaluate:
    """Compare these models with searching without any."""
    input:
        LEARN_OUT / ONCE / "evaluation" / "evaluation.txt",


rule rounds:
    """Explore, learn and compare in rounds; the best models end up in `best` of the last one."""
    input:
        expand(
            LEARN_OUT / "round_{number}" / "evaluation" / "evaluation.txt",
            number=range(1, LEARN.settings.rounds + 1),
        ),
        expand(
            LEARN_OUT
            / f"round_{LEARN.settings.rounds}"
            / "best"
            / "{kind}"
            / "config.json",
            kind=("goal", "object"),
        ),
