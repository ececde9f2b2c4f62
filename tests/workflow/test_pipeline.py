import html
import json
import os
import re
import shutil
import socket
import sys
from pathlib import Path

import pytest
import yaml

from namo.results.again import FAILED, redo_command
from namo.results.run_lock import only_run_in

REPOSITORY = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent
CHUNKS = ["000000-000002", "000002-000004", "000004-000005"]

# Kills the collector of one chunk after each new environment; runs at every start of Python.
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


# Breaks the search in one scene; runs at every start of Python.
BREAKING = """
import sys

if "--part-only" in sys.orig_argv and "--start-idx 2 " in " ".join(sys.orig_argv):
    from namo.collection import collect_environment as module

    run_episode = module.run_episode

    def broken(world, planner, config, number, *others):
        if number == 2:
            raise RuntimeError("out of luck")
        return run_episode(world, planner, config, number, *others)

    module.run_episode = broken
"""


@pytest.fixture
def killing(pipeline):
    """The environment variables with which the process of one chunk dies after an environment."""
    modules = pipeline.folder / "modules"
    modules.mkdir()
    (modules / "sitecustomize.py").write_text(SITECUSTOMIZE)
    return {"PYTHONPATH": os.pathsep.join([str(modules), os.environ.get("PYTHONPATH", "")])}


def test_a_run_completes_and_names_the_broken_environment(finished):
    """Without our Python in PATH, which the jobs find all the same."""
    pipeline, done = finished
    assert done.returncode == 0, done.stdout
    assert [row["termination"] for row in pipeline.table("metrics")] == [
        *("solved", "error", "solved", "solved", "exhausted"),
    ]
    (report,) = [path.read_text("utf-8") for path in pipeline.output.glob("summary_*.txt")]
    assert "Failed environments: 1" in report
    assert "01.xml" in report
    assert report in done.stdout
    assert redo_command(str(pipeline.output), FAILED) in report


def test_a_run_writes_the_report(finished):
    pipeline, _ = finished
    page = html.unescape((pipeline.output / "report.html").read_text("utf-8"))
    assert redo_command(str(pipeline.output), FAILED) in page
    assert "unsolved: search space exhausted (every sampled push was tried)" in page


def test_every_rule_leaves_its_log_and_its_benchmark(finished):
    pipeline, _ = finished
    for kind, ends in (("logs", ("log", "log.all")), ("benchmarks", ("tsv",))):
        names = {path.name for path in (pipeline.output / kind / "collect").iterdir()}
        assert names == {f"{chunk}.{end}" for chunk in CHUNKS for end in ends}
        end = ends[0]
        for rule in ("merge", "report", "summary"):
            assert (pipeline.output / kind / f"{rule}.{end}").stat().st_size > 0
    assert "env 000002" in pipeline.log(CHUNKS[1])


def test_progress_is_one_line_for_all_chunks_and_the_last_lines_say_what_to_do(finished):
    pipeline, done = finished
    lines = done.stdout.splitlines()
    assert "5/5 environments, 3 solved, 1 failed" in lines
    assert f"[{CHUNKS[0]}] environment 1 failed: {pipeline.record(1)['error']['message']}" in lines
    assert "env 000002" not in done.stdout
    assert "Finished jobid" not in done.stdout
    assert [line.split()[0] for line in lines[-4:]] == ["solved", "failed", "open", "next"]


def test_the_label_is_kept_in_the_results(finished):
    pipeline, _ = finished
    label = (pipeline.output / ".hostname").read_text().strip()
    assert label == socket.gethostname().partition(".")[0]
    assert {path.name.split("_env_")[0] for path in pipeline.output.glob("*_results.pkl")} == {
        label
    }


def test_a_run_leaves_nothing_but_results(finished):
    pipeline, _ = finished
    assert {path.name for path in pipeline.folder.iterdir()} == {
        ".snakemake",
        "results",
        pipeline.scenes.name,
    }


@pytest.mark.slow
def test_a_finished_run_has_nothing_to_do_until_one_scene_changes(pipeline):
    pipeline.copy_rooms((0, 7, 0, 7))
    first = pipeline.run(here=False)
    assert first.returncode == 0, first.stdout
    before, table = pipeline.made(), pipeline.table("metrics")
    for options in ((), ("--quiet", "host"), ("--dry-run",)):  # what is shown changes no job
        again = pipeline.run(*options, here=False)
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


@pytest.mark.slow
def test_another_chunk_size_gives_the_same_tables_even_in_the_same_folder(finished, pipeline):
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
    assert changed == ["000001"], "only the failed one is retried"


@pytest.mark.slow
def test_the_plain_rerun_tries_again_what_failed_for_another_reason_than_its_scene(pipeline):
    pipeline.copy_rooms((0, 7, 0, 7))
    modules = pipeline.folder / "modules"
    modules.mkdir()
    (modules / "sitecustomize.py").write_text(BREAKING)
    breaking = {"PYTHONPATH": os.pathsep.join([str(modules), os.environ.get("PYTHONPATH", "")])}
    for _ in range(2):
        failed = pipeline.run(environment=breaking)
        assert failed.returncode == 0, failed.stdout
        assert pipeline.record(2)["error"]["kind"] == "RuntimeError"
        assert "Nothing to be done" not in failed.stdout
    before = pipeline.made()
    done = pipeline.run()
    assert done.returncode == 0, done.stdout
    assert pipeline.record(2)["error"] is None
    after = pipeline.made()
    assert [index for index in before if before[index] != after[index]] == ["000002"]
    assert [row["termination"] for row in pipeline.table("metrics")] == ["solved"] * 4
    again = pipeline.run()
    assert "Nothing to be done" in again.stdout


