"""A part of a finished collection as a collection of its own.

Environments are taken whole: their files are copied as they are, and so are their rows and their
scenes. Tables go through memory a few thousand rows at a time. A subset has tables and no parts, so
nothing can be collected into it; `run.json` says what it was taken from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from namo.errors import ResultFileError, UsageError
from namo.files import new_folder, sha256_of
from namo.learning.inference_stats import add_up
from namo.results.assemble import About, Assembled, write_collection
from namo.results.listed_summary import MANIFEST, listed_files, listed_summary_record
from namo.results.merge_collections import copy_records
from namo.results.metadata_types import ModelUseRecord, PartMetadata, RunFile
from namo.results.record_files import environment_of
from namo.results.records import read_environment, read_listed_record, resolve_inside
from namo.results.run_file import read_run_file
from namo.results.run_lock import without_range
from namo.results.schema import METRICS
from namo.results.summary_types import Summary
from namo.results.tables import DATA_TABLES, MERGED_TABLES, merged_table, row_batches
from namo.results.where import parse_where
from namo.scenes.manifest import listed_scenes
from namo.scenes.splits import require_splits, split_of
from namo.wording import counted

Numbers = NDArray[np.int64]

_FILES_AT_A_TIME = 1024


class Split(NamedTuple):
    """A split that was written.

    Attributes:
        name: of the split, and of its folder.
        environments: that it holds.
    """

    name: str
    environments: int


def filter_collection(folder: Path, where: str, output: Path, *, link: bool = False) -> Assembled:
    """Write the environments of a collection with an episode for which a condition is true.

    Args:
        folder: of a finished collection.
        where: condition on the columns of its metrics table, see `namo.results.where`.
        output: folder of the new one; must not exist, or be empty.
        link: make hard links to the files of environments instead of copies.

    Raises:
        UsageError: the condition is invalid, no environment meets it, or the output is not empty.
        ResultFileError: the collection is unfinished or damaged.
        BusyError: another process is writing the same output.
    """
    condition = parse_where(where, METRICS)
    columns = list(dict.fromkeys(("env_index", *condition.columns)))
    rows = row_batches(merged_table(folder, "metrics"), columns)
    found = [table.filter(condition.expression)["env_index"].to_numpy() for table in rows]
    numbers = np.unique(np.concatenate([np.empty(0, np.int64), *found]))
    if not numbers.size:
        raise UsageError(f"{folder}: no environment has an episode where {condition.text}")
    return _write(_Whole(folder), numbers, output, f"where {condition.text}", link=link)


def split_collection(
    folder: Path,
    output: Path,
    by: Path | Mapping[str, float],
    *,
    link: bool = False,
) -> tuple[list[Split], int]:
    """Write each split of a collection as a collection; a scene is in one split alone.

    Args:
        folder: of a finished collection.
        output: folder of the new ones, which are named after their splits; must not exist, or be
            empty.
        by: manifest of the scenes, which assigns them to splits; or the fractions of the scenes in
            each split, adding up to 1: then a scene goes by the hash of its file, so it is in the
            same split of every collection.
        link: make hard links to the files of environments instead of copies.

    Returns:
        The splits, and the number of environments in none, because their scene could not be read.

    Raises:
        UsageError: the manifest is invalid or does not list a scene, the fractions do not add up to
            1, or the output is not empty.
        ResultFileError: the collection is unfinished or damaged.
        BusyError: another process is writing the same output.
    """
    known = dict[str, str]()
    if isinstance(by, Path):
        known = {sha256: listed.split for sha256, listed in listed_scenes(by).items()}
        choice = f"of split {{}} in {by.name}"
    else:
        require_splits(by)
        named = ", ".join(f"{name}={fraction:g}" for name, fraction in by.items())
        choice = f"of split {{}} by the hash of the scene file, {named}"
    whole = _Whole(folder)
    members: dict[str, list[int]] = {}
    left_out = 0
    for number, sha256, xml_file in _scenes_of(folder):
        if not sha256:
            left_out += 1
            continue
        split = known.get(sha256, "") if isinstance(by, Path) else split_of(sha256, by)
        if not split:
            raise UsageError(
                f"{xml_file}: not listed in {by} (sha256 {sha256}), so it has no split"
            )
        members.setdefault(split, []).append(number)
    order = sorted(members) if isinstance(by, Path) else by
    with new_folder(output) as staging:
        for name in order:
            if name in members:
                numbers = np.array(members[name], np.int64)
                final = output.resolve() / name
                _write(whole, numbers, staging / name, choice.format(name), final, link=link)
    return [Split(name, len(members.get(name, ()))) for name in order], left_out


def _scenes_of(folder: Path) -> Iterator[tuple[int, str, str]]:
    """Yield number, hash of the scene file, and its path, of each environment."""
    columns = ["env_index", "episode", "scene_sha256", "xml_file"]
    for table in row_batches(merged_table(folder, "metrics"), columns):
        first = table.filter(pc.equal(table["episode"], 0)).to_pydict()
        yield from zip(first["env_index"], first["scene_sha256"], first["xml_file"], strict=True)


class _Whole:
    """The collection that subsets are taken from, compared with its list of files once.

    Attributes:
        folder: of the collection.
        run: its run file.
        manifest_sha256: hash of its list of files.
        files: the entries of that list.
        places: number of an environment -> place of its entry in `files`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.run = folder, read_run_file(folder)
        self.manifest_sha256, self.files = sha256_of(folder / MANIFEST), listed_files(folder)
        paths = self.files["path"].to_pylist()
        hashes = dict(zip(paths, self.files["sha256"].to_pylist(), strict=True))
        for name in MERGED_TABLES:
            path = merged_table(folder, name)
            if sha256_of(path) != hashes.get(path.name):
                raise ResultFileError(f"{path}: checksum mismatch: sha256 differs from {MANIFEST}")
        found = [environment_of(path) for path in paths]
        self.places = {number: at for at, number in enumerate(found) if number is not None}


