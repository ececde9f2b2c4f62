"""The built wheel works outside the clone: it collects, reports, and reruns as printed."""

import html
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from namo.results.records import read_record
from tests.conftest import REPOSITORY, room_file

pytestmark = pytest.mark.slow

SOURCES = ("namo", "pyproject.toml", "README.md", "LICENSE")


@dataclass
class Installed:
    """A folder that holds what the wheel holds, and one to work in."""

    package: Path
    work: Path

    def run(self, *command: object) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(self.package)}
        return subprocess.run(
            list(map(str, command)), cwd=self.work, env=environment, capture_output=True, text=True
        )

    def namo(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "namo", *arguments)


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Installed:
    """The wheel, built from a copy and unpacked; what it needs is there already."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        if (REPOSITORY / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(REPOSITORY / name, source / name, ignore=ignored)
        else:
            shutil.copy(REPOSITORY / name, source / name)
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    options = ["--quiet", "--disable-pip-version-check", "--wheel-dir", str(folder), str(source)]
    done = subprocess.run([*build, *options], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "package")
    (folder / "work").mkdir()
    return Installed(folder / "package", folder / "work")


@pytest.fixture(scope="module")
def collected(installed) -> subprocess.CompletedProcess[str]:
    """A collection of two rooms by the wheel, the second one broken."""
    scenes = installed.work / "my rooms"
    scenes.mkdir()
    text = room_file(0).read_text()
    (scenes / "0.xml").write_text(text)
    (scenes / "1.xml").write_text(re.sub(r'<site name="goal".*?/>', "", text))
    return installed.namo(
        *("collect", "--xml-dir", "my rooms", "--output-dir", "out", "--hostname", "h"),
        *("--start-idx", 0, "--end-idx", -1, "--max-pushes", 5),
    )


def test_it_is_the_wheel_that_runs(installed):
    done = installed.run(sys.executable, "-c", "import namo; print(namo.__file__)")
    assert done.stdout.strip() == str(installed.package / "namo" / "__init__.py")
    assert "namo = namo.commands.main:main" in next(
        path.read_text() for path in installed.package.glob("*.dist-info/entry_points.txt")
    )


def test_it_collects_and_reports(installed, collected):
    assert collected.returncode == 1, collected.stderr
    assert "Failed environments: 1" in collected.stdout
    report = installed.work / "out" / "report.html"
    first = report.read_bytes()
    report.unlink()
    done = installed.namo("report", "out")
    assert done.returncode == 0, done.stderr
    assert report.read_bytes() == first
    assert installed.namo("summary", "out").stdout.strip() in collected.stdout


def test_the_commands_in_the_report_collect_again_as_printed(installed, collected):
    assert collected.returncode == 1
    page = (installed.work / "out" / "report.html").read_text("utf-8")
    rerun, redo = (
        shlex.split(html.unescape(re.findall(f">(namo {name} [^<>]*)<", page)[0]))[1:]
        for name in ("rerun", "redo")
    )
    done = installed.namo(*rerun)
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    assert len(list(installed.work.glob("out_rerun/h_env_*_results.pkl"))) == 1
    assert f"{' '.join(redo[:2])} --failed" in collected.stdout
    shutil.copy(room_file(0), installed.work / "my rooms" / "1.xml")
    done = installed.namo(*redo)
    assert done.returncode == 0, done.stderr
    assert read_record(installed.work / "out" / "h_env_000001_results.pkl")["success"]
    assert "Failed environments" not in installed.namo("summary", "out").stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], ["the demo scenes do not exist", "--xml-dir FOLDER"]),
        (
            ["--goal-strategy", "ml", "--ml-goal-model", "resources/models/goal"],
            ["--ml-goal-model: resources/models/goal: no such folder"],
        ),
    ],
)
def test_what_a_wheel_does_not_hold_is_named(installed, options, said):
    place = ["--output-dir", "none", "--start-idx", "0", "--end-idx", "1"]
    done = installed.namo("collect", *place, *options)
    assert done.returncode == 2
    assert [part for part in said if part not in done.stderr] == []
    assert "Traceback" not in done.stderr
    assert not (installed.work / "none").exists()
