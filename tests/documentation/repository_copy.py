"""A copy of the repository to run pages in, with small settings and some results."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from namo.certification.scene_set import make_scenes
from namo.certification.settings import SceneSetSettings
from tests.conftest import REPOSITORY
from tests.documentation.declared import DECLARED, NOT_COMMANDS, SMALL
from tests.documentation.pages import EXAMPLE, Block, Program, steps

PATIENCE_S = 300.0

# What pages assume. `make` is the README's first command and runs here as printed.
RESULTS = """
make CORES=2
collect() {
    python workflow/scripts/sequential_ml_collection.py --output-dir "$1" --start-idx "$2" \
        --end-idx "$3" --algorithm idfs --object-strategy nearest_first --max-pushes 20
}
collect results/a 4 5
collect results/b 5 6
cp -r results/a results/big
cp -r results/b results/other_cluster
git init --quiet
git add .
git -c user.name=Test -c user.email=test@example.org commit --quiet --message "Initial"
"""
PUZZLE = "A . M0 G\n"
ROOMS: dict[str, Any] = {
    "families": {"room": 1.0},
    "boxes_elsewhere": (0, 1),
    "certify": False,
    "count": 12,
    "scenes_per_layout": 1,
    "splits": {"train": 0.5, "val": 0.25, "test": 0.25},
}


@dataclass
class Copy:
    """A copy of the repository, with the interpreter of the tests as its `.venv`."""

    folder: Path

    def fill(self) -> None:
        """Create it: files, tools, small settings, scenes and results."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            if (REPOSITORY / name).is_file():  # not one that was deleted and is not committed yet
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(REPOSITORY / name, self.folder / name)
        for name, changes in SMALL.items():
            settings = yaml.safe_load((self.folder / name).read_text(encoding="utf-8"))
            _change(settings, changes)
            (self.folder / name).write_text(yaml.safe_dump(settings, sort_keys=False))
        tools = self.folder / ".venv"
        tools.mkdir()
        for part in Path(sys.prefix).iterdir():
            (tools / part.name).symlink_to(part)
        for marker in (".installed", ".installed-test"):  # nothing is installed by a test
            (tools / marker).unlink(missing_ok=True)
            (tools / marker).touch()
        self._add_scenes()
        self.shell(RESULTS, "tests/documentation/repository_copy.py")

    def _add_scenes(self) -> None:
        made = self.folder / "scenes"
        make_scenes(SceneSetSettings(**ROOMS), made, 1, lambda _: None)
        for place in ("results/learning/scenes", "results/learning/test_scenes"):
            shutil.copytree(made, self.folder / place)
        mine, theirs = (self.folder / "path" / "to" / name for name in ("scenes", "theirs"))
        mine.mkdir(parents=True)
        for scene in sorted(made.glob("scene_*.xml"))[:4]:  # four floor plans
            shutil.copy(scene, mine)
        theirs.mkdir()
        (theirs / "puzzle.pwp").write_text(PUZZLE)

    def run_page(self, page: str, text: str) -> None:
        """Write all files and run all commands and programs of a page, in order, in this folder.

        Raises:
            AssertionError: a command fails, or a program prints something else.
        """
        names: dict[str, Any] = {"__name__": "__main__"}
        for step in steps(page, text):
            if isinstance(step, Program):
                _run_program(step, names)
            elif step.file:
                path = self.folder / step.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(step.text, encoding="utf-8")
            elif step.text.splitlines()[0].strip() not in NOT_COMMANDS:
                self._run_commands(step)

    def _run_commands(self, block: Block) -> None:
        for command in block.commands():
            if "pip install" in command and command not in DECLARED:
                raise AssertionError(
                    f"{block.place}: `{command}` would change the environment of the tests, which "
                    "is the `.venv` of the copy; declare in declared.py what installs elsewhere"
                )
        commands = [
            DECLARED[command].command if command in DECLARED else command
            for command in block.commands()
        ]
        self.shell("\n".join(commands), block.place)

    def shell(self, script: str, place: str) -> None:
        """Run a script as typed by a reader, with the tools of `.venv` in PATH.

        Raises:
            AssertionError: a command fails, or does not end in time.
        """
        environment = {
            "PATH": f"{self.folder / '.venv' / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(REPOSITORY),
            "PRE_COMMIT_HOME": str(self.folder / ".cache"),
        }
        with subprocess.Popen(
            ["bash", "-euxo", "pipefail", "-c", script],
            cwd=self.folder,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as running:
            try:
                said, _ = running.communicate(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, 9)
                said, _ = running.communicate()
                said += f"\n(not done after {PATIENCE_S} s)"
        if running.returncode != 0:
            raise AssertionError(_explained(place, said[-4000:]))


def _explained(place: str, what: str) -> str:
    return (
        f"{place}: the commands of the page fail (the last line with + is the command):\n\n"
        f"{what}\n\nThe tests run every command of a page as printed, in a copy of the "
        "repository. Fix the page; or add what the command needs to the copy (repository_copy.py "
        "in tests/documentation); or declare in declared.py beside it what is run instead and "
        "why, or that the block has no commands."
    )


def _run_program(program: Program, names: dict[str, Any]) -> None:
    block, printed = program.block, StringIO()
    # Padded with empty lines, so that a traceback gives the line of the page.
    code = compile("\n" * (block.line - 1) + block.text, REPOSITORY / block.page, "exec")
    with redirect_stdout(printed):
        exec(code, names)
    if program.prints is not None:
        wanted, got = program.prints.text, printed.getvalue()
        if EXAMPLE in program.prints.about:
            wanted, got = _first_line_without_numbers(wanted), _first_line_without_numbers(got)
        same = OutputChecker().check_output(wanted, got, ELLIPSIS | NORMALIZE_WHITESPACE)
        if not same:
            raise AssertionError(f"{program.prints.place}: printed is\n\n{printed.getvalue()}")


def _first_line_without_numbers(text: str) -> str:
    return re.sub(r"-?\d+(\.\d+)?", "0", text.partition("\n")[0]) + "\n"


def _change(settings: dict[str, Any], changes: Any) -> None:
    for name, value in changes.items():
        if isinstance(value, dict):
            _change(settings[name], value)
        else:
            settings[name] = value
