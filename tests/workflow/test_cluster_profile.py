"""What jobs request on a cluster: the shipped profile, and the example of docs/cluster.md."""

import json
import re
import shutil
from collections import Counter

import pytest

from namo.scenes.manifest import write_manifest
from tests.conftest import REPOSITORY
from tests.documentation.pages import blocks

SLURM = REPOSITORY / "profiles" / "slurm"
HERE = {"all", "merge", "report", "summary", "choose_models", "rounds"}
"""Rules that run on the node of Snakemake."""
GIVEN = ("mem_mb", "runtime", "slurm_partition", "gpu", "gres")


def requests_of(printed):
    """Counts of submitted jobs by rule, threads and the resources that a scheduler is given."""
    jobs = re.findall(r"^(?:local)?rule (\w+):\n((?: {4}.*\n)+)", printed, re.MULTILINE)
    counts = Counter()
    for rule, text in jobs:
        if rule in HERE:
            continue
        threads = re.search(r"threads: (\d+)", text)
        (line,) = re.findall(r"resources: (.*)", text)
        resources = dict(pair.split("=", 1) for pair in line.split(", "))
        given = {name: resources[name] for name in GIVEN if name in resources}
        counts[rule, int(threads[1]) if threads else 1, *given.items()] += 1
    return counts


@pytest.fixture
def planned(pipeline):
    """Plans targets, over many listings of one scene, and returns what their jobs request."""
    pipeline.copy_rooms((0, 7))
    scene = str(pipeline.room(0))

    def planned(*arguments, scenes, **learning):
        for name, count in (("train", scenes), ("test", 4)):
            rows = [
                {"file": scene, "sha256": f"{index:064x}", "split": name}
                | {"index": index, "layout_id": name, "difficulty": "easy"}
                for index in range(count)
            ]
            write_manifest(pipeline.folder / f"{name}.parquet", rows, {})
        places = {
            "manifest": str(pipeline.folder / "train.parquet"),
            "test_manifest": str(pipeline.folder / "test.parquet"),
            "output_dir": str(pipeline.folder / "learning"),
        }
        done = pipeline.run(
            *arguments,
            *("--dry-run", "--cores", 16, "--quiet", "host"),
            learning=json.dumps(places | learning),
        )
        assert done.returncode == 0, done.stdout
        return requests_of(done.stdout)

    return planned


def asks(mem_mb, runtime, **others):
    """What a scheduler is given, in the order of `GIVEN`."""
    resources = {"mem_mb": mem_mb, "runtime": runtime, **others}
    return tuple((name, str(resources[name])) for name in GIVEN if name in resources)


@pytest.mark.slow
def test_the_example_of_a_hundred_chunks_and_one_gpu_requests_what_it_says(planned, tmp_path):
    text = (REPOSITORY / "docs" / "cluster.md").read_text()
    files = {block.file: block.text for block in blocks("docs/cluster.md", text) if block.file}
    mine = tmp_path / "profiles" / "mine"
    mine.mkdir(parents=True)
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    profiles = ("--profile", SLURM, "--workflow-profile", mine)
    assert planned("rounds", *profiles, scenes=20_000, rounds=1, round_scenes=4) == {
        ("search_chunk", 1, *asks(2000, 60, slurm_partition="cpu", gpu=0)): 100 + 3,
        ("search_merge", 1, *asks(2000, 240, slurm_partition="cpu")): 1 + 3,
        ("make_dataset", 16, *asks(32000, 240, slurm_partition="cpu")): 1,
        ("train_model", 8, *asks(32000, 720, slurm_partition="gpu", gpu=1)): 2,
        ("compare", 1, *asks(2000, 240, slurm_partition="cpu")): 1,
    }


@pytest.mark.slow
def test_the_shipped_profile_as_it_is_and_with_the_lines_it_proposes(planned, tmp_path):
    mine = tmp_path / "slurm"
    shutil.copytree(SLURM, mine)
    proposed = mine / "config.yaml"
    text = proposed.read_text()
    start = text.index("# set-resources:")
    lines = text[start:].partition("\n\n")[0]
    proposed.write_text(text.replace(lines, re.sub("^# ", "", lines, flags=re.MULTILINE)))
    assert planned("all", "rounds", "--workflow-profile", mine, scenes=500, rounds=1) == {
        (
            "collect",
            1,
            *asks(4000, 120, slurm_partition="gpu", gpu=0, gres="gpu:1"),
        ): 1,
        ("search_chunk", 1, *asks(2000, 240, gpu=0)): 2 + 3,
        ("search_merge", 1, *asks(2000, 240)): 1 + 3,
        ("make_dataset", 4, *asks(8000, 240)): 1,
        ("train_model", 2, *asks(8000, 240, gpu=0)): 2,
        ("compare", 1, *asks(2000, 240)): 1,
    }
