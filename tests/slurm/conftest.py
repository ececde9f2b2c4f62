"""A cluster for the session, and the pipeline run on it and locally."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.slurm.cluster import single_node_cluster
from tests.workflow.conftest import REPOSITORY, Pipeline

SWITCH = "NAMO_TEST_SLURM"
PROFILE = (
    *("--workflow-profile", REPOSITORY / "profiles" / "slurm", "--latency-wait", 10),
    # At once: on a real cluster the status is queried less often.
    *("--slurm-init-seconds-before-status-checks", 1, "--max-status-checks-per-second", 2),
)
QUICK = {"runtime": 10}  # minutes


@dataclass
class OnSlurm(Pipeline):
    """A folder in which the pipeline is run on the cluster."""

    def submit(self, *arguments: object, **settings: Any) -> subprocess.CompletedProcess[str]:
        """Run Snakemake with the profile; its jobs go to the cluster."""
        return self.run(*PROFILE, *arguments, **QUICK | settings)

    @contextmanager
    def submitted(
        self, *arguments: object, environment: dict[str, str] | None = None, **settings: Any
    ) -> Iterator[subprocess.Popen[str]]:
        """The same, while it runs; the block ends with it."""
        with subprocess.Popen(
            self.command(*PROFILE, *arguments, **QUICK | settings),
            cwd=self.folder,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as run:
            try:
                yield run
            except BaseException:
                run.kill()
                raise

    def attempts(self, chunk: str) -> str:
        """The log of all attempts of a chunk."""
        return (self.output / "logs" / "collect" / f"{chunk}.log.all").read_text()


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """A running cluster of one node."""
    if os.environ.get(SWITCH) != "1":
        pytest.skip("these tests install and start SLURM: make test-slurm")
    # The authentication daemon, another user, must be able to reach it.
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)
    try:
        with single_node_cluster(folder):
            yield
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def pipeline(cluster: None, tmp_path: Path) -> OnSlurm:
    """A new folder without scenes."""
    return OnSlurm(tmp_path)
