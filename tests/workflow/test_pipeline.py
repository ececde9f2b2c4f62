import html
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from namo.results.run_lock import only_run_in

REPOSITORY = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent
CHUNKS = ["000000-000002", "000002-000004", "000004-000005"]

# Kills the collector of one chunk after its first environment; runs at every start of Python.
SITECUSTOMIZE = """
import os, signal, sys

if "--part-only" in sys.orig_argv and "--start-idx 2 " in " ".join(sys.orig_argv):
    from namo.collection import chunk

    write = chunk.write_record

    def write_and_die(path, record):
        write(path, record)
        os.kill(os.getpid(), signal.SIGKILL)

    chunk.write_record = write_and_die
"""


def test_a_run_completes_and_names_the_broken_environment(finished):
    pipeline, done = finished
    assert done.returncode == 0, done.stdout
    assert [row["termination"] for row in pipeline.table("metrics")] == [
        *("solved", "error", "solved", "solved", "exhausted"),
    ]
    (report,) = [path.read_text("utf-8") for path in pipeline.output.glob("summary_*.txt")]
    assert "Failed environments: 1" in report
    assert "01.xml" in report
    assert report in done.stdout
    assert pipeline.record(1)["error"]["command"] in report


def test_a_run_leaves_a_page_on_everything(finished):
    pipeline, _ = finished
    page = html.unescape((pipeline.output / "report.html").read_text("utf-8"))
    assert pipeline.record(1)["error"]["command"] in page
    assert "unsolved: every sampled push was tried" in page


def test_every_rule_leaves_its_log_and_its_benchmark(finished):
    pipeline, _ = finished
    for kind, ends in (("logs", ("log", "log.all")), ("benchmarks", ("tsv",))):
        names = {path.name for path in (pipeline.output / kind / "collect").iterdir()}
        assert names == {f"{chunk}.{end}" for chunk in CHUNKS for end in ends}
        end = ends[0]
        for rule in ("merge", "report", "summary"):
            assert (pipeline.output / kind / f"{rule}.{end}").stat().st_size > 0
    assert "env 000002" in pipeline.log(CHUNKS[1])


def test_progress_is_seen_while_the_chunks_run(finished):
    _, done = finished
    for number in range(5):
        assert f"env {number:06d}" in done.stdout


def test_the_label_is_kept_in_the_results(finished):
    pipeline, _ = finished
    label = (pipeline.output / ".hostname").read_text().strip()
    assert label == socket.gethostname().partition(".")[0]
    assert {path.name.split("_env_")[0] for path in pipeline.output.glob("*_results.pkl")} == {
        label
    }


def test_nothing_is_left_in_the_folder_but_results(finished):
    pipeline, _ = finished
    assert {path.name for path in pipeline.folder.iterdir()} == {
        ".snakemake",
        "results",
        pipeline.scenes.name,
    }


def test_a_finished_run_has_nothing_to_do_until_one_scene_changes(pipeline):
    pipeline.copy_rooms((0, 7, 0, 7))
    first = pipeline.run(here=False)
    assert first.returncode == 0, first.stdout
    before, table = pipeline.made(), pipeline.table("metrics")
    again = pipeline.run(here=False)
    assert again.returncode == 0, again.stdout
    assert "Nothing to be done" in again.stdout
    assert pipeline.made() == before

    shutil.copyfile(pipeline.room(6), pipeline.scenes / "02.xml")
    changed = pipeline.run(here=False)
    assert changed.returncode == 0, changed.stdout
    after = pipeline.made()
    assert [index for index in before if before[index] != after[index]] == ["000002"]
    assert "000000-000002]" not in changed.stdout
    assert "already done" in pipeline.log(CHUNKS[1])
    rows = pipeline.table("metrics")
    assert [row["solution_depth"] for row in rows] == [0, 0, 1, 0]
    assert [rows[index] for index in (0, 1, 3)] == [table[index] for index in (0, 1, 3)]


def test_another_chunk_size_gives_the_same_tables_also_in_the_same_folder(finished, pipeline):
    reference, _ = finished
    shutil.copytree(reference.scenes, pipeline.scenes)
    done = pipeline.run(chunk_size=5)
    assert done.returncode == 0, done.stdout

    def rows(run, table):
        place = str(run.folder)
        return [
            {
                key: value.replace(place, "") if isinstance(value, str) else value
                for key, value in row.items()
            }
            for row in run.table(table)
        ]

    assert rows(pipeline, "pushes") == rows(reference, "pushes")
    assert rows(pipeline, "metrics") == rows(reference, "metrics")
    assert [path.name for path in (pipeline.output / "parts").glob("0*")] == ["000000-000005"]

    made = pipeline.made()
    again = pipeline.run(chunk_size=3)
    assert again.returncode == 0, again.stdout
    assert rows(pipeline, "pushes") == rows(reference, "pushes")
    assert rows(pipeline, "metrics") == rows(reference, "metrics")
    changed = [index for index in made if pipeline.made()[index] != made[index]]
    assert changed == ["000001"], "only the one that failed is tried again"


