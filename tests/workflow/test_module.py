"""A workflow of somebody else uses this one as a module: the example of docs/module.md."""

import os
import subprocess

import pytest
import yaml

from tests.collecting import Rig
from tests.conftest import REPOSITORY
from tests.documentation.pages import blocks, read
from tests.workflow.conftest import TOOLS

RIG = Rig()
SHORT = {"max_pushes": 5, "chunk_size": 2}
MODULE = f"""
module namo:
    snakefile: "{REPOSITORY / "Snakefile"}"
    config: config["namo"]
    {{more}}

use rule * from namo as namo_*
"""


def snakemake(folder, *arguments):
    """Run the Snakefile of a folder there."""
    return subprocess.run(
        [str(TOOLS / "snakemake"), "--cores", "2", *arguments],
        cwd=folder,
        env=os.environ | {"PATH": f"{TOOLS}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def planned(folder, settings, more=""):
    """Plan the run of a workflow that has nothing but the module."""
    (folder / "Snakefile").write_text(MODULE.format(more=more))
    (folder / "settings.yaml").write_text(yaml.safe_dump({"namo": settings}))
    return snakemake(folder, "namo_all", "--dry-run", "--configfile", "settings.yaml")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The example with short searches, and what its run has printed. Read only."""
    folder = tmp_path_factory.mktemp("study")
    for block in blocks("docs/module.md", read("docs/module.md")):
        if block.file:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
    settings = folder / "study" / "config" / "config.yaml"
    given = {name: each | SHORT for name, each in yaml.safe_load(settings.read_text()).items()}
    settings.write_text(yaml.safe_dump(given))
    return folder / "study", snakemake(folder / "study")


@pytest.mark.slow
def test_the_example_collects_with_the_settings_of_each_module(study):
    folder, done = study
    assert done.returncode == 0, done.stdout
    for name, strategy in (("near", "nearest_first"), ("blocking", "path_blocking")):
        collected = RIG.opened(folder / "results" / name, None)
        rows = collected.table("metrics")
        assert [row["env_index"] for row in rows] == [0, 1, 2, 3]
        assert {row["object_strategy"] for row in rows} == {strategy}
        assert {row["algorithm"] for row in rows} == {"hybrid"}, "a shipped setting"
        (summary,) = (folder / "results" / name).glob("summary_*.txt")
        assert summary.read_text().strip() in (folder / "results" / "summaries.txt").read_text()


@pytest.mark.slow
def test_rows_are_those_of_a_plain_run(study, tmp_path):
    folder, _ = study
    plain = tmp_path / "plain"
    settings = {"output_dir": plain, "end_idx": 4, **SHORT}
    done = snakemake(
        tmp_path,
        *("--snakefile", str(REPOSITORY / "Snakefile"), "--config"),
        *(f"{key}={value}" for key, value in settings.items()),
    )
    assert done.returncode == 0, done.stdout
    for table in ("metrics", "pushes", "plans"):
        rows, others = (
            RIG.without_clocks(RIG.opened(place, None).table(table))
            for place in (plain, folder / "results" / "blocking")
        )
        assert rows == others


@pytest.mark.slow
def test_handlers_lock_write_the_plan_down_and_print_the_last_lines(study):
    folder, done = study
    for name in ("near", "blocking"):
        assert (folder / "results" / name / ".plan.json").is_file()
        assert f"next    namo replay results/{name}/" in done.stdout
    assert "blocking_collect" in done.stdout
    assert "priority: 2" in done.stdout


@pytest.mark.slow
def test_a_second_run_has_nothing_to_do(study):
    folder, _ = study
    again = snakemake(folder)
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout


def test_a_module_has_the_shipped_settings_and_not_those_beside_the_foreign_snakefile(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text("theirs: 1\n")
    done = planned(tmp_path, {"output_dir": "out", "end_idx": 1})
    assert done.returncode == 0, done.stdout
    assert "out/parts/000000-000001/part.json" in done.stdout


def test_an_unknown_key_of_a_module_is_named(tmp_path):
    done = planned(tmp_path, {"output_dir": "out", "max_pushess": 1})
    assert done.returncode == 1
    assert "unknown key 'max_pushess'; " in done.stdout
    assert "max_pushes" in done.stdout.partition("unknown key 'max_pushess'; ")[2]


@pytest.mark.parametrize("more", ['prefix: "there"', 'replace_prefix: {"results": "there"}'])
def test_a_prefix_is_refused_and_the_settings_that_say_where_are_named(tmp_path, more):
    done = planned(tmp_path, {"output_dir": "results/mine"}, more)
    assert done.returncode == 1
    assert "module namo: prefix and replace_prefix are not supported; set output_dir" in done.stdout
