"""envs/namo.yaml is what Snakemake needs of it: it stands alone, and has the pins of the locks."""

import importlib.util
import subprocess
import sys

import yaml

from tests.conftest import REPOSITORY
from tests.test_requirements import UNHASHED, pins

FILE = REPOSITORY / "envs" / "namo.yaml"


def pin_conda():
    """The script that writes the file."""
    path = REPOSITORY / "envs" / "pin_conda.py"
    spec = importlib.util.spec_from_file_location("pin_conda", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_is_what_make_lock_writes():
    written = FILE.read_text()
    locks = [(REPOSITORY / name).read_text() for name in ("requirements.txt", UNHASHED)]
    assert written == pin_conda().conda_environment("\n".join(locks))


def test_every_pin_of_the_locks_is_in_it_and_nothing_else():
    *_, last = yaml.safe_load(FILE.read_text())["dependencies"]
    held = {tuple(line.partition(" ; ")[0].split("==")) for line in last["pip"]}
    locked = pins("requirements.txt") | pins(UNHASHED)
    assert held == {(name, pin.version) for name, pin in locked.items()}


def test_pip_reads_its_lines_and_finds_them_installed(tmp_path):
    """As conda hands them to pip: a file of their own, wherever the copy of the yaml is."""
    *_, last = yaml.safe_load(FILE.read_text())["dependencies"]
    (tmp_path / "condaenv.requirements.txt").write_text("\n".join(last["pip"]))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--no-deps"),
            *("--requirement", "condaenv.requirements.txt"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_markers_stay():
    hashed = " \\\n    --hash=sha256:0\n"
    text = f"a==1.0 ; sys_platform == 'win32'{hashed}b==2{hashed}c==3\n"
    lines = pin_conda().conda_environment(text).splitlines()[-3:]
    assert lines == [
        "      - \"a==1.0 ; sys_platform == 'win32'\"",
        '      - "b==2"',
        '      - "c==3"',
    ]
