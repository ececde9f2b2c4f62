"""Combine collections of one experiment, from several hosts or ranges, into one.

What is combined must have been collected in the same way: settings, models and versions are
compared, and the fingerprint of every environment that is in more than one collection. The results
of such an environment are the same everywhere, and the first collection's are taken, unless it
failed there and not in another.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa

from namo.errors import ConflictError, ResultFileError, UsageError
from namo.files import require_unused, sha256_of
from namo.learning.inference_stats import without_counts
from namo.results.assemble import Assembled, assemble, files_of, rows_of, used_parts
from namo.results.parts import PARTS, Part, write_part
from namo.results.records import inside
from namo.results.run_file import read_run_file
from namo.results.run_lock import only_run_in, run_label
from namo.results.tables import DATA_TABLES
from namo.wording import truncated_list

Record = dict[str, Any]

STAGING_SUFFIX = ".partial"
SHOWN = 10
"""Conflicts that a message names."""

_VERSIONS = ("results", "schema", "mujoco")
_PATHS = ("ml_object_model", "ml_goal_model")
"""Settings that say where a model lies; what it is, its hash says."""


@dataclass(frozen=True)
class MergedCollections:
    """What came of combining.

    Attributes:
        taken: how many environments are from each collection.
        shared: how many are in more than one.
        merged: tables, summary and report of the result.
    """

    taken: dict[Path, int]
    shared: int
    merged: Assembled


@dataclass(frozen=True, slots=True)
class _Collected:
    """One environment in one collection."""

    folder: Path
    part: Part
    fingerprint: str
    xml_file: str
    failed: bool


class _Source:
    """A collection to take environments from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = read_run_file(folder)
        self.stretches, self.information = used_parts(folder)

    def ways(self) -> Iterator[Record]:
        """Yield how each part was collected: all that must be the same everywhere."""
        versions = {f"version of {name}": self.run["versions"].get(name) for name in _VERSIONS}
        for said in self.information.values():
            unused = _PATHS if said["models_preloaded"] else (*_PATHS, "ml_device")
            settings = {name: said["config"][name] for name in said["config"] if name not in unused}
            models = {f"{use['kind']} model": use["sha256"] for use in said["models_preloaded"]}
            yield settings | models | versions

    def environments(self) -> Iterator[tuple[int, _Collected]]:
        """Yield the environments by number."""
        columns = ["env_index", "episode", "fingerprint", "xml_file"]
        for stretch in self.stretches:
            part = stretch[0]
            failed = self.information[part]["failed"]
            for table in rows_of([stretch], "metrics", columns):
                for row in table.to_pylist():
                    if row["episode"] == 0:
                        number = row["env_index"]
                        at = self.folder, part, row["fingerprint"], row["xml_file"]
                        yield number, _Collected(*at, str(number) in failed)


def merge_collections(
    folders: Sequence[Path], output: Path, label: str | None = None, *, link: bool = False
) -> MergedCollections:
    """Write a new collection of all environments of several, which stay as they are.

    It is made under another name and gets its own when the files of its environments are whole.

    Args:
        folders: finished collections.
        output: folder of the new one; must not exist, or be empty.
        label: of its summary and report; by default the one that all have, else "merged".
        link: make hard links to the files of environments instead of copies. A collection's files
            are never changed in place, so either folder can be deleted.

    Raises:
        UsageError: fewer than two collections, one twice, or the output is not empty.
        ConflictError: they were not collected in the same way; names the differences.
        ResultFileError: one is unfinished or damaged.
        BusyError: another process is making the same output.
    """
    if len(folders) < 2 or len({folder.resolve() for folder in folders}) < len(folders):
        named = ", ".join(map(str, folders))
        raise UsageError(f"{named}: allowed: two collections or more, each once")
    require_unused(output)
    sources = [_Source(folder) for folder in folders]
    _require_one_way(sources)
    found = [dict(source.environments()) for source in sources]
    chosen = _chosen(found)
    information = {part: said for source in sources for part, said in source.information.items()}
    labels = {said["label"] for said in information.values()}
    label = run_label(label or (labels.pop() if len(labels) == 1 else "merged"))

    staging = output.with_name(f".{output.name}{STAGING_SUFFIX}")
    with only_run_in(staging):
        try:
            _fill(staging, _stretches(chosen), information, link=link)
            staging.rename(output)
        except BaseException:
            shutil.rmtree(staging)
            raise
    names = dict.fromkeys(source.run["environments"]["source"] for source in sources)
    listed = max(source.run["environments"]["listed"] for source in sources)
    taken = Counter(each.folder for each in chosen.values())
    return MergedCollections(
        {folder: taken[folder] for folder in folders},
        sum(map(len, found)) - len(chosen),
        assemble(output, label, "; ".join(names), listed),
    )


