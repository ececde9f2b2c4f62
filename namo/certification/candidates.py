"""Chunks of candidates: draw, measure, remember.

A chunk keeps a journal, one line a candidate, flushed to disk as soon as it is measured. A chunk
that was killed goes on behind the last whole line. When it is through, the journal becomes a
Parquet file, and that file is what counts as done.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from namo.certification.certify import certify
from namo.certification.settings import SceneSetSettings
from namo.errors import SceneError
from namo.files import replacing
from namo.locks import lock_held
from namo.scenes.generator.generation import Generator
from namo.scenes.reading import parse_scene
from namo.scenes.regions import free_regions
from namo.scenes.scene import Scene
from namo.scenes.sources import range_name
from namo.scenes.writing import scene_xml

FOLDER = "candidates"
FINGERPRINT = b"fingerprint"

Row = dict[str, Any]

CANDIDATES = pa.schema(
    [
        ("candidate", pa.int64()),
        ("file", pa.string()),
        ("family", pa.string()),
        ("layout_id", pa.string()),
        ("rejection", pa.string()),
        ("xml", pa.large_string()),
        ("sha256", pa.string()),
        ("box_count", pa.int32()),
        ("free_area_m2", pa.float64()),
        ("difficulty", pa.string()),
        ("pushes_needed", pa.int32()),
        ("opening_share", pa.float64()),
        ("candidate_pushes", pa.int32()),
        ("opening_pushes", pa.int32()),
        ("searched_pushes", pa.int32()),
    ]
)


def chunk_path(output_dir: Path, numbers: range) -> Path:
    """Return where the candidates of a range are kept."""
    return output_dir / FOLDER / f"{range_name(numbers.start, numbers.stop)}.parquet"


def make_chunk(
    settings: SceneSetSettings,
    numbers: range,
    output_dir: Path,
    done: Callable[[Row], None] = lambda _row: None,
    threads: int = 1,
) -> Path:
    """Draw and measure a range of candidates; nothing that was finished is done again.

    Args:
        settings: of the set.
        numbers: of the candidates.
        output_dir: of the set.
        done: called with the row of each candidate that was drawn now.
        threads: how many pushes to simulate at a time.

    Returns:
        The Parquet file of the range.
    """
    path = chunk_path(output_dir, numbers)
    fingerprint = settings.fingerprint()
    with lock_held(path.with_suffix(".lock"), f"which measures candidates {path.stem}", wait=True):
        if not is_done(path, fingerprint):
            _make(settings, numbers, path, fingerprint, done, threads)
    return path


def _make(
    settings: SceneSetSettings,
    numbers: range,
    path: Path,
    fingerprint: str,
    done: Callable[[Row], None],
    threads: int,
) -> None:
    journal = _Journal(path.with_suffix(".journal"), fingerprint)
    rows = {row["candidate"]: row for row in journal.rows()}
    generator = Generator(settings)
    with journal:
        for number in numbers:
            if number not in rows:
                rows[number] = _row(generator, settings, number, threads)
                journal.append(rows[number])
                done(rows[number])
    schema = CANDIDATES.with_metadata({FINGERPRINT: fingerprint.encode()})
    with replacing(path) as handle:
        table = pa.Table.from_pylist([rows[number] for number in numbers], schema)
        pq.write_table(table, handle, compression="zstd")
    journal.path.unlink()


def is_done(path: Path, fingerprint: str) -> bool:
    """Return whether a chunk is finished and belongs to these settings and versions."""
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (FileNotFoundError, pa.ArrowInvalid):
        return False
    return bool(metadata.get(FINGERPRINT) == fingerprint.encode())


def _row(generator: Generator, settings: SceneSetSettings, number: int, threads: int) -> Row:
    candidate = generator.draw(number)
    row: Row = {
        "candidate": number,
        "file": candidate.file_name,
        "family": candidate.family,
        "layout_id": candidate.layout_id,
        "rejection": candidate.rejection,
    }
    if candidate.scene is None:
        return row
    try:
        # As a user's collector will read it from the file.
        xml = scene_xml(candidate.scene)
        scene = parse_scene(xml.encode(), candidate.file_name)
    except SceneError as error:
        return {**row, "rejection": f"refused by the reader: {error}"}
    row |= {
        "xml": xml,
        "sha256": scene.sha256,
        "box_count": len(scene.movables),
        "free_area_m2": free_area(scene),
    }
    if settings.certify:
        row |= asdict(certify(scene, settings.effort, threads))
    return row


def outcome_of(row: Row) -> str:
    """Return in a word what became of a candidate."""
    if row["rejection"]:
        return "rejected"
    return str(row.get("difficulty") or "unmeasured")


def free_area(scene: Scene) -> float:
    """Return the area in which the robot's centre can be at the start, in all regions (m²)."""
    solids = (*scene.walls, *scene.movables)
    return round(float(free_regions(scene.bounds, solids, scene.robot.radius).areas.sum()), 4)


class _Journal:
    """Lines of JSON, each behind its checksum; the first line says whose they are."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path, self._fingerprint = path, fingerprint
        self._whole = 0
        self._known = list(self._read())

    def rows(self) -> list[Row]:
        """Return the rows that an earlier run finished."""
        return self._known

    def _read(self) -> Iterator[Row]:
        if not self.path.exists():
            return
        for number, line in enumerate(self.path.read_bytes().splitlines(keepends=True)):
            checksum, _, text = line.partition(b" ")
            if not line.endswith(b"\n") or hashlib.sha256(text).hexdigest().encode() != checksum:
                return  # the line at which the earlier run was killed
            content = json.loads(text)
            if number == 0 and content != self._fingerprint:
                return  # of other settings: begin anew
            self._whole += len(line)
            if number:
                yield content

    def __enter__(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = self.path.open("ab")
        self._handle.truncate(self._whole)
        if not self._whole:
            self.append(self._fingerprint)

    def __exit__(self, *_: object) -> None:
        self._handle.close()

    def append(self, content: Row | str) -> None:
        """Add a line and flush it to disk."""
        text = json.dumps(content).encode() + b"\n"
        self._handle.write(hashlib.sha256(text).hexdigest().encode() + b" " + text)
        self._handle.flush()
        os.fsync(self._handle.fileno())
