import shlex
import sys
from pathlib import Path

import pytest

from namo.files import from_here
from namo.reporting.rerun_command import rerun_command

PYTHON = str(from_here(Path(sys.executable)))


def test_the_command_collects_one_environment_next_to_the_collection():
    command = ["x y/collect.py", "--merge-only", "--output-dir", "my out/", "--seed", "3"]
    command += ["--start-idx", "0", "--end-idx", "100", "--max-failed-share", "0.5"]
    assert shlex.split(rerun_command(command, 7)) == [
        *(PYTHON, "-m", "namo", "collect", "--output-dir", "my out_rerun", "--seed", "3"),
        *("--start-idx", "7", "--end-idx", "8"),
    ]


def test_options_with_an_equals_sign_are_understood():
    command = ["c.py", "--output-dir=out", "--start-idx=0", "--end-idx=-1", "--physics=fast"]
    assert rerun_command(command, 2) == (
        f"{PYTHON} -m namo collect --output-dir out_rerun --physics=fast --start-idx 2 --end-idx 3"
    )


@pytest.mark.parametrize("program", ["/usr/bin/namo", "/lib/namo/__main__.py"])
def test_the_subcommand_is_named_once(program):
    assert rerun_command([program, "collect", "--output-dir", "out"], 0) == (
        f"{PYTHON} -m namo collect --output-dir out_rerun --start-idx 0 --end-idx 1"
    )


@pytest.mark.parametrize("command", [[], ["namo", "merge", "a", "b", "-o", "c"]])
def test_a_collection_merged_from_others_has_no_command(command):
    assert rerun_command(command, 0) is None
