"""Jobs in conda environments: what Snakemake makes of envs/namo.yaml, and what jobs find there.

No channel of conda can be reached in a test, so a stand-in makes a virtual environment that sees
the packages of the tests, where conda would install them.
"""

import os
import sys
import sysconfig

import pytest

from tests.conftest import REPOSITORY

STAND_IN = """\
#!{python}
import json, pathlib, subprocess, sys, venv

words = sys.argv[1:]
if words[0] == "--version":
    print("conda 24.11.3")
elif words[:2] == ["info", "--json"]:
    print(json.dumps({{"conda_prefix": "{prefix}", "platform": "linux-64"}}))
elif words[0] == "clean":
    pass
elif words[0] == "config":
    print(json.dumps({{"get": {{"channel_priority": "strict"}}}}))
elif words[:2] == ["env", "create"]:
    folder = pathlib.Path(words[words.index("--prefix") + 1])
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "packages.pth").write_text("{packages}")
else:
    sys.exit(f"unexpected: {{words}}")
"""
ACTIVATE = 'export VIRTUAL_ENV="$1"; export PATH="$1/bin:$PATH"\n'


@pytest.fixture
def conda(tmp_path):
    """The variables of the environment with which the stand-in is found."""
    tools = tmp_path / "conda" / "bin"
    tools.mkdir(parents=True)
    (tools / "conda").write_text(
        STAND_IN.format(
            python=sys.executable,
            prefix=tools.parent,
            packages=sysconfig.get_paths()["purelib"],
        )
    )
    (tools / "conda").chmod(0o755)
    (tools / "activate").write_text(ACTIVATE)
    return {"PATH": f"{tools}:{os.environ['PATH']}"}


@pytest.mark.slow
def test_jobs_run_in_the_environment_with_the_package_of_the_pipeline(pipeline, conda):
    pipeline.copy_rooms((0, 7))
    done = pipeline.run("--software-deployment-method", "conda", environment=conda)
    assert done.returncode == 0, done.stdout
    environments = pipeline.folder / ".snakemake" / "conda"
    (copied,) = environments.glob("*.yaml")
    assert copied.read_bytes() == (REPOSITORY / "envs" / "namo.yaml").read_bytes()
    assert "Activating conda environment" in done.stdout
    link = pipeline.folder / ".snakemake" / "namo-collect" / "namo"
    assert link.readlink() == REPOSITORY / "namo"
    assert [path.name for path in link.parent.iterdir()] == ["namo"]
    assert len(pipeline.table("metrics")) == 2


@pytest.mark.slow
def test_a_job_that_fails_in_the_environment_fails_the_run(pipeline, conda):
    """A prefix of commands takes the place of Snakemake's strict mode."""
    pipeline.copy_rooms((0,))
    pipeline.break_scene("00.xml")
    done = pipeline.run("--software-deployment-method", "conda", environment=conda)
    assert done.returncode == 1, done.stdout
    assert "max_failed_fraction" in done.stdout


def test_an_image_must_be_named_for_apptainer(pipeline):
    pipeline.copy_rooms((0,))
    done = pipeline.run("--software-deployment-method", "apptainer", "--dry-run")
    assert done.returncode == 1
    assert "configuration: container is null; " in done.stdout
