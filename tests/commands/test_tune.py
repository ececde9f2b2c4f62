import subprocess
import sys

import pytest

from namo.commands.main import main


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--environments", "1"], "--environments is 1; allowed: integers from 2 up"),
        (["--gpus", "-1"], "--gpus is -1"),
        (["--job-minutes", "0"], "--job-minutes is 0; allowed: more than 0 to 1440"),
        (["--cores", "8"], "--cores needs --memory"),
        (["--cores", "8", "--memory", "1", "2"], "--memory has 2 values for 1 machines"),
        (["--algorithm", "idf"], "did you mean 'idfs'"),
        (["--xml-dir", "nowhere"], "nowhere"),
    ],
)
def test_wrong_usage_is_named_before_anything_is_measured(options, said, capsys):
    try:
        code = main(["tune", *options])
    except SystemExit as end:
        code = end.code
    assert code == 2
    err = capsys.readouterr().err
    assert said in err
    assert "measuring" not in err


@pytest.mark.slow
def test_this_machine_is_measured_and_nothing_is_left(rig, tmp_path):
    scenes = rig.copy_rooms(tmp_path / "scenes", (0, 1, 6, 8))
    command = [sys.executable, "-m", "namo", "tune", "--xml-dir", scenes, "--scratch", tmp_path]
    command += ["--object-strategy", "nearest_first", "--max-pushes", 3, "--environments", 4]
    done = subprocess.run(
        [*map(str, command), "--cores", "8", "--memory", "64"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "measuring: 1 process with 1 worker" in done.stderr
    assert "    snakemake --cores" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["scenes"]


@pytest.mark.slow
def test_what_the_collector_refuses_is_said_once(rig, tmp_path, capsys):
    scenes = rig.copy_rooms(tmp_path / "scenes", (0, 1))
    options = ["--goal-strategy", "ml", "--ml-goal-model", str(tmp_path), "--ml-device", "cpu"]
    assert main(["tune", "--xml-dir", str(scenes), "--scratch", str(tmp_path), *options]) == 2
    assert str(tmp_path) in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["scenes"]
