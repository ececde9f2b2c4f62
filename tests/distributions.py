"""Distributions that a test installs for itself: plug-ins of one file."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from namo import plug_ins

Install = Callable[..., Path]


def forget() -> None:
    """Have the next look-up see what is installed now."""
    plug_ins.installed.cache_clear()
    plug_ins.plug_in_at.cache_clear()
    importlib.invalidate_caches()


@pytest.fixture
def install(tmp_path, monkeypatch) -> Iterator[Install]:
    """Install a distribution, or another version of it, in a folder of its own; return the folder.

    `install("tools", "1.0", {"namo.planners": {"mine": "tools:Mine"}}, "class Mine: ...")` makes a
    module `tools`. Without a version the module belongs to no distribution.
    """
    modules = set()

    def install_it(
        name: str, version: str, offers: Mapping[str, Mapping[str, str]], code: str
    ) -> Path:
        folder = tmp_path / "installed" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.py").write_text(code)
        if version:
            about = folder / f"{name}.dist-info"
            about.mkdir(exist_ok=True)
            (about / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
            (about / "top_level.txt").write_text(f"{name}\n")
            lines = [
                line
                for group, entries in offers.items()
                for line in (f"[{group}]", *(f"{key} = {value}" for key, value in entries.items()))
            ]
            (about / "entry_points.txt").write_text("\n".join(lines) + "\n")
        if str(folder) not in sys.path:
            monkeypatch.syspath_prepend(folder)
        modules.add(name)
        sys.modules.pop(name, None)
        forget()
        return folder

    yield install_it
    for name in modules:
        sys.modules.pop(name, None)
    monkeypatch.undo()
    forget()
