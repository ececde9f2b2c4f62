"""Scenes for environments: small, of one class of boxes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.conftest import write_scenes


@pytest.fixture(scope="session")
def scenes(rooms, tmp_path_factory) -> Path:
    """A folder of scenes: one that needs a push, an open one, one with two boxes, a booth."""
    options = rooms.SLEEPING
    folder = tmp_path_factory.mktemp("gym") / "scenes"
    write_scenes(
        folder,
        {
            "a_plugged": rooms.plugged(options=options),
            "b_open": rooms.room(rooms.box(0.9, -0.9), options=options),
            "c_two": rooms.plugged(rooms.box(0.9, 0.5, 0.3, number=2), options=options),
            "d_booth": rooms.booth(rooms.box(0.9, -0.9)),
        },
    )
    return folder
