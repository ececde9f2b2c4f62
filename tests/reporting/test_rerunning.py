import shlex
import sys
from pathlib import Path

import pytest

from namo.files import from_here
from namo.reporting.rerunning import command_again

PYTHON = str(from_here(Path(sys.executable)))


def test_the_command_collects_one_environment_beside_the_collection():
    ran = ["x y/collect.py", "--merge-only", "--output-dir", "my out/", "--seed", "3"]
    ran += ["--start-idx", "0", "--end-idx", "100", "--max-failed-share", "0.5"]
    again = shlex.split(command_again(ran, 7))
    assert again == [
        *(PYTHON, "x y/collect.py", "--output-dir", "my out_again", "--seed", "3"),
        *("--start-idx", "7", "--end-idx", "8"),
    ]


def test_options_with_an_equals_sign_are_understood():
    ran = ["c.py", "--output-dir=out", "--start-idx=0", "--end-idx=-1", "--physics=fast"]
    assert command_again(ran, 2) == (
        f"{PYTHON} c.py --output-dir out_again --physics=fast --start-idx 2 --end-idx 3"
    )


@pytest.mark.parametrize("command", [[], ["namo", "merge", "a", "b", "-o", "c"]])
def test_a_collection_put_together_of_others_has_no_command(command):
    assert command_again(command, 0) is None
