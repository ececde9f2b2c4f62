"""The site, built once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the site, built as `make docs` builds it; the repository stays as it is."""
    folder = tmp_path_factory.mktemp("site")
    before = files_of_docs()
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(folder)],
        cwd=REPOSITORY,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert files_of_docs() == before
    return folder


def files_of_docs():
    files = (REPOSITORY / "docs").rglob("*")
    return {path for path in files if "__pycache__" not in path.parts}
