import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from namo.collection.config import CollectionConfig
from namo.commands.main import main, make_parser


@pytest.fixture
def call(rig, tmp_path, monkeypatch, capsys):
    """Run the collector in this process on three rooms; returns exit code, output and errors."""
    scenes = rig.copy_rooms(tmp_path / "scenes", (0, 7, 0))
    monkeypatch.chdir(tmp_path)

    def run(*changes, **options):
        given = {"output-dir": "out", "start-idx": 0, "end-idx": -1, "xml-dir": scenes}
        given |= {name.replace("_", "-"): value for name, value in options.items()}
        arguments = [
            text
            for name, value in given.items()
            if value is not None
            for text in (f"--{name}", str(value))
        ]
        try:
            code = main(["collect", *arguments, *changes])
        except SystemExit as stop:
            code = stop.code
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def in_scenes(tmp_path):
    return sorted(path.name for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"xml_dir": "nowhere"}, ["--xml-dir nowhere: no such folder"]),
        ({"xml_dir": "empty"}, ["--xml-dir empty: holds no .xml file"]),
        ({"xml_dir": None, "manifest": "none.txt"}, ["--manifest none.txt: no such file"]),
        ({"manifest": "list.txt"}, ["--xml-dir", "--manifest list.txt", "only one of the two"]),
        ({"start_idx": 2, "end_idx": 2}, ["--start-idx 2 and --end-idx 2", "3 environments"]),
        ({"start_idx": 2, "end_idx": 1}, ["--start-idx 2 and --end-idx 1", "exclusive"]),
        ({"start_idx": -1}, ["--start-idx -1 is negative", "0 to 2"]),
        ({"end_idx": 4}, ["--end-idx 4 is too large", "there are 3 environments", "at most 3"]),
        ({"end_idx": -2}, ["--end-idx -2", "-1 for the end"]),
        ({"start_idx": 3}, ["--start-idx 3", "there are 3 environments"]),
        ({"start_idx": "one"}, ["--start-idx", "invalid int value: 'one'"]),
        ({"start_idx": None}, ["--start-idx"]),
        ({"output_dir": None}, ["--output-dir"]),
        ({"algorithm": "tree"}, ["algorithm 'tree'", "did you mean 'tree_idfs'?", "idfs"]),
        ({"object_strategy": "nearst_first"}, ["did you mean 'nearest_first'?"]),
        ({"goal_strategy": "adaptve"}, ["'adaptve'", "did you mean 'adaptive'?", "grid"]),
        ({"object_strategy": "ml"}, ["--object-strategy ml needs --ml-object-model PATH"]),
        ({"goal_strategy": "ml"}, ["--goal-strategy ml needs --ml-goal-model PATH"]),
        ({"ml_goal_model": "empty"}, ["--ml-goal-model is 'empty'", "--goal-strategy ml"]),
        (
            {"object_strategy": "ml", "ml_object_model": "nowhere"},
            ["--ml-object-model: nowhere: no such folder", "config.json and model.safetensors"],
        ),
        (
            {"goal_strategy": "ml", "ml_goal_model": "empty"},
            ["--ml-goal-model: empty: has no config.json"],
        ),
        ({"ml_random_share": 2}, ["--ml-random-share is 2.0", "0 to 1"]),
        ({"ml_random_share": "few"}, ["--ml-random-share", "'few'"]),
        ({"ml_samples": 0}, ["--ml-samples is 0", "from 1 up"]),
        ({"ml_device": "gpu"}, ["--ml-device is 'gpu'", "cuda, cpu, auto"]),
        ({"algorithm": "exploration"}, ["--algorithm exploration needs --max-pushes"]),
        ({"output_dir": "list.txt/out"}, ["--output-dir 'list.txt/out'", "list.txt' is a file"]),
        ({"hostname": "a b"}, ["--hostname is 'a b'", "letters, digits"]),
        ({"hostname": "../up"}, ["--hostname is '../up'"]),
        ({"hostname": ""}, ["--hostname is ''"]),
        ({"algoritm": "idfs"}, ["--algoritm", "did you mean '--algorithm'?"]),
        ({"max-pushs": 3}, ["--max-pushs", "did you mean '--max-pushes'?"]),
        ({"max-depth": -1}, ["--max-depth is -1", "integers from 0 up"]),
        ({"max-depth": 1.5}, ["--max-depth", "'1.5'"]),
        ({"search-timeout": 0}, ["--search-timeout is 0.0", "above zero"]),
        ({"episodes-per-env": 0}, ["--episodes-per-env is 0", "from 1 up"]),
        ({"physics": "fats"}, ["--physics is 'fats'", "did you mean 'fast'?"]),
        ({"threads": 0}, ["--threads is 0", "from 1 up"]),
        ({"workers": 0}, ["--workers is 0", "from 1 up"]),
        ({"max-failed-fraction": 1.5}, ["--max-failed-fraction is 1.5", "0 to 1"]),
    ],
)
def test_wrong_usage_is_said_with_code_2_and_nothing_is_written(call, tmp_path, options, said):
    (tmp_path / "empty").mkdir()
    (tmp_path / "list.txt").write_text("scenes/00.xml\n")
    before = in_scenes(tmp_path)
    code, out, err = call(**options)
    assert code == 2
    assert [part for part in said if part not in err] == []
    assert "Traceback" not in err
    assert out == ""
    assert in_scenes(tmp_path) == before