def test_too_many_failures_fail_the_run_and_leave_the_tables(pipeline):
    pipeline.copy_rooms((0, 7))
    pipeline.break_scene("01.xml")
    for _ in range(2):
        done = pipeline.run(max_failed_share=0.4)
        assert done.returncode != 0
        assert "1 of 2 environments failed" in done.stdout
        assert len(pipeline.table("metrics")) == 2
        assert (pipeline.output / "report.html").exists()
    quiet = pipeline.run("--quiet", "all", max_failed_share=0.4).stdout
    assert "1 of 2 environments failed" in quiet
    assert "env 00000" not in quiet
    done = pipeline.run("--quiet", "all", max_failed_share=0.5)
    assert done.returncode == 0
    assert "NAMO collection" not in done.stdout


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"max_dept": 3}, ["unknown key 'max_dept'", "did you mean 'max_depth'?"]),
        (
            {"algorithm": "idsf", "xml_dir": "nowhere"},
            ["algorithm is 'idsf'", "did you mean 'idfs'?"],
        ),
        ({"xml_dir": "nowhere"}, ["--xml-dir nowhere: no such folder"]),
        ({"end_idx": 7}, ["7 is too large", "there are 1 environments"]),
        (
            {"object_strategy": "ml", "ml_object_model": "nowhere"},
            ["--ml-object-model: nowhere: no such folder"],
        ),
    ],
)
def test_wrong_settings_are_said_and_nothing_is_written(pipeline, settings, said):
    pipeline.copy_rooms((0,))
    done = pipeline.run(**settings)
    assert done.returncode != 0
    assert [part for part in said if part not in done.stdout] == []
    assert "Traceback" not in done.stdout
    assert not pipeline.output.exists()


def test_an_output_folder_that_cannot_be_is_said_without_a_traceback(pipeline):
    pipeline.copy_rooms((0,))
    (pipeline.folder / "file").touch()
    done = pipeline.run(output_dir=pipeline.folder / "file" / "out")
    assert done.returncode != 0
    assert f"{pipeline.folder / 'file'}' is a file" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_killed_chunk_goes_on_where_it_was_and_keeps_its_label(pipeline):
    pipeline.copy_rooms((0, 7, 6, 0, 7))
    pipeline.output.mkdir()
    (pipeline.output / ".hostname").write_text("started-elsewhere\n")
    modules = pipeline.folder / "modules"
    modules.mkdir()
    (modules / "sitecustomize.py").write_text(SITECUSTOMIZE)

    killed = pipeline.run("--retries", 0, environment={"PYTHONPATH": str(modules)})
    assert killed.returncode != 0
    assert f"namo status {pipeline.output}" in killed.stdout
    before = pipeline.made()
    assert list(before) == ["000000", "000001", "000002", "000004"]
    assert not (pipeline.output / "metrics.parquet").exists()

    done = pipeline.run()
    assert done.returncode == 0, done.stdout
    after = pipeline.made()
    assert {index: after[index] for index in before} == before
    assert [row["env_index"] for row in pipeline.table("metrics")] == [0, 1, 2, 3, 4]
    log = pipeline.log(CHUNKS[1])
    assert log.count("already done") == 1
    assert f"[{CHUNKS[0]}]" not in done.stdout
    names = {path.name.split("_env_")[0] for path in pipeline.output.glob("*_results.pkl")}
    assert names == {"started-elsewhere"}


def test_a_chunk_whose_process_dies_is_tried_again_where_it_was(pipeline):
    pipeline.copy_rooms((0, 7, 6, 0, 7))
    modules = pipeline.folder / "modules"
    modules.mkdir()
    (modules / "sitecustomize.py").write_text(SITECUSTOMIZE)

    done = pipeline.run(environment={"PYTHONPATH": str(modules)})
    assert done.returncode == 0, done.stdout
    assert [row["env_index"] for row in pipeline.table("metrics")] == [0, 1, 2, 3, 4]
    tries = (pipeline.output / "logs" / "collect" / f"{CHUNKS[1]}.log.all").read_text()
    assert tries.count("began") == 3, "each environment of the chunk ends one process"
    assert tries.endswith(pipeline.log(CHUNKS[1]))
    assert pipeline.log(CHUNKS[1]).count("already done") == 2


