"""The scene reader, with scenes whose elements, attributes and numbers change."""

from __future__ import annotations

from pathlib import Path
from random import Random
from xml.etree import ElementTree

from namo.errors import SceneError
from namo.scenes.reading import read_scene
from namo.scenes.sources import environments_from
from tests.faults.mutations import bent, mutated_scene

ERRORS = (SceneError,)
NO_FILE = "/nowhere/file"
"""Path that mutants refer to."""


def seeds() -> list[bytes]:
    return [path.read_bytes() for path in environments_from(None, None).paths[:12]]


def read(data: bytes, folder: Path) -> None:
    path = folder / "input.xml"
    path.write_bytes(data)
    read_scene(path)


def mutated(data: bytes, rng: Random) -> bytes:
    try:
        return mutated_scene(data.decode(), rng, NO_FILE)
    except (ValueError, ElementTree.ParseError, IndexError, RecursionError):
        return bent(data, rng)
