from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY, room_file


@pytest.fixture
def config(monkeypatch, tmp_path) -> dict[str, Any]:
    """The shipped settings, for three rooms, in a new folder that is the working directory."""
    settings: dict[str, Any] = {}
    for name in ("config", "scenes", "learning"):
        settings |= yaml.safe_load((REPOSITORY / "config" / f"{name}.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_text("".join(f"{room_file(0)}\n" for _ in range(3)))
    return settings | {"manifest": "list.txt", "end_idx": -1, "chunk_size": 2, "output_dir": "out"}