def test_two_runs_into_one_folder_at_a_time_are_refused_with_the_name_of_the_first(pipeline):
    pipeline.copy_rooms((0,))
    with only_run_in(pipeline.output):
        second = pipeline.run()
    assert second.returncode != 0
    here = f"{socket.gethostname()}, process {os.getpid()}, which runs a collection into"
    assert f"is held by {here}" in second.stdout
    assert "Traceback" not in second.stdout
    assert not pipeline.made()
    assert pipeline.run().returncode == 0


def test_jobs_find_their_python_where_the_path_does_not_name_it(pipeline):
    pipeline.copy_rooms((0,))
    done = pipeline.run(environment={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stdout


def test_a_chunk_asks_for_a_gpu_only_for_models_on_one(pipeline):
    pipeline.copy_rooms((0,))
    models = {"object_strategy": "ml", "ml_object_model": REPOSITORY / "resources/models/object"}
    for settings, number in (
        ({}, 0),
        (models, 0),
        (models | {"ml_device": "auto"}, 0),
        ({"ml_device": "cuda"}, 0),
        (models | {"ml_device": "cuda"}, 1),
    ):
        planned = pipeline.run("--dry-run", "--quiet", "host", **settings)
        assert planned.returncode == 0, planned.stdout
        (resources,) = re.findall(r"rule collect:.*?resources: (.*?)$", planned.stdout, re.M | re.S)
        assert f"gpu={number}" in resources.split(", "), settings


def test_the_profile_for_clusters_makes_long_jobs_and_looks_at_no_scene(pipeline):
    """Planning needs no cluster; neither the scenes nor the commands of SLURM are there."""
    commands = pipeline.folder / "commands"
    commands.mkdir()
    for name in ("bash", "which"):
        (commands / name).symlink_to(shutil.which(name))
    manifest = pipeline.folder / "list.txt"
    manifest.write_text("".join(f"{number}.xml\n" for number in range(2500)))
    planned = pipeline.run(
        *("--dry-run", "--workflow-profile", REPOSITORY / "profiles/slurm"),
        environment={"PATH": f"{TOOLS}:{commands}"},
        manifest=manifest,
        xml_dir=None,
        chunk_size=None,
    )
    assert planned.returncode == 0, planned.stdout
    assert re.search(r"^collect +3$", planned.stdout, re.MULTILINE)
    assert "000000-001000/part.json" in planned.stdout


def test_a_dry_run_writes_nothing(pipeline):
    pipeline.copy_rooms((0, 7, 0))
    done = pipeline.run("--dry-run")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^collect +2$", done.stdout, re.MULTILINE)
    assert not pipeline.output.exists()


def test_a_house_with_spaces_in_its_path_works(pipeline):
    house = pipeline.folder / "my house"
    for name in ("workflow", "config", "profiles", "envs"):
        shutil.copytree(REPOSITORY / name, house / name)
    shutil.copy(REPOSITORY / "Snakefile", house)
    pipeline.copy_rooms((0,))
    done = pipeline.run("--snakefile", house / "Snakefile")
    assert done.returncode == 0, done.stdout
    assert len(pipeline.table("metrics")) == 1


def test_settings_can_come_from_a_file(pipeline):
    pipeline.copy_rooms((0,))
    (pipeline.folder / "mine.yaml").write_text("seed: 77\nmax_goals_per_object: 3\n")
    done = pipeline.run("--configfile", "mine.yaml", hostname="h")
    assert done.returncode == 0, done.stdout
    assert pipeline.table("metrics")[0]["seed"] == 77
    assert (pipeline.output / "h_env_000000_results.pkl").exists()
    assert not (pipeline.output / ".hostname").exists()


def test_the_workflow_passes_its_linter(tmp_path):
    command = [TOOLS / "snakemake", "--lint", "--snakefile", REPOSITORY / "Snakefile"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_is_formatted(tmp_path):
    command = [TOOLS / "snakefmt", "--check", REPOSITORY / "Snakefile", REPOSITORY / "workflow"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_default_run_is_the_first_demo_scenes():
    settings = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
    assert (settings["xml_dir"], settings["manifest"]) == (None, None)
    assert (settings["start_idx"], settings["end_idx"]) == (0, 24)


def test_the_shipped_models_are_found_from_any_folder(pipeline):
    pipeline.copy_rooms((0, 7))
    learned = {"algorithm": "best_first", "object_strategy": "ml", "goal_strategy": "ml"}
    done = pipeline.run(chunk_size=1, **learned)
    assert done.returncode == 0, done.stdout
    run = json.loads((pipeline.output / "run.json").read_text())
    assert run["models"].keys() == {"object", "goal"}
    loads = [
        model["loads"]
        for marker in pipeline.output.glob("parts/*/part.json")
        for model in json.loads(marker.read_text())["models_preloaded"]
    ]
    assert loads == [1] * 4  # two models in each of two processes
    assert "once in each of 2 processes" in done.stdout
