"""Commands that are not run as printed, and why. All others are.

A command is written here as in the page, without its comment and with single spaces. An entry
that no page contains fails the tests, as does a command that fails and is not listed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

NOT_COMMANDS: Mapping[str, str] = {
    "results/demo/": "the files of a collection",
    "from lerobot.datasets.lerobot_dataset import LeRobotDataset": (
        "LeRobot, which tests/exporting/test_lerobot_loader.py installs"
    ),
    "Snakefile               the pipeline on one page": "the files of the project",
    "results of searches --> data set --> training --> models --> searches --> ...": "a diagram",
    "your scenes --> check --> certify --> collect --> data set --> models --> comparison": (
        "a diagram"
    ),
    "opens + (1 - opens) * discount * leads": "a formula",
}
"""First lines of blocks without commands -> what the block shows."""

SMALL: Mapping[str, Mapping[str, Any]] = {
    "config/config.yaml": {"end_idx": 6, "max_pushes": 20},
    "config/scenes.yaml": {"scenes": {"count": 4, "certify": False}},
    "config/learning.yaml": {"learning": {"scenes_per_round": 3, "chunk_size": 2}},
    "resources/scenes/demo.yaml": {"scenes": {"quotas": None, "count": 4, "certify": False}},
}
"""Settings of the copy that pages run in; they keep runs short."""


class Instead(NamedTuple):
    """A command that is run instead of a printed one.

    Attributes:
        command: the replacement.
        why: the reason.
    """

    command: str
    why: str


_NEEDS_SLURM = "needs a cluster; runs on one in `make test-slurm`"
_HUB = "uploads to the Hub, with an account of one's own"
_NEEDS_ENGINE = "needs a container engine; tests/envs/test_dockerfile.py runs the steps"
_NEEDS_STORE = "needs a store and a cloud; `make test-cloud` runs and plans such runs on loopback"
_LONG_SUITE = "half an hour; a short version is part of `make test-all`"
_AS_ELSEWHERE = "its jobs, with few scenes, run in tests/workflow"
_BY_HAND = (
    ".venv/bin/namo collect --output-dir results/by_hand --start-idx 0 --end-idx 10 "
    "--algorithm tree_idfs --object-strategy nearest_first --max-pushes 300"
)
_GOAL_MODEL = (
    "namo collect --algorithm idfs --goal-strategy ml --ml-goal-model resources/models/goal "
    "--ml-device cpu --output-dir results/goal_model --start-idx 0 --end-idx 100 "
    "--episodes-per-env 5"
)
_BOTH_MODELS = (
    "namo collect --algorithm best_first --object-strategy ml --goal-strategy ml "
    "--ml-object-model resources/models/object --ml-goal-model resources/models/goal "
    "--ml-device cpu --output-dir results/both_models --start-idx 0 --end-idx 100"
)
_RANDOM = (
    ".venv/bin/namo collect --output-dir results/random --start-idx 0 --end-idx 24 "
    "--max-pushes 300 --algorithm idfs --object-strategy random --goal-strategy random"
)
_OWN_MODELS = (
    "snakemake --cores all train evaluate --config manifest=results/certified/scenes.parquet "
    "output_dir=results/explored end_idx=-1 algorithm=exploration object_strategy=random "
    "goal_strategy=primitive 'learning={test_manifest: results/certified/scenes.parquet}'"
)
_TUNE = (
    ".venv/bin/namo tune --algorithm best_first --object-strategy ml --goal-strategy ml "
    "--ml-object-model resources/models/object --ml-goal-model resources/models/goal "
    "--ml-device cpu --max-pushes 300 --cores 8 64 128 --memory 32 256 512 --numa-nodes 1 2 2"
)
_PLUG_INS = "results/plug-ins"
"""Folder in which the copy has the plug-ins of docs/extending.md: the environment is left alone."""
_FUZZ_RECORDS = "tests/faults/test_fuzz_records.py tests/faults/test_fuzz_bundles.py"
_SHARED = ".venv/bin/namo collect --output-dir results/shared --hostname lab"
_IMPORT = (
    ".venv/bin/namo scenes import SOURCE --output FOLDER [--format NAME] [--robot NAME] [--scale X]"
)
_CHECK = (
    ".venv/bin/namo scenes check FOLDER_OR_MANIFEST [--sheet sheet.png] [--time-limit SECONDS] "
    "[--clearance METRES] [--quiet]"
)


def _shorter(command: str, options: str) -> tuple[str, Instead]:
    """Add options that shorten a run; the last value of an option counts."""
    return command, Instead(f"{command} {options}", "takes minutes without them")


def _smaller_ranges(*commands: str) -> Iterator[tuple[str, Instead]]:
    """Collect the first four scenes instead of all hundred."""
    for command in commands:
        small = re.sub(r"\b50\b", "2", re.sub(r"\b100\b", "4", command))
        yield command, Instead(small, "takes minutes with all scenes")


def _planned(command: str, why: str) -> tuple[str, Instead]:
    """Plan the jobs of a Snakemake run without running them."""
    return command, Instead(f"{command} --dry-run", why)


def _without(command: str, option: str, why: str) -> tuple[str, Instead]:
    """Plan the jobs of a Snakemake run without an option that cannot be tried."""
    return command, Instead(f"{command.replace(f' {option}', '')} --dry-run", why)


def _with_plug_ins(command: str) -> tuple[str, Instead]:
    """Run a command where the plug-ins are found."""
    return command, Instead(
        f'PYTHONPATH="{_PLUG_INS}:$PYTHONPATH" {command}', "they are in a folder of their own"
    )


def _recipe(command: str, why: str) -> tuple[str, Instead]:
    """Print the recipe of a Makefile target without running it."""
    return command, Instead(command.replace("make ", "make --dry-run "), why)


def _collected(command: str, why: str) -> tuple[str, Instead]:
    """Collect the tests that a command runs, without running them."""
    return command, Instead(f"{command} --collect-only --quiet", why)


DECLARED: Mapping[str, Instead] = dict(
    (
        # ---- what a reader fills in ----------------------------------------------------------
        (
            "git clone … && cd namo-collect",
            Instead(
                "git clone --quiet . elsewhere", "from this copy, not from where it is published"
            ),
        ),
        (
            _IMPORT,
            Instead(
                ".venv/bin/namo scenes import path/to/theirs --output FOLDER --format pushworld "
                "--scale 1.5",
                "says what there is to say; --robot chooses in other formats",
            ),
        ),
        (
            _CHECK,
            Instead(
                ".venv/bin/namo scenes check scenes/scenes.parquet --sheet sheet.png", "likewise"
            ),
        ),
        # ---- installing ----------------------------------------------------------------------
        (
            "pip wheel --no-deps --wheel-dir dist .",
            Instead("pip wheel --help", "tests/test_wheel.py builds it, without network"),
        ),
        (
            "pip install dist/namo_collect-*.whl",
            Instead("pip install --help", "tests/test_wheel.py unpacks it and runs it"),
        ),
        # ---- long ----------------------------------------------------------------------------
        _shorter(_BY_HAND, "--end-idx 2 --max-pushes 5"),
        _shorter(
            ".venv/bin/namo scenes generate --output results/scenes --jobs 2",
            "--config config/scenes.yaml",
        ),
        _shorter(_RANDOM, "--end-idx 4 --max-pushes 5"),
        _shorter(_TUNE, "--environments 2 --max-pushes 3"),
        _shorter(_GOAL_MODEL, "--end-idx 1 --max-pushes 5"),
        _shorter(_BOTH_MODELS, "--end-idx 1 --max-pushes 5"),
        _planned(
            ".venv/bin/snakemake --cores all --config output_dir=results/mine "
            "xml_dir=path/to/scenes end_idx=-1",
            _AS_ELSEWHERE,
        ),
        _planned(
            ".venv/bin/snakemake --cores all --config manifest=results/scenes/scenes.parquet "
            "end_idx=-1",
            _AS_ELSEWHERE,
        ),
        _shorter(
            "namo scenes certify path/to/scenes --output results/certified/scenes.parquet "
            "--effort --jobs 2",
            "--pushes 2 --depth 1",
        ),
        _planned(
            "snakemake --cores all certify --config xml_dir=path/to/scenes end_idx=-1",
            _AS_ELSEWHERE,
        ),
        _planned(
            "snakemake --cores all --config manifest=results/certified/scenes.parquet "
            "output_dir=results/mine end_idx=-1",
            _AS_ELSEWHERE,
        ),
        _planned(_OWN_MODELS, _AS_ELSEWHERE),
        _planned(
            ".venv/bin/snakemake --cores all dataset", "docs/learning.md runs it, its PATH aside"
        ),
        _planned(".venv/bin/snakemake --cores all train", _AS_ELSEWHERE),
        _planned("snakemake --cores all train", _AS_ELSEWHERE),
        _planned(".venv/bin/snakemake --cores all rounds", _AS_ELSEWHERE),
        _planned(
            "snakemake --cores all evaluate --config 'learning={compare_models: resources/models}'",
            _AS_ELSEWHERE,
        ),
        _planned(
            ".venv/bin/snakemake --cores all benchmark",
            "tests/workflow/test_benchmark.py runs it, in other scenes",
        ),
        _planned(
            ".venv/bin/snakemake --cores all benchmark --config 'benchmark={arms: {mine: "
            '"tree_idfs nearest_first grid max_goals_per_object=8"}, '
            "compare_arms: [default, mine]}'",
            _AS_ELSEWHERE,
        ),
        # ---- plug-ins ------------------------------------------------------------------------
        (
            ".venv/bin/pip install examples/namo-example",
            Instead(
                ".venv/bin/pip install --quiet --no-index --no-deps --no-build-isolation "
                f"--target {_PLUG_INS} examples/namo-example",
                "into a folder of their own, without a network",
            ),
        ),
        _with_plug_ins(".venv/bin/namo plug-ins --check"),
        _with_plug_ins(
            ".venv/bin/namo scenes import examples/namo-example/rooms.csv --output results/rooms"
        ),
        _with_plug_ins(
            ".venv/bin/snakemake --cores all --config output_dir=results/rooms/collected "
            "xml_dir=results/rooms end_idx=-1 algorithm=breadth_first "
            "object_strategy=lightest_first goal_strategy=primitive"
        ),
        _with_plug_ins(
            ".venv/bin/namo export results/rooms/collected --format plans_csv "
            "--output results/rooms/plans"
        ),
        (
            "tensorboard --logdir results/learning",
            Instead("tensorboard --inspect --logdir results/learning", "serves until it is ended"),
        ),
        # ---- publishing, viewers -------------------------------------------------------------
        (
            "hf upload USER/NAME results/demo_hf . --repo-type dataset",
            Instead("hf upload --help", _HUB),
        ),
        (
            "hf upload USER/NAME results/demo_lerobot . --repo-type dataset",
            Instead("hf upload --help", _HUB),
        ),
        (
            "hf repos tag create USER/NAME v3.0 --repo-type dataset",
            Instead("hf repos tag create --help", _HUB),
        ),
        (
            ".venv/bin/namo view results/demo 0",
            Instead(".venv/bin/namo view results/demo 0 --rrd results/view.rrd", "opens a window"),
        ),
        # ---- on several machines -------------------------------------------------------------
        *_smaller_ranges(
            ".venv/bin/snakemake --cores all --config hostname=first output_dir=results/first "
            "start_idx=0 end_idx=50",
            ".venv/bin/snakemake --cores all --config hostname=second output_dir=results/second "
            "start_idx=50 end_idx=100",
            f"{_SHARED} --part-only --start-idx 0 --end-idx 50",
            f"{_SHARED} --part-only --start-idx 50 --end-idx 100",
            f"{_SHARED} --merge-only --start-idx 0 --end-idx 100",
        ),
        # ---- on a cluster --------------------------------------------------------------------
        _planned(
            ".venv/bin/snakemake --workflow-profile profiles/slurm --config "
            "output_dir=results/big end_idx=-1",
            _NEEDS_SLURM,
        ),
        _planned(
            ".venv/bin/snakemake --workflow-profile profiles/slurm --config "
            "output_dir=results/big manifest=scenes/scenes.parquet end_idx=-1",
            _NEEDS_SLURM,
        ),
        _planned(
            ".venv/bin/snakemake --profile profiles/slurm --workflow-profile profiles/mine rounds",
            _NEEDS_SLURM,
        ),
        # ---- containers and conda ------------------------------------------------------------
        (
            "docker build --file envs/Dockerfile --tag namo-collect .",
            Instead("test -f envs/Dockerfile", _NEEDS_ENGINE),
        ),
        (
            'docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/work" namo-collect '
            "namo collect --output-dir results/image --start-idx 0 --end-idx 10",
            Instead(
                "namo collect --output-dir results/image --start-idx 0 --end-idx 2 --max-pushes 5",
                f"without the image, which {_NEEDS_ENGINE}",
            ),
        ),
        (
            "apptainer build namo.sif docker-daemon://namo-collect:latest",
            Instead("test ! -e namo.sif", "needs Apptainer and the image"),
        ),
        _without(
            ".venv/bin/snakemake --cores all --software-deployment-method apptainer "
            "--config container=namo.sif",
            "--software-deployment-method apptainer",
            "needs Apptainer",
        ),
        _without(
            ".venv/bin/snakemake --cores all --software-deployment-method conda",
            "--software-deployment-method conda",
            "needs conda; tests/workflow/test_conda.py runs it with a stand-in",
        ),
        # ---- clouds --------------------------------------------------------------------------
        *(
            (command, Instead("pip install --help", "changes nothing that is installed"))
            for command in (
                '.venv/bin/pip install "namo-collect[store]"',
                '.venv/bin/pip install "namo-collect[store,cloud]"',
            )
        ),
        _without(
            ".venv/bin/snakemake --cores all --config store=s3://my-bucket/first "
            "output_dir=results/first end_idx=-1",
            "store=s3://my-bucket/first",
            _NEEDS_STORE,
        ),
        *(
            (
                f".venv/bin/snakemake --workflow-profile profiles/{profile} --config "
                "store=s3://my-bucket/first hostname=first output_dir=results/first end_idx=-1",
                Instead(
                    ".venv/bin/snakemake --cores all --config hostname=first "
                    "output_dir=results/first end_idx=-1 --dry-run",
                    _NEEDS_STORE,
                ),
            )
            for profile in ("kubernetes", "aws-batch")
        ),
        # ---- the Makefile, and long tests ----------------------------------------------------
        _recipe("make test", "runs these very tests; `.ci/run` runs it"),
        _recipe("make test-all", "likewise, with the slow ones"),
        _recipe("make lock", "asks the package index; tests/test_requirements.py checks the locks"),
        _recipe("make docs", "tests/site builds it, from the settings as they are"),
        _recipe("make bench", "twenty minutes; test_names.py asks benchmarks for their options"),
        _recipe("make models", f"hours; {_AS_ELSEWHERE}"),
        _recipe("make benchmark-scenes", "hours; tests/scenes/test_benchmark_scenes.py draws some"),
        _recipe("make test-explore", _LONG_SUITE),
        _recipe("make test-faults", _LONG_SUITE),
        _recipe("make test-simulation", _LONG_SUITE),
        _recipe("make test-processors", _LONG_SUITE),
        _recipe("make fuzz TARGET=scenes", "installs Atheris, and takes an hour"),
        _recipe("make fuzz TARGET=scenes SECONDS=3600", "likewise"),
        _recipe("make fuzz-keep TARGET=scenes", "installs Atheris"),
        _recipe("make mutation MODULE=namo/files.py", "installs mutmut, and takes minutes"),
        _recipe("make test-crash", _LONG_SUITE),
        _recipe("make test-coverage", "minutes; `.ci/run` runs it"),
        _recipe("make test-cloud", "installs plugins; `.ci/run` runs it"),
        _recipe("make test-slurm", "installs SLURM, as root; `.ci/run` runs it"),
        _recipe("NAMO_SLURM_CHUNKS=200 make test-slurm", "half an hour, on a cluster"),
        _collected("NAMO_FUZZ=10000 pytest -s tests/faults/test_fuzz_scenes.py", _LONG_SUITE),
        _collected(f"NAMO_FUZZ=2000 pytest -s {_FUZZ_RECORDS}", _LONG_SUITE),
    )
)
