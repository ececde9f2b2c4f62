"""Merge collections of one experiment, from several hosts or ranges, into one.

All collections must have been collected under the same conditions: settings, models and versions
are compared, and so is the fingerprint of every environment that is in more than one collection.
The results of such an environment are the same everywhere. They are taken from the first
collection, unless the environment failed there and not in a later one.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from namo.errors import ConflictError, ResultFileError, UsageError
from namo.files import copy_regular, require_unused, sha256_of
from namo.learning.bundle_files import MODEL_PATHS
from namo.results.assemble import Assembled, assemble
from namo.results.environment_rows import environments_in
from namo.results.metadata_types import AskedRecord, PartMarker, PartMetadata
from namo.results.part_costs import costs_of
from namo.results.parts import Part, write_part
from namo.results.plan import plan_from_record
from namo.results.records import resolve_inside
from namo.results.run_file import read_run_file
from namo.results.run_lock import LOCK as RUN_LOCK
from namo.results.run_lock import only_run_in, run_label, without_range
from namo.results.selection import used_parts
from namo.results.spans import IndexSpan, files_of, rows_of, scene_files_of, spans_of
from namo.results.tables import DATA_TABLES, merged_table
from namo.syncing import sync, sync_tree
from namo.wording import truncated_list

STAGING_SUFFIX = ".partial"
SHOWN = 10
"""Number of conflicts that a message lists."""

_VERSIONS = ("results", "schema", "mujoco")


@dataclass(frozen=True)
class MergedCollections:
    """What was merged.

    Attributes:
        taken: number of environments taken from each collection.
        shared: number of environments that are in more than one.
        missing: ranges (first, one past the last) of listed environments that are in none.
        merged: tables and summary of the result.
    """

    taken: dict[Path, int]
    shared: int
    missing: list[tuple[int, int]]
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
        if (subset := self.run.get("subset")) is not None:
            raise ConflictError(
                f"{folder}: is a subset of a collection ({subset['choice']}), which has no parts; "
                "merge the collections first, then take the subset"
            )
        asked, versions = self.run.get("asked"), self.run["versions"]
        self.plan = None  # what the merge used, wherever this runs: no list of scenes
        if asked is not None:
            self.plan = plan_from_record(asked, versions=versions, listed=False)
        numbers = environments_in(merged_table(folder, "metrics"))
        self.spans, self.parts = used_parts(folder, self.plan, numbers)

    def collection_settings(self) -> Iterator[dict[str, object]]:
        """Yield the conditions of each part that must be equal in all collections."""
        versions = {f"version of {name}": self.run["versions"].get(name) for name in _VERSIONS}
        for metadata in self.parts.values():
            config, uses = metadata["config"], metadata["models_preloaded"]
            ignored = MODEL_PATHS if uses else (*MODEL_PATHS, "ml_device")
            settings = {name: value for name, value in config.items() if name not in ignored}
            models = {f"{use['kind']} model": use["sha256"] for use in uses}
            yield {**settings, **models, **versions}

    def environments(self) -> Iterator[tuple[int, _Collected]]:
        """Yield the environments by number."""
        columns = ["env_index", "episode", "fingerprint", "xml_file"]
        for span in self.spans:
            failed = self.parts[span.part]["failed"]
            for table in rows_of([span], "metrics", columns):
                for row in table.to_pylist():
                    if row["episode"] == 0:
                        number = row["env_index"]
                        at = self.folder, span.part, row["fingerprint"], row["xml_file"]
                        yield number, _Collected(*at, str(number) in failed)


def merge_collections(
    folders: Sequence[Path], output: Path, label: str | None = None, *, link: bool = False
) -> MergedCollections:
    """Write a new collection with all environments of several, which are left unchanged.

    It is staged under a hidden name and renamed once it is complete and flushed to disk. What an
    interrupted merge has staged is used by the next one.

    Args:
        folders: finished collections.
        output: folder of the new one; must not exist, or be empty.
        label: of its summary; by default the one that all parts share, else "merged".
        link: make hard links to the files of environments instead of copies. A collection's files
            are never changed in place, so either folder can be deleted.

    Raises:
        UsageError: fewer than two collections, one of them twice, or the output is not empty.
        ConflictError: they were collected under different conditions; lists the differences.
        ResultFileError: one is unfinished or damaged.
        BusyError: another process is writing the same output.
    """
    if len(folders) < 2 or len({folder.resolve() for folder in folders}) < len(folders):
        named = ", ".join(map(str, folders))
        raise UsageError(f"{named}: allowed: two collections or more, each once")
    require_unused(output)
    sources = [_Source(folder) for folder in folders]
    _require_same_settings(sources)
    found = [dict(source.environments()) for source in sources]
    chosen = _chosen(found)
    markers = {part: metadata for source in sources for part, metadata in source.parts.items()}
    labels = {metadata["label"] for metadata in markers.values()}
    label = run_label(label or (labels.pop() if len(labels) == 1 else "merged"))
    names = dict.fromkeys(source.run["environments"]["source"] for source in sources)
    listed = max(source.run["environments"]["listed"] for source in sources)

    staging = output.with_name(f".{output.name}{STAGING_SUFFIX}")
    with only_run_in(staging):
        try:
            _fill(staging, _spans(chosen), markers, link=link)
            merged = assemble(
                staging, label, "; ".join(names), listed, asked=_common_plan(sources), final=output
            )
            sync_tree(staging)
            staging.rename(output)
        except Exception:
            shutil.rmtree(staging)
            raise
        sync(output.parent)
    taken = Counter(each.folder for each in chosen.values())
    return MergedCollections(
        {folder: taken[folder] for folder in folders},
        sum(map(len, found)) - len(chosen),
        _gaps(sorted(chosen), listed),
        merged,
    )


def _gaps(numbers: Sequence[int], end: int) -> list[tuple[int, int]]:
    """Return the ranges below an end that hold none of the ascending numbers."""
    bounds = zip([-1, *numbers], [*numbers, end], strict=True)
    return [(before + 1, after) for before, after in bounds if before + 1 < after]


def _require_same_settings(sources: Sequence[_Source]) -> None:
    found = [
        (source.folder, settings) for source in sources for settings in source.collection_settings()
    ]
    first, expected = found[0]
    conflicts = dict.fromkeys(
        f"{name} is {expected.get(name)!r} in {first} and {settings.get(name)!r} in {folder}"
        for folder, settings in found
        for name in sorted(expected.keys() | settings.keys())
        if expected.get(name) != settings.get(name)
    )
    if conflicts:
        raise ConflictError(
            f"not collected in the same way: {truncated_list(conflicts, SHOWN, '; ')}"
        )


def _chosen(found: Iterable[Mapping[int, _Collected]]) -> dict[int, _Collected]:
    """Return the collection that each environment is taken from, by number in order."""
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


def _spans(chosen: Mapping[int, _Collected]) -> list[IndexSpan]:
    """Return the spans of the chosen environments, which are in order."""
    places = {
        part: place
        for place, part in enumerate(dict.fromkeys(each.part for each in chosen.values()))
    }
    numbers = np.fromiter(chosen, np.intp, len(chosen))
    owners = np.fromiter((places[each.part] for each in chosen.values()), np.intp, len(chosen))
    return spans_of(list(places), numbers, owners)


def _fill(
    staging: Path, spans: Sequence[IndexSpan], markers: Mapping[Part, PartMarker], *, link: bool
) -> None:
    """Fill the staging folder; files of environments that an interrupted merge left are kept."""
    kept = {path for span in spans for path in files_of(span)["path"].to_pylist()} | {RUN_LOCK}
    for left in staging.iterdir():
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        elif left.name not in kept or left.is_symlink():
            left.unlink()
    for span in spans:
        _take(staging, span, markers[span.part], link=link)


def _mismatch(folder: Path, file: Path, problem: str) -> str:
    return (
        f"{file}: {problem}; `namo verify {shlex.quote(str(folder))} --recollect` marks it for "
        "re-collection by the next run"
    )


def _common_plan(sources: Sequence[_Source]) -> AskedRecord | None:
    """Return what all collections asked for, their ranges aside; None if their lists differ."""
    wanted = [
        without_range(source.plan.as_record()) for source in sources if source.plan is not None
    ]
    if len(wanted) < len(sources) or any(each != wanted[0] for each in wanted):
        return None
    return wanted[0]


def _take(output: Path, span: IndexSpan, metadata: PartMetadata, *, link: bool) -> None:
    """Copy the files of a span of environments, then write their rows as a part."""
    start, end = span.start, span.end
    files = files_of(span)
    copy_records(output, span.part.folder.parents[1], files, link=link)
    failed = metadata["failed"]
    taken: PartMetadata = {
        **costs_of([span], metadata),
        "start": start,
        "end": end,
        "environments": end - start,
        "failed": {number: text for number, text in failed.items() if start <= int(number) < end},
        "resumed": min(metadata["resumed"], end - start),
    }
    tables: dict[str, Iterable[pa.Table]] = {
        **{name: rows_of([span], name) for name in DATA_TABLES},
        "scene_files": scene_files_of([span]),
        "files": [files],
    }
    write_part(Part.of(output, start, end), tables, taken)


def copy_records(output: Path, folder: Path, files: pa.Table, *, link: bool) -> None:
    """Copy the files of environments; a copy that is there already and whole is kept.

    Args:
        output: folder to copy them to.
        folder: of the collection.
        files: their entries, see `FILES`.
        link: make hard links instead.

    Raises:
        ResultFileError: one is missing or damaged.
    """
    for entry in files.to_pylist():
        original = resolve_inside(folder, entry["path"])
        copy = resolve_inside(output, entry["path"])
        if original.is_symlink() or not original.is_file():
            raise ResultFileError(_mismatch(folder, original, "is missing or not a regular file"))
        if link:
            copy.unlink(missing_ok=True)
            os.link(original, copy)
        elif copy.is_file() and sha256_of(copy) == entry["sha256"]:
            continue
        else:
            copy_regular(original, copy)
        if sha256_of(copy) != entry["sha256"]:
            copy.unlink()
            raise ResultFileError(_mismatch(folder, original, "checksum mismatch"))
