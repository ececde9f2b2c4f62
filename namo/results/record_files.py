"""The files of environments in a collection's folder, by the numbers in their names."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from namo.results.index_range import MAX_DIGITS

SUFFIX = "_results.pkl"
RECORDS = f"*_env_*{SUFFIX}"
"""Pattern of their names."""


def record_file(env_id: str) -> str:
    """Return the name of the file of an environment."""
    return f"{env_id}{SUFFIX}"


def environment_of(path: str) -> int | None:
    """Return the number of the environment that a file is the record of; None for other files."""
    name, mark, rest = path.rpartition("_env_")
    number, is_record = rest.removesuffix(SUFFIX), rest.endswith(SUFFIX)
    is_number = number.isascii() and number.isdecimal() and len(number) <= MAX_DIGITS
    return int(number) if mark and name and is_number and is_record else None


def record_files(folder: Path) -> dict[int, list[Path]]:
    """Return the files of a folder by environment, those of one in the order of their names."""
    found: dict[int, list[Path]] = defaultdict(list)
    for path in sorted(folder.glob(RECORDS)):
        number = environment_of(path.name)
        if number is not None:
            found[number].append(path)
    return dict(found)
