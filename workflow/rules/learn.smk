"""Learn: explore, make data sets, train, compare; once, or in rounds.

A place is a folder below `learning: output_dir`: `once`, or one of the rounds. Each holds a data set,
models and a comparison; those of `once` are made from the collection of `config.yaml`, those of a
round from its own exploration and all before it.
"""


wildcard_constraints:
    place=f"{ONCE}|{ROUND}",
    what=r"exploration|comparison/\w+",
    kind="object|goal",
    number=r"\d+",


rule search_chunk:
    """Explore, or search for a comparison, in a chunk of scenes."""
    input:
        script=SCRIPTS / "sequential_ml_collection.py",
        models=models_of_search,
    output:
        marker=LEARN_OUT / "{place}" / "{what}" / "parts" / "{chunk}" / "part.json",
    log:
        LEARN_OUT / "{place}" / "{what}" / "logs" / "{chunk}.log",
    benchmark:
        LEARN_OUT / "{place}" / "{what}" / "benchmarks" / "{chunk}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: config["mem_mb"] * attempt,
        runtime=config["runtime"],
        gpu=lambda wildcards: gpus(models_of_search(wildcards), config["ml_device"]),
    params:
        options=lambda wildcards: search_of(wildcards.place, wildcards.what)[0],
        folder=lambda wildcards: LEARN_OUT / wildcards.place / wildcards.what,
        versions=VERSIONS,
        start=lambda wildcards: bounds(wildcards.chunk)[0],
        end=lambda wildcards: bounds(wildcards.chunk)[1],
    shell:
        "python {input.script:q} --part-only {params.options} --output-dir {params.folder:q}"
        " --start-idx {params.start} --end-idx {params.end}"
        f" {KEEP}"


rule search_merge:
    """Put the chunks of a collection in a place together."""
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
    params:
        options=lambda wildcards: search_of(wildcards.place, wildcards.what)[0],
        folder=lambda wildcards: LEARN_OUT / wildcards.place / wildcards.what,
        range=lambda wildcards: search_of(wildcards.place, wildcards.what)[1],
    shell:
        "python {input.script:q} --merge-only {params.options} --output-dir {params.folder:q}"
        " --start-idx {params.range.start} --end-idx {params.range.stop}"
        f" {KEEP}"


