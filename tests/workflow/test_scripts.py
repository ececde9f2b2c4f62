import re
import subprocess
import sys
from pathlib import Path

import pytest

from namo.commands.main import COMMANDS

FOLDER = Path(__file__).parents[2] / "workflow" / "scripts"
SCRIPTS = {
    "sequential_ml_collection": "collect",
    "show_summary": "summary",
    "make_report": "report",
    "make_dataset": "dataset",
    "train_model": "train",
    "evaluate_models": "evaluate",
    "choose_models": "choose-models",
    "make_scenes": "scenes generate",
    "certify_candidates": "scenes certify-candidates",
    "certify_scenes": "scenes certify",
    "unpack_scenes": "scenes unpack",
    "pack_part": "pack",
    "unpack_part": "unpack",
}


def run(script, *arguments, cwd):
    command = [sys.executable, str(FOLDER / f"{script}.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def test_there_are_scripts():
    assert {path.stem for path in FOLDER.glob("*.py")} == SCRIPTS.keys()


@pytest.mark.parametrize(("script", "command"), SCRIPTS.items())
def test_every_script_is_nothing_but_the_call_of_its_command(script, command):
    assert command in COMMANDS
    text = (FOLDER / f"{script}.py").read_text(encoding="utf-8")
    words = ", ".join(f'"{word}"' for word in command.split())
    body = re.fullmatch(
        r'"""`namo (.*)`, .*"""\n\nimport sys\n\nfrom namo\.commands\.main import main\n\n'
        r'if __name__ == "__main__":\n    sys\.exit\(main\(\[(.*), \*sys\.argv\[1:\]\]\)\)\n',
        text,
    )
    assert body is not None
    assert body.groups() == (command, words)


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_answers_help(script, tmp_path):
    done = run(script, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"usage: namo {SCRIPTS[script]}" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_refuses_an_unknown_option(script, tmp_path):
    done = run(script, "--no-such-option", cwd=tmp_path)
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_a_script_has_the_exit_code_of_its_command(tmp_path):
    done = run("show_summary", tmp_path, cwd=tmp_path)
    assert done.returncode == 1
    assert "manifest.parquet" in done.stderr
    assert "Traceback" not in done.stderr
