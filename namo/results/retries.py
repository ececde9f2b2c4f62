"""Which environments of a chunk failed for another reason than their scene, and are tried again.

The file is kept beside the part, but is not one of the part's files: Snakemake deletes those when a
job fails.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict

from namo.files import replacing
from namo.results.json_file import read_json

FAILURES = ".failures.json"


class ChunkFailures(TypedDict):
    """`.failures.json`.

    Attributes:
        tries: how often the chunk was collected again for its failures.
        environments: number of environments that were looked at.
        failed: those that failed for another reason than their scene.
    """

    tries: int
    environments: int
    failed: list[int]


def read_failures(folder: Path) -> ChunkFailures:
    """Return the failures of a chunk; none if it was not collected yet.

    Args:
        folder: of its part.

    Raises:
        ResultFileError: the file is damaged.
    """
    try:
        return read_json(folder / FAILURES, ChunkFailures, "; delete it and run again")
    except FileNotFoundError:
        return {"tries": 0, "environments": 0, "failed": []}


def write_failures(folder: Path, failures: ChunkFailures) -> None:
    """Write the failures of a chunk.

    Args:
        folder: of its part.
        failures: content.

    Raises:
        OSError: the file cannot be written.
    """
    with replacing(folder / FAILURES) as handle:
        handle.write((json.dumps(failures) + "\n").encode())


def next_try(failures: ChunkFailures) -> int:
    """Return the number of the next try, which grows after each that leaves failures."""
    return failures["tries"] + bool(failures["failed"])


def tries_of(folder: Path) -> int:
    """Return the number of the next try of a chunk; the pipeline runs it when the number changes.

    Args:
        folder: of its part.

    Raises:
        ResultFileError: the file of its failures is damaged.
    """
    return next_try(read_failures(folder))