rule make_dataset:
    """Label the candidates of everything that was pushed."""
    input:
        script=SCRIPTS / "make_dataset.py",
        pushes=lambda wildcards: [
            folder / "pushes.parquet" for folder in collections_of(wildcards.place)
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
        mem_mb=config["mem_mb"],
        runtime=config["runtime"],
    params:
        collections=lambda wildcards: [
            f"--collection={folder}" for folder in collections_of(wildcards.place)
        ],
        manifest=lambda wildcards: manifest_of(wildcards.place),
        folder=lambda wildcards: LEARN_OUT / wildcards.place / "dataset",
    shell:
        "python {input.script:q} {params.collections:q} --manifest {params.manifest:q}"
        " --output {params.folder:q} --jobs {threads} 2>&1 | tee {log:q}"


rule train_model:
    """Train a model; its checkpoint is not declared, so that a killed training goes on."""
    input:
        script=SCRIPTS / "train_model.py",
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
    threads: TRAINING.threads
    resources:
        mem_mb=lambda wildcards, attempt: 4 * config["mem_mb"] * attempt,
        runtime=config["runtime"],
        gpu=gpus(True, TRAINING.device),
    params:
        dataset=lambda wildcards: LEARN_OUT / wildcards.place / "dataset",
        folder=lambda wildcards: LEARN_OUT / wildcards.place / "models" / wildcards.kind,
        manifest=lambda wildcards: manifest_of(wildcards.place),
        settings=json.dumps(TRAINING.as_dict(), sort_keys=True),
        goal_model=lambda wildcards, input: (
            f"--goal-model {shlex.quote(str(Path(str(input.goal_model)).parent))}"
            if input.goal_model
            else ""
        ),
    shell:
        "python {input.script:q} --kind {wildcards.kind} --dataset {params.dataset:q}"
        " --manifest {params.manifest:q} --output {params.folder:q}"
        " --settings {params.settings:q} {params.goal_model}"
        f" {TEE}"


rule choose_models:
    """Keep the models of the best round so far; the next explores with them."""
    input:
        script=SCRIPTS / "choose_models.py",
        models=lambda wildcards: [
            LEARN_OUT / f"round_{n}" / "models" / "object" / "config.json"
            for n in range(1, int(wildcards.number) + 1)
        ],
    output:
        expand(
            LEARN_OUT / "round_{{number}}" / "best" / "{kind}" / "config.json",
            kind=("object", "goal"),
        ),
    log:
        LEARN_OUT / "round_{number}" / "logs" / "choose.log",
    conda:
        ENVIRONMENT
    params:
        models=lambda wildcards: [
            LEARN_OUT / f"round_{n}" / "models"
            for n in range(1, int(wildcards.number) + 1)
        ],
        folder=lambda wildcards: LEARN_OUT / f"round_{wildcards.number}" / "best",
    shell:
        "python {input.script:q} --models {params.models:q} --output {params.folder:q}"
        f" {KEEP}"


rule compare:
    """Compare ways to search, the learned ones among them, in scenes no model has seen."""
    input:
        script=SCRIPTS / "evaluate_models.py",
        metrics=lambda wildcards: [
            LEARN_OUT / wildcards.place / "comparison" / name / "metrics.parquet"
            for name in arms_of(wildcards.place)
        ],
        models=lambda wildcards: [
            models_compared(wildcards.place) / kind / "config.json"
            for kind in ("object", "goal")
        ],
    output:
        table=LEARN_OUT / "{place}" / "evaluation" / "evaluation.txt",
        numbers=LEARN_OUT / "{place}" / "evaluation" / "evaluation.json",
        figure=LEARN_OUT / "{place}" / "evaluation" / "evaluation.svg",
    log:
        LEARN_OUT / "{place}" / "logs" / "compare.log",
    conda:
        ENVIRONMENT
    params:
        arms=lambda wildcards: [
            f"--arm={name}={LEARN_OUT / wildcards.place / 'comparison' / name}"
            for name in arms_of(wildcards.place)
        ],
        folder=lambda wildcards: LEARN_OUT / wildcards.place / "evaluation",
        models=lambda wildcards: [
            f"--model={models_compared(wildcards.place) / kind}"
            for kind in ("object", "goal")
        ],
        manifest=LEARNING.test_manifest,
        max_pushes=LEARNING.compare_pushes,
    shell:
        "python {input.script:q} {params.arms:q} --max-pushes {params.max_pushes}"
        " --manifest {params.manifest:q} {params.models:q}"
        " --output {params.folder:q} 2>&1 | tee {log:q}"


rule dataset:
    """The data set of the collection that config.yaml describes."""
    input:
        LEARN_OUT / ONCE / "dataset" / "card.json",


rule train:
    """The two models trained on that data set."""
    input:
        expand(
            LEARN_OUT / ONCE / "models" / "{kind}" / "config.json",
            kind=("goal", "object"),
        ),


rule evaluate:
    """These models compared with searching without any."""
    input:
        LEARN_OUT / ONCE / "evaluation" / "evaluation.txt",


rule rounds:
    """Rounds of exploring, learning and comparing; the best models end up in the last one's `best`."""
    input:
        expand(
            LEARN_OUT / "round_{number}" / "evaluation" / "evaluation.txt",
            number=range(1, LEARNING.rounds + 1),
        ),
        expand(
            LEARN_OUT / f"round_{LEARNING.rounds}" / "best" / "{kind}" / "config.json",
            kind=("goal", "object"),
        ),
