import re
import subprocess
import sys

import pytest

from namo.commands.main import COMMANDS, GROUPS, main
from tests.conftest import REPOSITORY, room_file


def printed(capsys, *words):
    """The exit code, the output and the errors of a command that argparse may end."""
    try:
        code = main(list(words))
    except SystemExit as ended:
        code = ended.code
    out, err = capsys.readouterr()
    return code, out, err


def test_every_command_explains_itself(capsys):
    for name in COMMANDS:
        code, out, _ = printed(capsys, *name.split(), "--help")
        assert code == 0
        assert f"usage: namo {name}" in out
        assert "xit codes: 0" in " ".join(out.split())
        assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("words", [(), ("--help",)])
def test_alone_it_lists_every_command_in_its_group(capsys, words):
    code, out, err = printed(capsys, *words)
    assert (code, err) == (0, "")
    for title, commands in GROUPS.items():
        _, _, below = out.partition(f"\n{title}:\n")
        lines = below.partition("\n\n")[0].splitlines()
        assert [line.split("  ")[1] for line in lines] == list(commands)
        for line, module in zip(lines, commands.values(), strict=True):
            assert line.endswith(module.HELP)
    assert max(map(len, out.splitlines())) <= 80


def test_a_group_alone_lists_its_commands(capsys):
    code, out, _ = printed(capsys, "scenes")
    assert code == 0
    assert "certify-candidates" in out


@pytest.mark.parametrize(
    ("words", "prog", "said"),
    [
        (["scenes", "bake"], "namo scenes", "unknown command 'bake'"),
        (["colect"], "namo", "unknown command 'colect'; did you mean 'collect'?"),
        (["scenes", "chekc", "x"], "namo scenes", "did you mean 'check'?"),
        (["verify", "x", "--recolect"], "namo verify", "did you mean '--recollect'?"),
        (["collect", "--end-ix=3"], "namo collect", "required"),
        (["report", "x", "--colour"], "namo report", "unrecognized arguments: --colour"),
        (["train", "--kind", "gaol"], "namo train", "unknown value 'gaol'; did you mean 'goal'?"),
        (["report", "--version"], "namo report", "required"),
    ],
)
def test_a_misspelt_word_is_refused_with_the_nearest(capsys, words, prog, said):
    code, out, err = printed(capsys, *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"usage: {prog}")
    assert f"\n{prog}: error: " in err
    assert said in err
    assert "--redo" not in err


def test_an_option_cannot_be_cut_short(capsys):
    code, _, err = printed(capsys, "verify", "x", "--no")
    assert code == 2
    assert "did you mean '--no-replay'?" in err


def test_wrong_usage_ends_with_two_and_names_the_command(tmp_path, capsys):
    code, _, err = printed(capsys, "scenes", "check", str(tmp_path / "nowhere"))
    assert code == 2
    assert "namo scenes check: error: " in err


def test_a_closed_pipe_is_not_an_error(tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text("".join(f"{room_file(0)}\n" for _ in range(300)))
    command = f"{sys.executable} -m namo.commands.main scenes check '{listed}' | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_help_and_wrong_usage_load_no_heavy_library():
    """NumPy among them: it looks for its number of threads when it is loaded."""
    heavy = ("mujoco", "cv2", "torch", "pyarrow", "numpy", "scipy", "numba", "matplotlib", "yaml")
    code = (
        "import sys, namo.commands.main as m\n"
        "m.main([])\n"
        f"print([name for name in {heavy} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.endswith("\n[]\n"), done.stderr


def test_the_package_points_at_nothing_of_the_workflow():
    """An installed wheel has no such folder."""
    pointing = [
        path
        for path in (REPOSITORY / "namo").rglob("*.py")
        if re.search(r"workflow/|\"workflow\"|sequential_ml_collection", path.read_text("utf-8"))
    ]
    assert pointing == []
