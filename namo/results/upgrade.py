"""Rewrite a collection of an earlier schema version in the form that this version reads.

Every file is replaced atomically, so an upgrade that was killed resumes where it was: first the
records, whose version says whether they are done; then the parts; then the tables of the whole
collection. New tables of a part are written beside the old ones. A staged marker that lists their
checksums is written last; from then on the part is renamed into place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.parquet as pq

from namo.errors import ResultFileError, SceneError
from namo.files import sha256_of
from namo.results.assemble import assemble
from namo.results.collected_scenes import CollectedScenes, scene_file_row
from namo.results.environment_rows import environments_in
from namo.results.parts import (
    PARTS,
    Part,
    advice_for,
    finished_parts,
    locked,
    read_marker,
    require_idle,
    started_parts,
    write_marker,
)
from namo.results.plan_check import plan_of
from namo.results.record_files import RECORDS, environment_of
from namo.results.record_types import ObjectInfo, SceneReference
from namo.results.records import Record, file_entry, read_record, resolve_inside, write_record
from namo.results.run_file import RUN_FILE, read_run_file
from namo.results.run_lock import only_run_in
from namo.results.schema import FILES, PLANS
from namo.results.schema_version import is_upgradable, require_schema_version, table_version
from namo.results.static_objects import static_object_info
from namo.results.tables import DATA_TABLES, TABLES, row_groups, write_table
from namo.results.upgraded_record import upgraded_record, upgraded_rows
from namo.scenes.conditions import Conditions
from namo.version import FINGERPRINTED_SCHEMA, SCHEMA_VERSION
from namo.wording import truncated_list
from namo.world.simulation import Simulation

STAGED_SUFFIX = ".upgraded"
SHOWN = 5
"""Number of problems that a message lists."""


@dataclass(frozen=True)
class Upgraded:
    """What was rewritten.

    Attributes:
        records: number of records of environments.
        parts: number of parts.
        tables: whether the tables and the summary of the whole collection were.
    """

    records: int
    parts: int
    tables: bool


def upgrade(
    folder: Path, run_from: Path = Path(), note: Callable[[str], None] = lambda _: None
) -> Upgraded:
    """Rewrite a collection in place; results, and which environments are done, stay the same.

    Nothing is written unless every record can be rewritten, which takes the scene files for those
    of schema version 4.

    Args:
        folder: of the collection, finished or not.
        run_from: folder in which it was run; relative scene paths start there.
        note: called with a line before each stage that writes.

    Raises:
        ResultFileError: a file is damaged or of another version, or a scene file is missing or has
            changed; names it. Or the parts no longer hold what the tables were made from: records
            and parts are then rewritten, the tables are not.
        BusyError: a process is working on the collection; names it and the part. The same command
            resumes later.
        OSError: a file cannot be written.
    """
    with only_run_in(folder):
        started = started_parts(folder / PARTS)
        for part in started:
            require_idle(part)
        scenes = CollectedScenes(folder, run_from)
        records = _outdated_records(folder, scenes)
        parts = [part for part in finished_parts(folder) if _is_outdated(part)]
        if records:
            note(f"records: {len(records)}")
        rewritten = _upgrade_records(records, started, scenes)
        if parts:
            note(f"parts: {len(parts)}")
        parts = [part for part in parts if _upgrade_part(part, scenes)]
        tables = bool(records or parts) or not _tables_are_current(folder)
        if tables := tables and _is_assembled(folder):
            note("tables and summary")
            _assemble_again(folder)
    return Upgraded(rewritten, len(parts), tables)


def _outdated_records(folder: Path, scenes: CollectedScenes) -> list[Path]:
    """Return the records to rewrite.

    Raises:
        ResultFileError: one of them cannot be rewritten.
    """
    outdated, problems = [], []
    for path in sorted(folder.glob(RECORDS)):
        record = read_record(path)
        version = record.get("schema_version")
        if version == SCHEMA_VERSION:
            continue
        if not is_upgradable(version):
            require_schema_version(version, path, folder)
        outdated.append(path)
        try:
            upgraded_record(record, _objects(record, scenes))
        except (SceneError, ResultFileError) as error:
            problems.append(f"{path}: {error}")
    if problems:
        raise ResultFileError(
            f"nothing was rewritten, since {len(problems)} of {len(outdated)} records cannot be: "
            f"{truncated_list(problems, SHOWN, '; ')}"
        )
    return outdated


def _objects(record: Record, scenes: CollectedScenes) -> dict[str, ObjectInfo]:
    """Return the geometry of the objects of a record's scene; none where it is not needed."""
    if not record["episode_results"] or record["schema_version"] != FINGERPRINTED_SCHEMA:
        return {}
    scene = scenes.scene(cast(SceneReference, record), Conditions("scene", 0.0))
    return static_object_info(Simulation(scene))


def _upgrade_records(
    records: Sequence[Path], parts: Sequence[Part], scenes: CollectedScenes
) -> int:
    """Rewrite records, those of a part under its lock, and return how many were.

    Collectors that are started by hand take no lock of the run, but make their part before they
    begin: what is in no part is not being collected.

    Raises:
        BusyError: a process has begun to collect a part.
    """
    waiting: dict[int | None, list[Path]] = defaultdict(list)
    for path in records:
        waiting[environment_of(path.name)].append(path)
    rewritten = 0
    for part in parts:
        own = [path for number in part.numbers for path in waiting.pop(number, ())]
        if own:
            with locked(part):
                rewritten += sum(_upgrade_record(path, scenes) for path in own)
    rest = chain.from_iterable(waiting.values())
    return rewritten + sum(_upgrade_record(path, scenes) for path in rest)


