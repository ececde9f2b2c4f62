"""Parts: the tables of one range of environments, as written by one process.

A part is the folder `parts/START-END`. It holds one Parquet file per table of
`namo.results.tables.TABLES` (metrics, pushes, plans, scenes, scene files, files) and, written last,
the marker `part.json`: who made the part, when, and how long it took. A part without its marker is
unfinished and is not read. Where another part has collected some of its environments again since,
`replaced.json` lists them: their files are no longer those that its tables were made from.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pyarrow as pa

from namo.errors import BusyError, ResultFileError
from namo.files import remove_leftovers, replacing, require_inside, sha256_of
from namo.locks import holder_of, lock_held
from namo.results.index_range import require_range
from namo.results.json_file import read_json, read_json_object
from namo.results.metadata_types import PartMarker, PartMetadata, ReplacedFile
from namo.results.tables import TABLES, read_table, require_schema, write_table
from namo.results.value_types import require_type
from namo.scenes.sources import range_name

PARTS = "parts"
MARKER = "part.json"
REPLACED = "replaced.json"
LOCK = ".lock"
REPLACED_LOCK = ".replaced.lock"


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
        """Return the part of a range; nothing is created on disk."""
        return cls(output_dir / PARTS / range_name(start, end), start, end)

    @property
    def numbers(self) -> range:
        """The environments of the part."""
        return range(self.start, self.end)

    @property
    def marker(self) -> Path:
        """The file that exists once the part is complete."""
        return self.folder / MARKER

    @property
    def is_finished(self) -> bool:
        """Whether the marker exists."""
        return self.marker.exists()

    def table(self, name: str) -> Path:
        """Return the path of one of `TABLES`."""
        return self.folder / f"{name}.parquet"

    def files(self) -> list[Path]:
        """Return the paths of all files of a part."""
        return [*(self.table(name) for name in TABLES), self.marker]

    def metadata(self) -> PartMarker:
        """Return the content of the marker.

        Raises:
            ResultFileError: the marker is damaged, or belongs to another range.
        """
        self.require_inside()
        marker = read_marker(self.marker, advice_for(self.folder))
        self._require_range(marker)
        return marker

    def _require_range(self, marker: PartMarker) -> None:
        """Make sure that a marker is that of this part."""
        said = marker["start"], marker["end"], marker["environments"]
        if said != (self.start, self.end, self.end - self.start):
            raise ResultFileError(
                f"{self.marker}: is of environments {said[0]} to {said[1] - 1}, {said[2]} in all; "
                f"expected {self.start} to {self.end - 1}{advice_for(self.folder)}"
            )
        for number in marker["failed"]:
            if not number.isdecimal() or not self.start <= int(number[:9]) < self.end:
                raise ResultFileError(
                    f"{self.marker}: lists a failed environment {number!r:.20}, which is not in "
                    f"its range{advice_for(self.folder)}"
                )

    @staticmethod
    def listed(metadata: PartMarker) -> list[str]:
        """Return which of `TABLES` a marker lists: earlier versions wrote fewer."""
        return [name for name in TABLES if name in metadata["tables"]]

    def require_inside(self) -> None:
        """Make sure that the files of the part are inside the collection, symbolic links followed.

        Raises:
            ResultFileError: names the one that leads out of it.
        """
        collection = self.folder.parents[1]
        for path in (self.folder.parent, self.folder, *self.files(), self.folder / REPLACED):
            require_inside(collection, path)

    def solved(self) -> set[int]:
        """Return the environments with a plan.

        Raises:
            ResultFileError: the metrics table is missing or damaged.
        """
        rows = read_table(self.table("metrics"), ["env_index", "success"])
        return set(rows.filter(rows["success"])["env_index"].to_pylist())

    def replaced(self) -> frozenset[int]:
        """Return the environments that another part has collected again since.

        Raises:
            ResultFileError: the list of them is damaged.
        """
        try:
            replaced = read_json(self.folder / REPLACED, ReplacedFile, advice_for(self.folder))
        except FileNotFoundError:
            return frozenset()
        return frozenset(replaced["environments"])

    def add_replaced(self, number: int) -> None:
        """Record, before its file is written, that an environment is collected again elsewhere.

        Args:
            number: of the environment.

        Raises:
            ResultFileError: the list of such environments is damaged.
        """
        if number in self.replaced():
            return
        work = f"which notes what is collected again of {self.folder}"
        # Chunks that do not overlap with each other may both overlap with this part.
        with lock_held(self.folder / REPLACED_LOCK, work, wait=True):
            remove_leftovers(self.folder, [REPLACED])
            content: ReplacedFile = {"environments": sorted({*self.replaced(), number})}
            with replacing(self.folder / REPLACED) as handle:
                handle.write((json.dumps(content) + "\n").encode())

    def require_intact(self, metadata: PartMarker) -> None:
        """Make sure that the tables which a marker lists are there and have its checksums.

        Raises:
            ResultFileError: names the one that is missing or damaged.
        """
        for name in self.listed(metadata):
            path = self.table(name)
            if not path.exists():
                raise ResultFileError(f"{path}: is missing{advice_for(self.folder)}")
            if sha256_of(path) != metadata["tables"][name]:
                raise ResultFileError(f"{path}: checksum mismatch{advice_for(self.folder)}")

    def verify(self, metadata: PartMarker) -> None:
        """Make sure that the tables are the ones the marker was written for.

        Args:
            metadata: content of the marker.

        Raises:
            ResultFileError: names the file that is missing, damaged or of another version.
        """
        self.require_intact(metadata)
        for name in self.listed(metadata):
            require_schema(self.table(name), TABLES[name], self.folder.parents[1])
        if metadata["tables"].keys() != TABLES.keys():
            raise ResultFileError(
                f"{self.marker}: lists other tables than this version writes"
                f"{advice_for(self.folder)}"
            )


def write_part(
    part: Part, tables: Mapping[str, Iterable[pa.Table]], metadata: PartMetadata
) -> None:
    """Write the tables of a part, then its marker.

    Args:
        part: which one.
        tables: the rows of each of `TABLES`.
        metadata: content of the marker, without the hashes of the tables.
    """
    part.marker.unlink(missing_ok=True)
    for name, chunks in tables.items():
        write_table(part.table(name), TABLES[name], chunks)
    hashes = {name: sha256_of(part.table(name)) for name in tables}
    (part.folder / REPLACED).unlink(missing_ok=True)
    write_marker(part.marker, {**metadata, "tables": hashes})


def read_marker(path: Path, advice: str = "") -> PartMarker:
    """Return the content of a marker.

    Args:
        path: of the marker.
        advice: end of messages: what to do about a damaged one.

    Raises:
        ResultFileError: it is damaged.
    """
    metadata = read_json_object(path, advice)
    if metadata.pop("checksum", None) != _checksum(metadata):
        raise ResultFileError(f"{path}: checksum mismatch; the file is damaged{advice}")
    require_type(metadata, PartMarker, f"{path}: marker")
    return cast(PartMarker, metadata)


def advice_for(folder: Path) -> str:
    """Return the end of a message about a damaged file of a part: what repairs it."""
    return (
        f"; `rm -r {shlex.quote(str(folder))}` and rerun the same command: finished environments "
        "are kept"
    )


def write_marker(path: Path, metadata: PartMarker) -> None:
    """Write a marker atomically, with its checksum."""
    content = {**metadata, "checksum": _checksum(metadata)}
    with replacing(path) as handle:
        handle.write((json.dumps(content, indent=2, sort_keys=True) + "\n").encode())


def _checksum(metadata: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(metadata, sort_keys=True).encode()).hexdigest()


def started_parts(parts: Path) -> list[Part]:
    """Return the parts in a folder, complete or not, sorted by start and end.

    Raises:
        ResultFileError: the range of one is empty or beyond all lists of environments.
    """
    found = []
    for folder in sorted(parts.glob("*-*")):
        start, _, end = folder.name.partition("-")
        if start.isdecimal() and end.isdecimal():
            found.append(Part(folder, *require_range(start, end, str(folder))))
    return found


def overlapping(part: Part) -> list[Part]:
    """Return the other parts, complete or not, that share environments with this one."""
    return [
        other
        for other in started_parts(part.folder.parent)
        if other.start < part.end and part.start < other.end and other.folder != part.folder
    ]


def _finished_overlapping(part: Part) -> list[tuple[Part, PartMarker]]:
    """Return the complete ones among them, with their markers."""
    return [(other, other.metadata()) for other in overlapping(part) if other.is_finished]


class Replacement:
    """Keeps finished parts true while the files of their environments are written again."""

    def __init__(self, part: Part) -> None:
        """Look for the finished parts that share environments with one.

        Args:
            part: that is being collected, and locked.

        Raises:
            ResultFileError: the marker of an overlapping part is damaged.
        """
        self._own = part
        self._others = [
            (other, metadata["label"]) for other, metadata in _finished_overlapping(part)
        ]

    def __call__(self, number: int, label: str) -> None:
        """Record that the file of an environment is about to be replaced.

        The part that is being collected is then unfinished; in the others the environment no longer
        counts.

        Args:
            number: of the environment.
            label: in the name of its file.
        """
        self._own.marker.unlink(missing_ok=True)
        for other, written_as in self._others:
            if written_as == label and number in other.numbers:
                other.add_replaced(number)


def next_generation(part: Part) -> int:
    """Return a generation greater than those of all complete parts that overlap with this one.

    It orders overlapping parts independently of the clocks of the machines that made them.

    Raises:
        ResultFileError: the marker of one of them is damaged.
    """
    return 1 + max((age_of(metadata)[0] for _, metadata in _finished_overlapping(part)), default=0)


def age_of(metadata: PartMetadata) -> tuple[int, float]:
    """Return the sort key that puts the oldest part first: generation, then start time (s).

    Overlapping parts differ in their generation; the time orders the others.
    """
    # Earlier versions wrote no generation.
    return metadata.get("generation", 0), metadata["began_unix_s"]


def finished_parts(output_dir: Path) -> list[Part]:
    """Return the complete parts of a collection, sorted by start and end."""
    return [part for part in started_parts(output_dir / PARTS) if part.is_finished]


def require_idle(part: Part) -> None:
    """Make sure that no process is collecting the environments of a part.

    Raises:
        BusyError: a process is; names it.
    """
    holder, is_held = holder_of(part.folder / LOCK)
    if is_held:
        raise BusyError(
            f"{part.folder}: {holder}, is collecting these environments; wait for it or stop it"
        )


@contextmanager
def locked(part: Part, *, wait: bool = False) -> Iterator[str | None]:
    """Hold the lock of a part, so that two processes never collect the same environments.

    A run that was killed may leave a chunk process running. A chunk job of the next run waits for
    it here and then finds its environments done; a collector started by hand refuses instead.

    Args:
        part: the range to collect.
        wait: wait for a process that collects the same range. Processes of overlapping ranges are
            never waited for, since two could then wait for each other.

    Yields:
        Who held the lock when it had to be waited for ("host (pid 123)"), else None.

    Raises:
        BusyError: another process is collecting in this range; names it.
        NamoError: the file system does not support locks.
    """
    name = part.folder.name
    with lock_held(
        part.folder / LOCK, f"which is collecting environments {name}", wait=wait
    ) as before:
        for other in overlapping(part):
            require_idle(other)
        yield before
