"""Chunks of candidates: draw and certify each, and write them to one Parquet file per chunk.

A chunk appends each candidate to a log as soon as it is certified. A killed chunk resumes after the
last complete line. A finished chunk is its Parquet file; the log is then removed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from namo.certification.append_log import AppendLog
from namo.certification.figures import Row, scene_figures
from namo.certification.settings import SceneSetSettings
from namo.errors import PhysicsError, SceneError
from namo.files import remove_leftovers, replacing
from namo.locks import lock_held
from namo.scenes.generator.generation import Generator
from namo.scenes.parquet_files import ParquetFileError, metadata_of
from namo.scenes.reading import parse_scene
from namo.scenes.sources import range_name
from namo.scenes.writing import scene_xml

FOLDER = "candidates"
JOURNAL = ".journal"
FINGERPRINT = b"fingerprint"

CANDIDATES = pa.schema(
    [
        ("candidate", pa.int64()),
        ("file", pa.string()),
        ("part", pa.string()),
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
    """Return the path of the Parquet file of a range of candidates."""
    return output_dir / FOLDER / f"{range_name(numbers.start, numbers.stop)}.parquet"


def make_chunk(
    settings: SceneSetSettings,
    numbers: range,
    output_dir: Path,
    done: Callable[[Row], None] = lambda _row: None,
    threads: int = 1,
) -> Path:
    """Draw and certify a range of candidates; finished ones are not repeated.

    Args:
        settings: of the set.
        numbers: of the candidates.
        output_dir: of the set.
        done: called with the row of each candidate that this call has drawn.
        threads: pushes to simulate in parallel.

    Returns:
        The path of the Parquet file of the range.
    """
    path = chunk_path(output_dir, numbers)
    fingerprint = settings.fingerprint()
    with lock_held(
        path.with_suffix(".lock"), f"which is certifying candidates {path.stem}", wait=True
    ):
        if not is_done(path, fingerprint):
            _make(settings, numbers, path, fingerprint, done, threads)
        # Here, since a killed call may have left it beside its finished file.
        path.with_suffix(JOURNAL).unlink(missing_ok=True)
    return path


def _make(
    settings: SceneSetSettings,
    numbers: range,
    path: Path,
    fingerprint: str,
    done: Callable[[Row], None],
    threads: int,
) -> None:
    log = AppendLog(path.with_suffix(JOURNAL), fingerprint)
    rows = {row["candidate"]: row for row in log.rows}
    generator = Generator(settings)
    with log:
        for number in numbers:
            if number not in rows:
                rows[number] = _row(generator, settings, number, threads)
                log.append(rows[number])
                done(rows[number])
    schema = CANDIDATES.with_metadata({FINGERPRINT: fingerprint.encode()})
    remove_leftovers(path.parent, [path.name])
    with replacing(path) as handle:
        table = pa.Table.from_pylist([rows[number] for number in numbers], schema)
        pq.write_table(table, handle, compression="zstd")


def is_done(path: Path, fingerprint: str) -> bool:
    """Return whether a chunk is finished and was made with these settings and versions."""
    try:
        return metadata_of(path).get(FINGERPRINT) == fingerprint.encode()
    except ParquetFileError:
        return False


def _row(generator: Generator, settings: SceneSetSettings, number: int, threads: int) -> Row:
    candidate = generator.draw(number)
    row: Row = {
        "candidate": number,
        "file": candidate.file_name,
        "part": candidate.part,
        "family": candidate.family,
        "layout_id": candidate.layout_id,
        "rejection": candidate.rejection,
    }
    if candidate.scene is None:
        return row
    try:
        # As the collector will read it from the file.
        xml = scene_xml(candidate.scene)
        scene = parse_scene(xml.encode(), candidate.file_name)
        effort = settings.effort if settings.certify else None
        return {**row, "xml": xml, **scene_figures(scene, effort, threads)}
    except (SceneError, PhysicsError) as error:
        return {**row, "rejection": f"cannot be used: {error}"}


def outcome_of(row: Row) -> str:
    """Return the outcome of a candidate in one word: its difficulty, unmeasured or rejected."""
    if row["rejection"]:
        return "rejected"
    return str(row.get("difficulty") or "unmeasured")
