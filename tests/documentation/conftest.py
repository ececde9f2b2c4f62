"""A copy of the repository for each page."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from namo.locks import lock_held
from tests.documentation.repository_copy import Copy


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Copy:
    """The template of all copies, made by the first process that needs it. Read only."""
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent
    copy = Copy(shared / "repository")
    with lock_held(shared / "repository.lock", "which copies the repository", wait=True):
        if not copy.folder.exists():
            unfinished = Copy(shared / "unfinished repository")
            shutil.rmtree(unfinished.folder, ignore_errors=True)
            unfinished.fill()
            unfinished.folder.rename(copy.folder)
    return copy


@pytest.fixture
def copy(filled: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Copy:
    """A fresh copy for a page; also the working directory."""
    # Snakemake notes the paths of what it ran, and would run all of it again in another folder.
    ignore = shutil.ignore_patterns(".snakemake")
    shutil.copytree(filled.folder, tmp_path / "namo-collect", symlinks=True, ignore=ignore)
    monkeypatch.chdir(tmp_path / "namo-collect")
    return Copy(tmp_path / "namo-collect")
