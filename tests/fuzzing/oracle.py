"""What a target of fuzzing is, and what each of its inputs must lead to."""

from __future__ import annotations

import importlib
from pathlib import Path
from random import Random
from typing import ClassVar, Protocol, cast

from namo.errors import NamoError
from namo.files import TEMPORARY_SUFFIX

TARGETS = tuple(sorted(path.stem for path in Path(__file__).with_name("targets").glob("*.py")))
READ, REFUSED = "read", "refused"


class Target(Protocol):
    """A module of `tests.fuzzing.targets`: the readers of one kind of file.

    Attributes:
        ERRORS: that they may raise.
    """

    ERRORS: ClassVar[tuple[type[NamoError], ...]]

    def seeds(self) -> list[bytes]:
        """Valid inputs, to start from."""
        ...

    def read(self, data: bytes, folder: Path) -> None:
        """Write an input as files of a folder, and read them.

        Raises:
            NamoError: one of `ERRORS`, which names a file of the folder.
        """
        ...

    def mutated(self, data: bytes, rng: Random) -> bytes:
        """An input with changes that keep most of its structure."""
        ...


class FindingError(AssertionError):
    """An input led to what it must not lead to."""


def load_target(name: str) -> Target:
    return cast(Target, importlib.import_module(f"tests.fuzzing.targets.{name}"))


def outcome(target: Target, data: bytes, folder: Path) -> str:
    """`READ` or `REFUSED`; all else that comes out is a finding.

    Args:
        target: reads it.
        data: the input.
        folder: empty, and empty again afterwards.

    Raises:
        FindingError: the message does not name the file, or a temporary file is left.
    """
    try:
        target.read(data, folder)
        found = READ
    except target.ERRORS as error:
        require_name(folder, error)
        found = REFUSED
    for path in folder.iterdir():
        if path.suffix == TEMPORARY_SUFFIX:
            raise FindingError(f"a temporary file is left: {path.name}")
        path.unlink()
    return found


def require_name(path: Path, error: NamoError) -> None:
    """Make sure that an error says which file it is about."""
    if str(path) not in str(error):
        raise FindingError(f"the message does not name the file: {error}") from error