def _write(
    whole: _Whole,
    numbers: Numbers,
    output: Path,
    choice: str,
    final: Path | None = None,
    *,
    link: bool,
) -> Assembled:
    """Write some environments of a collection as a collection.

    Args:
        whole: the collection.
        numbers: (n,) the environments, ascending.
        output: folder to write.
        choice: how they were chosen.
        final: folder that `output` will be renamed to; None if it will not.
        link: make hard links to their files instead of copies.
    """
    folder, run, of = whole.folder, whole.run, len(whole.places)
    files = whole.files.take([whole.places[number] for number in numbers.tolist()])
    note = f"{counted(len(numbers), 'environment', 'environments')} of {of} of {run.get('name')}"
    asked = run.get("asked")
    about = About(
        label=run["label"],
        source=run["environments"]["source"],
        listed=run["environments"]["listed"],
        asked=None if asked is None else without_range(asked),
        notes=[f"{note}, {choice}"],
        origin=run,
        subset={
            "collection": run.get("name", folder.resolve().name),
            "manifest_sha256": whole.manifest_sha256,
            "choice": choice,
            "environments": len(numbers),
            "of": of,
        },
    )
    with new_folder(output) as staging:
        for start in range(0, files.num_rows, _FILES_AT_A_TIME):
            copy_records(staging, folder, files.slice(start, _FILES_AT_A_TIME), link=link)
        costs = _costs(staging, folder, run, files, numbers)
        rows = _rows_of(folder, numbers, staging)
        return write_collection(staging, final or output, rows, [files], [costs], about)


def _rows_of(folder: Path, numbers: Numbers, staging: Path) -> dict[str, Iterable[pa.Table]]:
    """Return the rows of environments, of each of `MERGED_TABLES`; they are read when used."""
    wanted = pa.array(numbers)

    def of_environments(name: str) -> Iterator[pa.Table]:
        for table in row_batches(merged_table(folder, name)):
            yield table.filter(pc.is_in(table["env_index"], wanted))

    def scene_files() -> Iterator[pa.Table]:
        hashes: set[str] = set()  # of the scenes table, which is written before
        for table in row_batches(staging / "scenes.parquet", ["scene_sha256"]):
            hashes.update(pc.unique(table["scene_sha256"]).to_pylist())
        allowed = pa.array(hashes, pa.string())
        for table in row_batches(merged_table(folder, "scene_files")):
            yield table.filter(pc.is_in(table["scene_sha256"], allowed))

    tables: dict[str, Iterable[pa.Table]] = {name: of_environments(name) for name in DATA_TABLES}
    return {**tables, "scene_files": scene_files()}


def _costs(
    staging: Path, folder: Path, run: RunFile, files: pa.Table, numbers: Numbers
) -> PartMetadata:
    """Return settings and costs of some environments; costs are added up from their records."""
    summary = read_listed_record(folder, listed_summary_record(folder), Summary)
    whole = summary["collection_metadata"]
    work_s = 0.0
    uses: list[dict[str, Any]] = []
    for path in files["path"].to_pylist():
        record = read_environment(resolve_inside(staging, path))
        work_s += record["processing_time"]
        uses = add_up([*uses, *map(dict, record["models"] or ())])
    return {
        "start": int(numbers[0]),
        "end": int(numbers[-1]) + 1,
        "label": run["label"],
        "config": run["config"],
        "host": run["host"]["name"],
        "process": 0,
        "numerics": run["numerics"],
        "work_s": work_s,
        "environments": len(numbers),
        "resumed": 0,
        "failed": {},
        "peak_memory_bytes": whole["peak_memory_bytes"],
        "models_preloaded": cast(list[ModelUseRecord], uses),
        "began_unix_s": whole["began_unix_s"],
        "duration_s": whole["ended_unix_s"] - whole["began_unix_s"],
    }