def _upgrade_record(path: Path, scenes: CollectedScenes) -> bool:
    """Rewrite a record, unless it was collected again since; return whether it was rewritten."""
    record = read_record(path)
    if record.get("schema_version") == SCHEMA_VERSION:
        return False
    write_record(path, upgraded_record(record, _objects(record, scenes)))
    return True


def _staged(path: Path) -> Path:
    return path.with_name(f".{path.name}{STAGED_SUFFIX}")


def _is_outdated(part: Part) -> bool:
    """Return whether a part is to be rewritten, or to be completed.

    Raises:
        ResultFileError: it is damaged, or of a version that cannot be rewritten.
    """
    if _was_staged(part):
        return True
    metadata = part.metadata()
    part.require_intact(metadata)
    outdated = "scene_files" not in metadata["tables"]
    for name in part.listed(metadata):
        path = part.table(name)
        version = table_version(pq.read_schema(path))
        if is_upgradable(version):
            outdated = True
        else:
            require_schema_version(version, path, part.folder.parents[1])
    return outdated


def _upgrade_part(part: Part, scenes: CollectedScenes) -> bool:
    """Rewrite a part under its lock, unless it was collected again since; return whether it was.

    Raises:
        BusyError: a process has begun to collect it.
    """
    with locked(part):
        if not part.is_finished or not _is_outdated(part):
            return False
        _rewrite_part(part, scenes)
        return True


def _rewrite_part(part: Part, scenes: CollectedScenes) -> None:
    staged_marker = _staged(part.marker)
    if not _was_staged(part):
        for name, schema in TABLES.items():
            path = part.table(name)
            if name == "files":
                rows = _files(part)
            elif name == "plans":
                rows = _plans(part)
            elif name == "scene_files" and not path.exists():
                rows = _scene_files(part, scenes)
            else:
                rows = _rows(path, schema)
            write_table(_staged(path), schema, rows)
        hashes = {name: sha256_of(_staged(part.table(name))) for name in TABLES}
        write_marker(staged_marker, {**part.metadata(), "tables": hashes})
    metadata = read_marker(staged_marker)
    for name in TABLES:
        path = part.table(name)
        if _staged(path).exists():
            _staged(path).replace(path)
    part.verify(metadata)
    write_marker(part.marker, metadata)  # flushes the renamed tables too
    staged_marker.unlink()


def _was_staged(part: Part) -> bool:
    """Return whether an earlier upgrade has staged this part, which was not collected again."""
    if not _staged(part.marker).exists():
        return False
    staged, present = read_marker(_staged(part.marker)), part.metadata()
    return {**staged, "tables": {}} == {**present, "tables": {}}


def _rows(path: Path, schema: pa.Schema) -> Iterator[pa.Table]:
    for rows in row_groups(path):
        yield upgraded_rows(rows, schema)


def _scene_files(part: Part, scenes: CollectedScenes) -> Iterator[pa.Table]:
    """Yield the scene files of a part, without those that are gone or have changed."""
    seen = set()
    for rows in row_groups(part.table("scenes"), ["env_id", "xml_file", "scene_sha256"]):
        for row in rows.to_pylist():
            sha256 = row["scene_sha256"]
            if sha256 not in seen:
                seen.add(sha256)
                with suppress(SceneError):
                    yield scene_file_row(sha256, scenes.content(row).decode())


def _plans(part: Part) -> Iterator[pa.Table]:
    """Yield the rows of plans of a part from its records, which have been rewritten."""
    for rows in row_groups(part.table("files")):
        for listed in rows["path"].to_pylist():
            yield pa.table(read_record(_record_file(part, listed))["plans"], schema=PLANS)


def _files(part: Part) -> Iterator[pa.Table]:
    """Yield the file entries of a part, whose records have been rewritten."""
    folder = part.folder.parents[1]
    for rows in row_groups(part.table("files")):
        entries = []
        for row in rows.to_pylist():
            path = _record_file(part, row["path"])
            entries.append(file_entry(path, folder, row["rows"]))
        yield pa.Table.from_pylist(entries, FILES)


def _record_file(part: Part, listed: str) -> Path:
    path = resolve_inside(part.folder.parents[1], listed)
    if not path.is_file():
        raise ResultFileError(f"{path}: is missing{advice_for(part.folder)}")
    return path


def _is_assembled(folder: Path) -> bool:
    tables = (folder / f"{name}.parquet" for name in DATA_TABLES)
    return all(path.exists() for path in (*tables, folder / RUN_FILE))


def _assemble_again(folder: Path) -> None:
    """Write the tables of a collection again, with the rows that the merge has chosen.

    The list of scenes is not compared: it may have changed since, and results stay the same.
    """
    run, plan = read_run_file(folder), plan_of(folder, listed=False)
    source, numbers = run["environments"], environments_in(folder / "metrics.parquet")
    place = source["source"], source["listed"]
    assemble(folder, run["label"], *place, plan, origin=run, only=numbers)


def _tables_are_current(folder: Path) -> bool:
    manifest = folder / "manifest.parquet"
    return manifest.exists() and table_version(pq.read_schema(manifest)) == SCHEMA_VERSION
