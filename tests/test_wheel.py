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

from namo.results.collection import Collection
from namo.results.records import read_record
from tests.conftest import REPOSITORY, room_file

pytestmark = pytest.mark.slow

PIPELINE = ("Snakefile", "config", "envs/namo.yaml", "profiles", "resources", "workflow")
SOURCES = ("namo", "pyproject.toml", "setup.py", "README.md", "LICENSE", *PIPELINE)


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


def tracked(*names: str) -> list[str]:
    """Return the files that git tracks, or would with the next `git add`, in order."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *names],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(name for name in listed.stdout.split("\0") if (REPOSITORY / name).is_file())


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Installed:
    """The wheel, built from a copy and unpacked; what it needs is there already."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in tracked(*SOURCES):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, source / name)
    (source / "config" / "leftover.yaml~").touch()
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


def test_it_carries_the_pipeline_as_git_has_it(installed):
    inside = installed.package / "namo" / "shipped_files"
    carried = [path.relative_to(inside).as_posix() for path in inside.rglob("*") if path.is_file()]
    described = "config/README.md"  # for readers of the repository; links to its documentation
    assert sorted(carried) == [name for name in tracked(*PIPELINE) if name != described]
    for name in carried:
        assert (inside / name).read_bytes() == (REPOSITORY / name).read_bytes(), name


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


def test_it_collects_demo_scenes_with_a_shipped_model(installed):
    learned = ["--goal-strategy", "ml", "--ml-goal-model", "resources/models/goal"]
    done = installed.namo(
        *("collect", "--output-dir", "learned", "--start-idx", 0, "--end-idx", 1),
        *("--hostname", "h", "--max-pushes", 5, "--ml-device", "cpu", *learned),
    )
    assert done.returncode == 0, done.stderr
    shipped = installed.package / "namo" / "shipped_files" / "resources"
    record = read_record(installed.work / "learned" / "h_env_000000_results.pkl")
    assert Path(record["xml_file"]).is_relative_to(shipped / "scenes" / "demo")


def test_the_demo_ends_with_replayed_plans_and_a_report(installed):
    done = installed.namo("demo")
    assert done.returncode == 0, done.stderr
    report = installed.work / "namo_demo" / "report.html"
    assert "7 plans replayed: 7 match" in done.stdout
    assert f"report: {report}" in done.stdout
    assert report.is_file()


def test_a_project_runs_with_its_settings_and_with_shipped_ones_for_files_that_it_lacks(installed):
    done = installed.namo("init", "project")
    assert done.returncode == 0, done.stderr
    project = installed.work / "project"
    (project / "config" / "benchmark.yaml").unlink()  # as if a newer version had added it
    settings = project / "config" / "config.yaml"
    settings.write_text(re.sub(r"(?m)^end_idx: 24 ", "end_idx: 1 ", settings.read_text()))
    with (project / "Snakefile").open("a") as snakefile:
        snakefile.write(
            "\n\nrule count:\n    input:\n        rules.merge.output,\n"
            "    output:\n        'files.txt',\n    shell:\n        'ls results/demo > {output}'\n"
        )
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--directory", project]
    done = installed.run(*command, "--snakefile", project / "Snakefile", "project", "files.txt")
    assert done.returncode == 0, done.stderr
    assert "metrics.parquet" in (project / "files.txt").read_text()
    assert (project / "results" / "demo" / "report.html").is_file()
    collected = Collection(project / "results" / "demo")
    shipped = installed.package / "namo" / "shipped_files"
    (scene,) = collected.episodes["xml_file"].to_pylist()
    assert Path(scene).is_relative_to(shipped)
