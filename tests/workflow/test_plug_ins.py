"""The example package of plug-ins, installed and used by name from import to export."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

pytestmark = pytest.mark.slow

EXAMPLE = REPOSITORY / "examples" / "namo-example"
CHOSEN = {
    "algorithm": "breadth_first",
    "object_strategy": "lightest_first",
    "goal_strategy": "primitive",
}
OF_PLANNER = "namo_example.planner:BreadthFirst (namo-example {})"
OF_STRATEGY = "namo_example.strategy:LightestFirst (namo-example {})"


@pytest.fixture(scope="module")
def install(tmp_path_factory):
    """Install a version of the package where `namo` and the jobs of the pipeline find it."""
    folder = tmp_path_factory.mktemp("installed")

    def install_version(version: str) -> dict[str, str]:
        source, site = folder / f"source_{version}", folder / "site"
        shutil.copytree(EXAMPLE, source)
        about = source / "pyproject.toml"
        about.write_text(about.read_text().replace('version = "1.0"', f'version = "{version}"'))
        shutil.rmtree(site, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation"]
        options = ["--no-index", "--disable-pip-version-check", "--target", str(site), str(source)]
        done = subprocess.run([*pip, *options], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return {"PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])}

    return install_version


def namo(environment, *arguments, place=REPOSITORY):
    command = [sys.executable, "-m", "namo", *map(str, arguments)]
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, cwd=place
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_they_run_in_the_pipeline_by_name_and_another_version_collects_again(pipeline, install):
    installed = install("1.0")
    listed = namo(installed, "plug-ins", "--check")
    assert [line.split()[1] for line in listed.splitlines()] == [
        *("breadth_first", "lightest_first", "rectangles", "plans_csv"),
    ]
    said = namo(installed, "scenes", "import", EXAMPLE / "rooms.csv", "--output", pipeline.scenes)
    assert "read by namo_example.importer:Rectangles (namo-example 1.0)" in said

    done = pipeline.run(environment=installed, **CHOSEN)
    assert done.returncode == 0, done.stdout
    assert OF_PLANNER.format("1.0") in done.stdout
    assert pipeline.table("metrics")[0]["solution_found"]
    run = json.loads((pipeline.output / "run.json").read_text())
    chosen = {
        "algorithm": OF_PLANNER.format("1.0"),
        "object_strategy": OF_STRATEGY.format("1.0"),
    }
    assert run["config"]["plug_ins"] == run["asked"]["settings"]["plug_ins"] == chosen
    exported = pipeline.folder / "exported"
    namo(installed, "export", pipeline.output, "--format", "plans_csv", "--output", exported)
    with Path(exported / "plans.csv").open() as file:
        assert [row["object_id"] for row in csv.DictReader(file)] == ["b_movable"]
    verified = namo({}, "verify", pipeline.output, place=pipeline.folder)
    assert "no problems found" in verified, "needs none of them"

    made = pipeline.made()
    done = pipeline.run(environment=installed, **CHOSEN)
    assert done.returncode == 0, done.stdout
    assert pipeline.made() == made

    done = pipeline.run(environment=install("1.1"), **CHOSEN)
    assert done.returncode == 0, done.stdout
    assert pipeline.made() != made
    run = json.loads((pipeline.output / "run.json").read_text())
    assert run["asked"]["settings"]["plug_ins"]["algorithm"] == OF_PLANNER.format("1.1")

    done = pipeline.run(**CHOSEN)
    assert done.returncode != 0
    assert "algorithm is 'breadth_first'; did you mean 'best_first'?" in done.stdout


def test_each_example_is_a_file_of_under_forty_lines():
    files = list((EXAMPLE / "namo_example").glob("*.py"))
    assert len(files) == 5
    assert all(len(path.read_text().splitlines()) < 40 for path in files)
