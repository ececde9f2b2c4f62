import subprocess
import sys

import pytest

from namo.commands.main import COLLECTIONS, SCENES, main
from tests.conftest import room_file


def test_every_command_explains_itself(capsys):
    for words in [*(["scenes", name] for name in SCENES), *([name] for name in COLLECTIONS)]:
        with pytest.raises(SystemExit) as ended:
            main([*words, "--help"])
        assert ended.value.code == 0
        assert f"usage: namo {' '.join(words)}" in capsys.readouterr().out


def test_wrong_usage_ends_with_two_and_names_the_command(tmp_path, capsys):
    assert main(["scenes", "check", str(tmp_path / "nowhere")]) == 2
    assert "namo scenes check: " in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["scenes", "bake"])
    assert ended.value.code == 2


def test_a_closed_pipe_is_not_an_error(tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text("".join(f"{room_file(0)}\n" for _ in range(300)))
    command = f"{sys.executable} -m namo.commands.main scenes check '{listed}' | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""