def _require_one_way(sources: Sequence[_Source]) -> None:
    ways = [(source.folder, way) for source in sources for way in source.ways()]
    first, expected = ways[0]
    conflicts = dict.fromkeys(
        f"{name} is {expected.get(name)!r} in {first} and {way.get(name)!r} in {folder}"
        for folder, way in ways
        for name in sorted(expected.keys() | way.keys())
        if expected.get(name) != way.get(name)
    )
    if conflicts:
        raise ConflictError(
            f"not collected in the same way: {truncated_list(conflicts, SHOWN, '; ')}"
        )


def _chosen(found: Iterable[Mapping[int, _Collected]]) -> dict[int, _Collected]:
    """Return from where each environment is taken, by number."""
    chosen: dict[int, _Collected] = {}
    conflicts = []
    for environments in found:
        for number, here in environments.items():
            other = chosen.setdefault(number, here)
            if other.fingerprint != here.fingerprint:
                conflicts.append(
                    f"environment {number} is {other.xml_file} in {other.folder} and "
                    f"{here.xml_file} in {here.folder}"
                )
            elif other.failed and not here.failed:
                chosen[number] = here
    if conflicts:
        raise ConflictError(f"not the same scenes: {truncated_list(conflicts, SHOWN, '; ')}")
    return dict(sorted(chosen.items()))


def _stretches(chosen: Mapping[int, _Collected]) -> Iterator[tuple[Part, int, int]]:
    """Yield the runs of consecutive environments, start and end, that are taken from one part."""
    places = enumerate(chosen.items())
    for (part, _), run in groupby(places, lambda each: (each[1][1].part, each[1][0] - each[0])):
        numbers = [number for _, (number, _) in run]
        yield part, numbers[0], numbers[-1] + 1


def _fill(
    staging: Path,
    stretches: Iterable[tuple[Part, int, int]],
    information: Mapping[Part, Record],
    *,
    link: bool,
) -> None:
    for left in (staging / PARTS, *staging.glob("*_results.pkl")):  # by a killed process
        shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
    counted: set[Part] = set()
    for part, start, end in stretches:
        said = information[part] if part not in counted else _uncounted(information[part])
        counted.add(part)
        _take(staging, (part, start, end), said, link=link)


def _uncounted(information: Record) -> Record:
    """Return what a marker says, without the costs, which another stretch of the part has."""
    models = [without_counts(use) for use in information["models_preloaded"]]
    return information | {"duration_s": 0.0, "work_s": 0.0, "models_preloaded": models}


def _take(output: Path, stretch: tuple[Part, int, int], information: Record, *, link: bool) -> None:
    """Copy a run of environments of a part: their files, then their rows as a part of its own."""
    part, start, end = stretch
    folder, files = part.folder.parents[1], files_of(stretch)
    for entry in files.to_pylist():
        original, copy = inside(folder, entry["path"]), inside(output, entry["path"])
        if not original.is_file() or sha256_of(original) != entry["sha256"]:
            raise ResultFileError(
                f"{original}: is not what was written; `namo verify {folder} --redo` arranges that "
                "it is made again"
            )
        if link:
            os.link(original, copy)
        else:
            shutil.copyfile(original, copy)
    failed = {
        number: text for number, text in information["failed"].items() if start <= int(number) < end
    }
    about = {"start": start, "end": end, "environments": end - start, "failed": failed}
    about["resumed"] = min(information["resumed"], end - start)
    tables: dict[str, Iterable[pa.Table]] = {
        **{name: rows_of([stretch], name) for name in DATA_TABLES},
        "files": [files],
    }
    write_part(Part.of(output, start, end), tables, information | about)
