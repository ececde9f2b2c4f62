"""What several tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_scenes() -> Path:
    """The folder of shared scenes beside the repository; the test skips where it is absent."""
    folder = REPOSITORY.parent / "shared" / "scenes"
    if not folder.is_dir():
        pytest.skip("../shared/scenes is not there")
    return folder


@pytest.fixture(scope="session")
def demo_rooms() -> Path:
    """The folder of the demo rooms that come with the project."""
    return REPOSITORY / "resources" / "scenes" / "demo"