def test_a_cache_that_cannot_be_written_is_wrong_usage(call, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("NAMO_CACHE_DIR", str(tmp_path / "file" / "cache"))
    code, _, err = call()
    assert code == 2
    assert "NAMO_CACHE_DIR" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_an_output_folder_without_permission_is_wrong_usage(call, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    code, _, err = call(output_dir="locked/out")
    assert code == 2
    assert "no permission to write" in err


def test_part_only_and_merge_only_exclude_each_other(call, tmp_path):
    code, _, err = call("--part-only", "--merge-only")
    assert code == 2
    assert "not allowed with" in err
    assert not (tmp_path / "out").exists()


def test_merging_where_nothing_was_collected_says_so(call, tmp_path):
    code, _, err = call("--merge-only")
    assert code == 1
    assert "out: no finished part" in err


def test_a_run_without_failures_ends_with_0_and_prints_the_summary(call, tmp_path):
    code, out, _ = call(hostname="label-1")
    assert code == 0
    assert "NAMO collection" in out
    assert "3 (100 %)" in out
    names = {path.name for path in (tmp_path / "out").iterdir()} - {
        "parts",
        ".merge.lock",
        ".plan.json",
        ".plan.lock",
    }
    assert names == {
        "label-1_env_000000_results.pkl",
        "label-1_env_000001_results.pkl",
        "label-1_env_000002_results.pkl",
        "collection_summary_label-1.pkl",
        "summary_label-1.txt",
        "metrics.parquet",
        "pushes.parquet",
        "plans.parquet",
        "scenes.parquet",
        "scene_files.parquet",
        "manifest.parquet",
        "run.json",
        "report.html",
    }


def test_the_label_is_the_name_of_the_machine_when_none_is_given(call, tmp_path, monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "node-7.cluster.example")
    assert call(end_idx=1)[0] == 0
    assert (tmp_path / "out" / "node-7_env_000000_results.pkl").exists()


def test_the_range_excludes_its_end_and_minus_one_goes_to_it(call, rig, tmp_path):
    assert call(start_idx=1, end_idx=2, hostname="h")[0] == 0
    collection = rig.opened(tmp_path / "out", tmp_path / "scenes")
    assert [row["env_index"] for row in collection.table("metrics")] == [1]
    assert call(start_idx=1, end_idx=-1, hostname="h")[0] == 0
    assert [row["env_index"] for row in collection.table("metrics")] == [1, 2]


def test_a_manifest_gives_the_order(call, rig, tmp_path):
    (tmp_path / "list.txt").write_text("scenes/02.xml\nscenes/00.xml\n")
    assert call(xml_dir=None, manifest="list.txt")[0] == 0
    rows = rig.opened(tmp_path / "out", tmp_path).table("metrics")
    assert [Path(row["xml_file"]).name for row in rows] == ["02.xml", "00.xml"]


def test_a_broken_scene_is_recorded_and_ends_with_1(collected):
    assert collected.completed.returncode == 1
    rows = collected.table("metrics")
    assert [row["termination"] for row in rows[:4]] == ["solved"] * 4
    assert (rows[4]["termination"], rows[5]["termination"]) == ("exhausted", "error")
    assert "kaputt ü.xml" in rows[5]["error_message"]
    assert "goal" in rows[5]["error_message"]
    assert "FAILED, " in collected.completed.stderr
    assert "Failed environments: 1" in collected.completed.stdout
    assert "Traceback" not in collected.completed.stderr


def test_paths_with_spaces_and_other_letters_are_kept(collected):
    for row in collected.table("metrics"):
        assert (collected.scenes.parent / row["xml_file"]).is_file()
        assert "räume mit platz" in row["xml_file"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="file names there are text")
def test_a_file_name_that_is_no_text_costs_at_most_its_own_environment(rig, tmp_path):
    scenes = rig.copy_rooms(tmp_path / "scenes", (0, 7))
    shutil.copy(rig.room(0), os.fsencode(scenes) + b"/\xff.xml")
    done = rig.run(
        *("--xml-dir", scenes, "--output-dir", tmp_path / "out", "--hostname", "h"),
        *("--start-idx", 0, "--end-idx", -1),
        cwd=tmp_path,
    )
    assert "Traceback" not in done.stderr
    rows = rig.opened(tmp_path / "out", scenes).table("metrics")
    assert sum(row["success"] for row in rows) >= 2


def test_nothing_is_left_where_the_command_was_run(collected):
    assert {path.name for path in collected.scenes.parent.iterdir()} == {
        "räume mit platz",
        "out put",
    }


def test_progress_goes_to_the_error_stream_line_by_line(collected):
    lines = [line for line in collected.completed.stderr.splitlines() if line.startswith("[")]
    assert re.search(r"process \d+ on .* began \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", lines[0])
    assert [line.split()[1] for line in lines[1:]] == [f"{number}/6" for number in range(1, 7)]


@pytest.mark.slow
def test_quiet_says_nothing_but_what_went_wrong(rig, tmp_path, broken_room):
    scenes = rig.copy_rooms(tmp_path / "scenes", (0,))
    (scenes / "01.xml").write_text(broken_room)
    arguments = ["--xml-dir", scenes, "--output-dir", tmp_path / "out", "--quiet"]
    done = rig.run(*arguments, "--start-idx", 0, "--end-idx", 1, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = rig.run(*arguments, "--start-idx", 0, "--end-idx", 2, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    line, again = done.stderr.splitlines()
    assert again == f"  to collect it again: namo redo {tmp_path / 'out'} 1"
    merged = rig.run(*arguments, "--start-idx", 0, "--end-idx", 2, "--merge-only", cwd=tmp_path)
    assert (merged.returncode, merged.stdout, merged.stderr) == (0, "", "")
    assert "env 000001" in line
    assert "FAILED, " in line


@pytest.mark.slow
def test_the_stored_command_collects_a_fixed_scene_and_nothing_else(rig, tmp_path, broken_room):
    scenes = rig.copy_rooms(tmp_path / "some rooms", (0, 7, 0))
    (scenes / "01.xml").write_text(broken_room)
    output = tmp_path / "out put"
    arguments = ["--xml-dir", scenes, "--output-dir", output, "--hostname", "h", "--seed", 3]
    first = rig.run(*arguments, "--start-idx", 0, "--end-idx", -1, cwd=rig.repository)
    assert first.returncode == 1, first.stderr
    collection = rig.opened(output, scenes)
    command = collection.record(1)["error"]["command"]
    assert command not in first.stdout
    assert f"namo redo '{output}' --failed\n" in first.stdout
    before = {path: path.stat().st_mtime_ns for path in collection.files()}
    shutil.copy(rig.room(7), scenes / "01.xml")
    again = subprocess.run(
        shlex.split(command),
        cwd=rig.repository,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert again.returncode == 0, again.stderr
    assert collection.record(1)["success"]
    assert collection.record(1)["metrics"][0]["seed"] == 3
    touched = [path for path, time in before.items() if path.stat().st_mtime_ns != time]
    assert [path.name for path in touched] == ["h_env_000001_results.pkl"]
    assert [row["termination"] for row in collection.table("metrics")] == ["solved"] * 3
    assert "Failed environments" not in again.stdout


@pytest.mark.slow
def test_the_stored_command_works_in_the_folder_where_the_run_was_started(
    rig, tmp_path, broken_room
):
    scenes = rig.copy_rooms(tmp_path / "rooms", (0,))
    (scenes / "bad.xml").write_text(broken_room)
    arguments = ["--xml-dir", "rooms", "--output-dir", "out", "--hostname", "h"]
    first = rig.run(*arguments, "--start-idx", 0, "--end-idx", -1, cwd=tmp_path)
    assert first.returncode == 1, first.stderr
    command = rig.opened(tmp_path / "out", scenes).record(1)["error"]["command"]
    shutil.copy(rig.room(7), scenes / "bad.xml")
    again = subprocess.run(
        shlex.split(command),
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert again.returncode == 0, again.stderr


def test_a_part_with_recorded_failures_counts_as_done(call, rig, tmp_path, broken_room):
    (tmp_path / "scenes" / "01.xml").write_text(broken_room)
    code, out, _ = call("--part-only")
    assert (code, out) == (0, "")
    assert not (tmp_path / "out" / "metrics.parquet").exists()
    assert (tmp_path / "out" / "parts" / "000000-000003" / "part.json").exists()
    code, out, _ = call("--merge-only")
    assert code == 0
    assert "Failed environments: 1" in out


@pytest.mark.parametrize(("good", "code"), [(6, 0), (5, 1)])
def test_a_part_fails_only_above_the_fraction_of_failures(
    call, rig, tmp_path, broken_room, good, code
):
    scenes = rig.copy_rooms(tmp_path / "many", [0] * 10)
    for number in range(good, 10):
        (scenes / f"{number:02d}.xml").write_text(broken_room)
    found, _, err = call("--part-only", "--max-failed-fraction", "0.4", xml_dir=scenes)
    assert found == code
    assert ("5 of 10 environments failed, more than --max-failed-fraction 0.4" in err) == (
        code == 1
    )
    assert len(list((tmp_path / "out").glob("*_results.pkl"))) == 10


def test_an_interrupted_run_says_how_to_resume(call, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("namo.collection.chunk.collect_environment", interrupt)
    code, _, err = call()
    assert code == 130
    assert "rerun the same command to resume" in err


def test_a_full_disk_is_said_without_a_traceback(call, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("namo.collection.chunk.write_record", full)
    code, _, err = call()
    assert code == 1
    assert "error: [Errno 28] No space left on device" in err


def test_the_parser_has_the_defaults_of_the_configuration():
    arguments = ["--output-dir", "o", "--start-idx", "0", "--end-idx", "1"]
    options = make_parser().parse_args(["collect", *arguments])
    defaults = CollectionConfig()
    for name in CollectionConfig.names():
        assert getattr(options, name) == getattr(defaults, name), name


def test_abbreviated_options_are_refused(call):
    code, _, err = call("--alg", "idfs")
    assert code == 2
    assert "--alg" in err


def test_help_and_wrong_usage_need_no_physics(rig, tmp_path):
    code = (
        "import sys, namo.commands.main as c\n"
        "code = c.main(['collect', '--output-dir', 'o', '--start-idx', '5', '--end-idx', '5'])\n"
        "print(code, [m for m in ('mujoco', 'cv2', 'torch') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout == "2 []\n"


def test_the_old_name_of_the_fraction_still_works_and_says_so(call, rig, tmp_path, broken_room):
    scenes = rig.copy_rooms(tmp_path / "many", [0] * 10)
    for number in range(5, 10):
        (scenes / f"{number:02d}.xml").write_text(broken_room)
    code, _, err = call("--part-only", "--max-failed-share", "0.4", xml_dir=scenes)
    assert code == 1
    note = "note: --max-failed-share is now --max-failed-fraction; the old name goes away"
    assert err.startswith(note)


def test_the_command_and_the_script_of_the_previous_system_are_the_same(rig, tmp_path, monkeypatch):
    scenes = rig.copy_rooms(tmp_path / "scenes", (0,))
    arguments = ["--xml-dir", str(scenes), "--output-dir", "out", "--hostname", "h"]
    arguments += ["--start-idx", "0", "--end-idx", "1"]
    for name in ("script", "command"):
        (tmp_path / name).mkdir()
    done = rig.run(*arguments, cwd=tmp_path / "script")
    assert done.returncode == 0, done.stderr
    monkeypatch.chdir(tmp_path / "command")
    assert main(["collect", *arguments]) == 0
    script, command = (
        rig.opened(tmp_path / name / "out", scenes) for name in ("script", "command")
    )
    assert script.content() == command.content()
    assert {path.name for path in script.output.iterdir()} == {
        path.name for path in command.output.iterdir()
    }
