"""Collect environments again in their collection, in place of what is stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from namo.collection.chunk import collect_chunk
from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.progress import Verbosity, describe
from namo.collection.stored import stored_collector, stored_environment, stored_rows
from namo.errors import ConflictError, UsageError
from namo.results.again import redo_command
from namo.results.assemble import assemble
from namo.results.fingerprint import present_versions
from namo.results.metadata_types import PartMarker, RunFile
from namo.results.parts import PARTS, Part, age_of, finished_parts, started_parts
from namo.results.plan import CollectionPlan
from namo.results.plan_check import plan_of
from namo.results.problem import Problem
from namo.results.record_files import record_files
from namo.results.records import read_environment
from namo.results.run_file import read_run_file, require_no_subset
from namo.results.run_lock import only_run_in
from namo.results.verify import schedule_recollection
from namo.signals import check_termination
from namo.wording import truncated_list

SHOWN = 8
"""Number of environments that a message lists."""


@dataclass(frozen=True)
class _FinishedPart:
    """A finished part, with what its files say about it, each read once.

    Attributes:
        part: which one.
        marker: content of its marker.
        replaced: environments that another part has collected again since.
    """

    part: Part
    marker: PartMarker
    replaced: frozenset[int]


@dataclass(frozen=True)
class Redone:
    """Environments that were collected again.

    Attributes:
        outcomes: of each, in a few words, by number.
        failed: error messages of those that could not be processed, by number.
    """

    outcomes: dict[int, str]
    failed: dict[int, str]


def redo(folder: Path, numbers: Sequence[int], verbosity: Verbosity = Verbosity.NORMAL) -> Redone:
    """Collect environments again and merge.

    Files that are replaced are kept in `replaced/`. Until it is done the collection is unfinished,
    and the command that made it would complete it too.

    Args:
        folder: of a collection that was finished once.
        numbers: of the environments.
        verbosity: how much to print.

    Raises:
        UsageError: there is no such environment, or the list of scenes cannot be read.
        ConflictError: results would differ from the others (another version, or other models), or
            scene files are missing or have changed, so that others could not be kept.
        ModelError: a model cannot be used.
        ResultFileError: a file of the collection is missing or damaged.
        BusyError: a process is working on the collection.
    """
    run, plan = read_run_file(folder), plan_of(folder, Path())
    collector = stored_collector(
        run["config"], folder, lambda number: redo_command(str(folder), number)
    )
    _require_same(folder, run, plan, collector.config)
    finished = _finished(folder)
    chunks = {
        part: _environments(part, finished.get(part), run, plan)
        for part in _parts_of(folder, numbers, finished)
    }
    _require_scenes(folder, chunks, finished, {*numbers, *_failed(finished)})
    _mark(folder, numbers)
    wanted = set(numbers)
    failed: dict[int, str] = {}
    with only_run_in(folder):
        for environments in chunks.values():
            failed |= collect_chunk(environments, collector, folder, verbosity=verbosity).failed
        source = run["environments"]
        # A collection that was merged from others has no range of its own.
        asked = plan if plan is not None and plan.wanted else None
        assemble(folder, run["label"], source["source"], source["listed"], asked, origin=run)
    redone = [
        each for environments in chunks.values() for each in environments if each.index in wanted
    ]
    outcomes = {each.index: describe(read_environment(folder / each.file_name)) for each in redone}
    return Redone(outcomes, {key: text for key, text in failed.items() if key in wanted})


def mark(folder: Path, numbers: Sequence[int]) -> None:
    """Mark environments for re-collection by the next run; their files go to `replaced/`.

    Args:
        folder: of the collection.
        numbers: of the environments.

    Raises:
        UsageError: one of them is in no part of the collection; nothing is marked.
        BusyError: a process is working on the collection.
    """
    _parts_of(folder, numbers, _finished(folder))
    _mark(folder, numbers)


def _mark(folder: Path, numbers: Iterable[int]) -> None:
    files, wanted = record_files(folder), sorted(set(numbers))
    problems = [
        Problem(path.name, "", number) for number in wanted for path in files.get(number, ())
    ]
    schedule_recollection(folder, problems)


def failed_environments(folder: Path) -> list[int]:
    """Return the failed environments of a collection, in order.

    Raises:
        ResultFileError: the marker of a part is damaged.
    """
    return sorted(_failed(_finished(folder)))


def _finished(folder: Path) -> dict[Part, _FinishedPart]:
    """Return the finished parts of a collection, the newest first.

    Raises:
        ResultFileError: a file of one is damaged.
    """
    parts = [
        _FinishedPart(part, part.metadata(), part.replaced()) for part in finished_parts(folder)
    ]
    parts.sort(key=lambda each: age_of(each.marker), reverse=True)
    return {each.part: each for each in parts}


def _failed(finished: Mapping[Part, _FinishedPart]) -> set[int]:
    """Return the environments of finished parts that failed."""
    return {
        number
        for each in finished.values()
        for number in map(int, each.marker["failed"])
        if number not in each.replaced
    }


def _require_same(
    folder: Path, run: RunFile, plan: CollectionPlan | None, config: CollectionConfig
) -> None:
    """Make sure that results of this process belong to the collection."""
    advice = "collect all of it again, or look at some with `namo rerun`"
    for name, version in present_versions().items():
        if run["versions"].get(name) != version:
            raise ConflictError(
                f"{folder}: was collected with version {run['versions'].get(name)} of {name}, this "
                f"is {version}; {advice}"
            )
    if plan is None:
        return
    if plan.scenes is None:
        raise UsageError(
            f"{folder}: {plan.source.name} cannot be read from {Path.cwd()}; --run-from DIR says "
            "where the collection was run"
        )
    differing = [
        name
        for name, value in config.decisive.items()
        if name != "ml_device" and plan.settings.get(name) != value
    ]
    if differing:
        raise ConflictError(
            f"{folder}: {', '.join(differing)} changed since it was collected; {advice}"
        )


def _require_scenes(
    folder: Path,
    chunks: Mapping[Part, Sequence[Environment]],
    finished: Mapping[Part, _FinishedPart],
    again: Collection[int],
) -> None:
    """Make sure that the scenes of those to collect are there, and those of the others the same.

    Without this the whole part would be collected again, and fail where the scene files are gone.
    """
    problems = []
    for part, environments in chunks.items():
        if not part.table("metrics").exists():  # nothing of it was ever stored
            continue
        replaced = finished[part].replaced if part in finished else frozenset()
        rows = stored_rows(part.table("metrics"), part.numbers)
        for environment in environments:
            check_termination()
            stored, now = rows[environment.index]["scene_sha256"], environment.scene_sha256()
            if environment.index in replaced or now == stored:
                continue
            if not now:
                problems.append(f"{environment.xml_file} is missing")
            elif environment.index not in again:
                problems.append(f"{environment.xml_file} (environment {environment.index}) changed")
    if problems:
        raise ConflictError(
            f"{folder}: {truncated_list(problems, SHOWN)}; name changed ones too to collect them "
            "again; --run-from DIR says where the collection was run"
        )


def _parts_of(
    folder: Path, numbers: Iterable[int], finished: Mapping[Part, _FinishedPart]
) -> list[Part]:
    """Return the parts that hold environments, in order of these, each once.

    Args:
        folder: of the collection.
        numbers: of the environments.
        finished: its finished parts, those that take precedence first.

    Raises:
        UsageError: an environment is in no part, or the collection is a subset of another.
    """
    require_no_subset(folder)
    others = [part for part in started_parts(folder / PARTS) if part not in finished]
    parts: dict[Part, None] = {}
    absent = []
    for number in sorted(set(numbers)):
        holding = [part for part, each in finished.items() if number not in each.replaced]
        found = next((part for part in (*holding, *others) if number in part.numbers), None)
        if found is None:
            absent.append(number)
        else:
            parts[found] = None
    if absent:
        raise UsageError(f"{folder}: holds no environment {truncated_list(absent, SHOWN)}")
    return [*parts]


def _environments(
    part: Part, finished: _FinishedPart | None, run: RunFile, plan: CollectionPlan | None
) -> list[Environment]:
    """Return the environments of a part as the plan lists them, or else as they are stored."""
    label = run["label"] if finished is None else finished.marker["label"]
    if plan is None or plan.scenes is None:
        rows = stored_rows(part.table("metrics"), part.numbers)
        return [stored_environment(row, label) for row in rows.values()]
    if part.end > len(plan.scenes):
        raise UsageError(
            f"{part.folder}: {plan.source.name} now lists {len(plan.scenes)} scenes; collect the "
            "range that it lists"
        )
    return [Environment.listed(number, plan.scenes[number], label) for number in part.numbers]