@pytest.mark.slow
def test_too_many_failures_fail_the_run_and_leave_the_tables(pipeline):
    pipeline.copy_rooms((0, 7))
    pipeline.break_scene("01.xml")
    for quiet in ((), ("--quiet", "all")):
        done = pipeline.run(*quiet, max_failed_share=0.4)
        assert done.returncode != 0
        assert "1 of 2 environments failed" in done.stdout
        assert ("2/2 environments" in done.stdout) == (not quiet)
        assert len(pipeline.table("metrics")) == 2
        assert (pipeline.output / "report.html").exists()
    done = pipeline.run("--quiet", "all", max_failed_share=0.5)
    assert done.returncode == 0
    assert "NAMO collection" not in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"algorithm": "idsf", "xml_dir": "nowhere"},
            ["algorithm is 'idsf'", "did you mean 'idfs'?"],
        ),
        ({"end_idx": 7}, ["7 is too large", "there are 1 environments"]),
    ],
)
def test_wrong_settings_are_named_and_nothing_is_written(pipeline, settings, said):
    """The settings first, then the scenes; tests/collection tests the message for each value."""
    pipeline.copy_rooms((0,))
    done = pipeline.run(**settings)
    assert done.returncode != 0
    assert [part for part in said if part not in done.stdout] == []
    assert "Traceback" not in done.stdout
    assert not pipeline.output.exists()


def test_an_output_folder_below_a_file_is_refused_without_a_traceback(pipeline):
    pipeline.copy_rooms((0,))
    (pipeline.folder / "file").touch()
    done = pipeline.run(output_dir=pipeline.folder / "file" / "out")
    assert done.returncode != 0
    assert f"{pipeline.folder / 'file'}' is a file" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.slow
def test_a_killed_chunk_resumes_and_keeps_its_label(pipeline, killing):
    pipeline.copy_rooms((0, 7, 6, 0, 7))
    pipeline.output.mkdir()
    (pipeline.output / ".hostname").write_text("started-elsewhere\n")

    killed = pipeline.run("--retries", 0, environment=killing)
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


@pytest.mark.slow
def test_a_chunk_whose_process_dies_is_retried_and_resumes(pipeline, killing):
    pipeline.copy_rooms((0, 7, 6, 0, 7))

    done = pipeline.run(environment=killing)
    assert done.returncode == 0, done.stdout
    assert [row["env_index"] for row in pipeline.table("metrics")] == [0, 1, 2, 3, 4]
    attempts = (pipeline.output / "logs" / "collect" / f"{CHUNKS[1]}.log.all").read_text()
    assert attempts.count("began") == 3, "each environment of the chunk kills one process"
    assert attempts.endswith(pipeline.log(CHUNKS[1]))
    assert pipeline.log(CHUNKS[1]).count("already done") == 2


@pytest.mark.slow
def test_a_second_run_into_the_same_folder_is_refused_and_names_the_first(pipeline):
    pipeline.copy_rooms((0,))
    with only_run_in(pipeline.output):
        second = pipeline.run()
    assert second.returncode != 0
    here = f"{socket.gethostname()} (pid {os.getpid()}), which runs a collection into"
    assert f"locked by {here}" in second.stdout
    assert "Traceback" not in second.stdout
    assert not pipeline.made()
    assert pipeline.run().returncode == 0


def test_a_chunk_requests_the_gpus_of_the_run_plan(pipeline):
    """Which settings need one is tested in tests/pipeline/test_run_plan.py."""
    pipeline.copy_rooms((0,))
    models = {"object_strategy": "ml", "ml_object_model": REPOSITORY / "resources/models/object"}
    for device, number in (("auto", 0), ("cuda", 1)):
        planned = pipeline.run("--dry-run", "--quiet", "host", ml_device=device, **models)
        assert planned.returncode == 0, planned.stdout
        (resources,) = re.findall(r"rule collect:.*?resources: (.*?)$", planned.stdout, re.M | re.S)
        assert f"gpu={number}" in resources.split(", "), device


def test_the_cluster_profile_plans_long_jobs_and_reads_no_scene(pipeline):
    """Planning needs no cluster: neither scenes nor commands of SLURM exist here."""
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


@pytest.mark.slow
def test_a_repository_with_spaces_in_its_path_and_a_settings_file_work(pipeline):
    repository = pipeline.folder / "my repository"
    for name in ("workflow", "config", "profiles", "envs"):
        shutil.copytree(REPOSITORY / name, repository / name)
    shutil.copy(REPOSITORY / "Snakefile", repository)
    pipeline.copy_rooms((0,))
    (pipeline.folder / "mine.yaml").write_text("seed: 77\nmax_goals_per_object: 3\n")
    done = pipeline.run(
        "--snakefile", repository / "Snakefile", "--configfile", "mine.yaml", hostname="h"
    )
    assert done.returncode == 0, done.stdout
    (row,) = pipeline.table("metrics")
    assert row["seed"] == 77
    assert (pipeline.output / "h_env_000000_results.pkl").exists()
    assert not (pipeline.output / ".hostname").exists()


def test_the_default_run_is_the_first_demo_scenes():
    settings = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
    assert (settings["xml_dir"], settings["manifest"]) == (None, None)
    assert (settings["start_idx"], settings["end_idx"]) == (0, 24)


@pytest.mark.slow
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
