import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from namo.commands.main import main
from namo.results.records import read_record, write_record
from tests.conftest import room_file

COLLECTOR = Path(__file__).resolve().parents[2] / "workflow/scripts/sequential_ml_collection.py"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A room with a plan of one push, and one whose goal is open: two episodes each. Read only."""
    folder = tmp_path_factory.mktemp("replay")
    (folder / "list.txt").write_text(f"{room_file(1)}\n{room_file(0)}\n")
    subprocess.run(
        [
            *(sys.executable, COLLECTOR, "--manifest", folder / "list.txt", "--hostname", "h"),
            *("--output-dir", folder / "out", "--start-idx", "0", "--end-idx", "2"),
            *("--max-pushes", "40", "--episodes-per-env", "2"),
        ],
        check=True,
        capture_output=True,
    )
    return folder / "out" / "h_env_000000_results.pkl"


def test_a_plan_whose_replay_matches_ends_with_0(file, capsys):
    assert main(["replay", str(file), "--check"]) == 0
    assert capsys.readouterr().out.startswith("h_env_000000_episode_0: plan of ")
    assert main(["replay", str(file), "--episode", "1"]) == 0
    assert "h_env_000000_episode_1: plan of 1 push: replay matches" in (
        capsys.readouterr().out.replace("pushes", "push").replace("of 2", "of 1")
    )


def test_a_plan_whose_replay_diverges_ends_with_1_and_says_where(file, tmp_path, capsys):
    record = read_record(file)
    record["episode_results"][0]["post_action_state_observations"][0]["robot_pose"][0] += 0.1
    write_record(tmp_path / "changed_env_000000_results.pkl", record)
    assert main(["replay", str(tmp_path / "changed_env_000000_results.pkl")]) == 1
    assert "state after push 1 differs from the stored state" in capsys.readouterr().out


def test_videos_are_written(file, tmp_path, capsys):
    films = [tmp_path / "plan.gif", tmp_path / "plan.mp4"]
    asked = ["--gif", str(films[0]), "--mp4", str(films[1]), "--width", "200"]
    assert main(["replay", str(file), *asked]) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if "wrote" in line] == [
        f"wrote {film}" for film in films
    ]
    with Image.open(films[0]) as film:
        assert film.width == 200
        assert film.n_frames > 10
    assert films[1].stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--episode", "7"], "no episode 7; expected one of: 0, 1"),
        (["--gif", "plan.png"], "--gif plan.png: must end in .gif"),
        (["--check", "--gif", "plan.gif"], "--check: shows nothing"),
        (["--render"], "needs --gif or --mp4"),
        (["--width", "3"], "--width 3: must be 16 or more"),
    ],
)
def test_wrong_usage_ends_with_2(file, arguments, said, capsys):
    assert main(["replay", str(file), *arguments]) == 2
    assert said in capsys.readouterr().err


def test_an_environment_without_a_push_to_show_says_so(file, capsys):
    other = file.with_name("h_env_000001_results.pkl")
    assert main(["replay", str(other)]) == 2
    assert "no episode has a plan with a push" in capsys.readouterr().err
    assert main(["replay", str(other), "--episode", "0"]) == 2
    assert "episode 0 has no plan with a push" in capsys.readouterr().err


def test_a_folder_cannot_be_replayed(tmp_path, capsys):
    assert main(["replay", str(tmp_path)]) == 2
    assert "is a folder; name an environment too: DIR ENV" in capsys.readouterr().err
    assert main(["replay", str(tmp_path), "3"]) == 2
    assert "no environment 3; allowed: number of the environment, or its env_id" in (
        capsys.readouterr().err
    )


def test_a_push_is_replayed_by_its_number_in_a_folder(file, tmp_path, capsys):
    folder = str(file.parent)
    last = len(read_record(file)["pushes"]["push"]) // 2 - 1  # of two equal episodes
    asked = ["--push", str(last), "--episode", "1", "--gif", str(tmp_path / "push.gif")]
    assert main(["replay", folder, "0", *asked]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"h_env_000000_episode_1: push {last}, at depth ")
    assert "goal_open: replay matches" in out
    assert (tmp_path / "push.gif").stat().st_size > 1000
    assert main(["replay", folder, "h_env_000000", "--push", "0", "--check"]) == 0
    capsys.readouterr()
    assert main(["replay", folder, "0", "--push", "99"]) == 2
    assert "episode 0 has no push 99; its" in capsys.readouterr().err
    assert main(["replay", str(file), "0", "--push", "0"]) == 2
    assert "is not a folder; omit 0" in capsys.readouterr().err


def test_a_missing_or_damaged_file_is_named(tmp_path, capsys):
    assert main(["replay", str(tmp_path / "nothing.pkl")]) == 1
    (tmp_path / "damaged.pkl").write_bytes(b"no")
    assert main(["replay", str(tmp_path / "damaged.pkl")]) == 1
    said = capsys.readouterr().err
    assert "nothing.pkl" in said
    assert "damaged.pkl: no checksum" in said


def test_mujoco_shows_it_or_names_the_missing_opengl(file, tmp_path):
    """In a separate process: MuJoCo chooses its renderer when it is loaded."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "namo.commands.main", "replay", file),
            *("--render", "--gif", tmp_path / "plan.gif", "--width", "64"),
        ],
        env={name: value for name, value in os.environ.items() if name != "DISPLAY"},
        capture_output=True,
        text=True,
    )
    if done.returncode == 0:
        with Image.open(tmp_path / "plan.gif") as film:
            assert film.size == (64, 48)
            film.seek(film.n_frames // 2)
            assert len(film.convert("RGB").getcolors(64 * 48)) > 4, "not an empty picture"
    else:
        assert "--render needs OpenGL, and none works here" in done.stderr
        assert "Traceback" not in done.stderr
