"""Parts: the tables of one range of environments, as one process leaves them.

A part is the folder `parts/START-END` with `metrics.parquet`, `pushes.parquet`, `files.parquet`
and, written last, `part.json`: who made it, when, and how long it took. A part without `part.json`
is unfinished and is not read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from namo.errors import BusyError, ResultFileError
from namo.files import replacing, sha256_of
from namo.locks import holder_of, lock_held
from namo.results.tables import TABLES, write_table
from namo.scenes.sources import range_name

PARTS = "parts"
MARKER = "part.json"
LOCK = ".lock"


@dataclass(frozen=True)
class Part:
    """One part of a collection.

    Attributes:
        folder: of the part.
        start: first environment.
        end: one past the last.
    """

    folder: Path
    start: int
    end: int

    @classmethod
    def of(cls, output_dir: Path, start: int, end: int) -> Part:
        """Return the part of a range; nothing is made."""
        return cls(output_dir / PARTS / range_name(start, end), start, end)

    @property
    def marker(self) -> Path:
        """The file whose presence says that the part is complete."""
        return self.folder / MARKER

    def table(self, name: str) -> Path:
        """Return the path of one of `TABLES`."""
        return self.folder / f"{name}.parquet"

    def files(self) -> list[Path]:
        """Return the paths of all files of a part."""
        return [*(self.table(name) for name in TABLES), self.marker]

    def information(self) -> dict[str, Any]:
        """Return what the marker says.

        Raises:
            ResultFileError: it is damaged.
        """
        try:
            information = json.loads(self.marker.read_text())
        except (ValueError, RecursionError) as error:
            raise ResultFileError(f"{self.marker}: {error}") from None
        if not isinstance(information, dict):
            raise ResultFileError(f"{self.marker}: holds no object")
        if information.pop("checksum", None) != _checksum(information):
            raise ResultFileError(f"{self.marker}: the checksum does not match; it is damaged")
        return information

    def verify(self, information: dict[str, Any]) -> None:
        """Make sure that the tables are the ones the marker was written for.

        Args:
            information: what the marker says.

        Raises:
            ResultFileError: names the file that is missing, damaged or of another version.
        """
        hashes = information["tables"]
        if hashes.keys() != TABLES.keys():
            raise ResultFileError(
                f"{self.marker}: lists other tables than this version writes; delete {self.folder} "
                "and run again"
            )
        for name in TABLES:
            path = self.table(name)
            if not path.exists():
                raise ResultFileError(f"{path}: is missing; delete {self.folder} and run again")
            if sha256_of(path) != hashes[name]:
                raise ResultFileError(
                    f"{path}: is not what was written; delete {self.folder} and run again"
                )
            if not pq.read_schema(path).equals(TABLES[name]):
                raise ResultFileError(f"{path}: has another schema than this version writes")


def write_part(
    part: Part, tables: Mapping[str, Iterable[pa.Table]], information: dict[str, Any]
) -> None:
    """Write the tables of a part, the marker last."""
    part.marker.unlink(missing_ok=True)
    for name, chunks in tables.items():
        write_table(part.table(name), TABLES[name], chunks)
    hashes = {name: sha256_of(part.table(name)) for name in tables}
    content = {**information, "tables": hashes}
    content["checksum"] = _checksum(content)
    with replacing(part.marker) as handle:
        handle.write((json.dumps(content, indent=2, sort_keys=True) + "\n").encode())


def _checksum(information: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(information, sort_keys=True).encode()).hexdigest()


def begun_parts(parts: Path) -> list[Part]:
    """Return the parts in a folder, complete or not, by start and end."""
    found = []
    for folder in sorted(parts.glob("*-*")):
        start, _, end = folder.name.partition("-")
        if start.isdigit() and end.isdigit():
            found.append(Part(folder, int(start), int(end)))
    return found


def overlapping(part: Part) -> list[Part]:
    """Return the other parts, complete or not, that share environments with one."""
    return [
        other
        for other in begun_parts(part.folder.parent)
        if other.start < part.end and part.start < other.end and other.folder != part.folder
    ]


def next_generation(part: Part) -> int:
    """Return a number above those of all complete parts that share environments with one.

    Of two such parts the greater is the later one, whatever the clocks said.

    Raises:
        ResultFileError: the marker of one is damaged.
    """
    others = [other for other in overlapping(part) if other.marker.exists()]
    return 1 + max((age_of(other.information())[0] for other in others), default=0)


def age_of(information: Mapping[str, Any]) -> tuple[int, float]:
    """Return by what parts are ordered, oldest first; the time counts where they share nothing."""
    # Earlier versions wrote no generation.
    return information.get("generation", 0), information["began_unix_s"]


def finished_parts(output_dir: Path) -> list[Part]:
    """Return the complete parts of a collection, by start and end."""
    return [part for part in begun_parts(output_dir / PARTS) if part.marker.exists()]


def require_idle(part: Part) -> None:
    """Make sure that no process collects the environments of a part now.

    Raises:
        BusyError: one does; names it.
    """
    holder, is_held = holder_of(part.folder / LOCK)
    if is_held:
        raise BusyError(
            f"{part.folder}: {holder}, collects these environments now; wait until it has ended, "
            "or end it"
        )


@contextmanager
def locked(part: Part, *, wait: bool = False) -> Iterator[str | None]:
    """Hold the lock of a part, so that two processes never collect the same environments.

    A killed run may leave its process at work. A chunk job of the next run waits for it here and
    then finds its environments done; who collects by hand is told instead.

    Args:
        part: the range to collect.
        wait: for a process that collects the same range. One of an overlapping range is never
            waited for: each might wait for the other.

    Yields:
        Who held the lock when it had to be waited for ("host (pid 123)"), else None.

    Raises:
        BusyError: another process is at work in this range; names it.
        NamoError: the file system keeps no locks.
    """
    name = part.folder.name
    with lock_held(part.folder / LOCK, f"which collects environments {name}", wait=wait) as before:
        for other in overlapping(part):
            require_idle(other)
        yield before
