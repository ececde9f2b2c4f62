"""Verify a collection: its files, its plans, and what its unsolved searches have shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from namo.errors import ResultFileError, SceneError
from namo.files import sha256_of
from namo.results.collected_scenes import CollectedScenes, stored_scene_problems
from namo.results.listed_summary import MANIFEST, listed_files
from namo.results.metadata_types import FileEntry, PartMarker
from namo.results.minimal_check import MinimalCheck
from namo.results.parts import PARTS, finished_parts, locked, require_idle, started_parts
from namo.results.plan_check import plan_problems, summary_problems
from namo.results.plan_rows import PlanRows, plan_row_problems, stored_outcomes
from namo.results.problem import Problem, file_state
from namo.results.proof_check import claims, proof_problem
from namo.results.record_files import SUFFIX, environment_of
from namo.results.record_types import EnvironmentRecord
from namo.results.records import read_environment, resolve_inside
from namo.results.replay import replay_plans
from namo.results.run_lock import only_run_in
from namo.results.tables import DATA_TABLES, MERGED_TABLES, require_schema, row_groups
from namo.scenes.conditions import Conditions
from namo.signals import check_termination
from namo.syncing import make_folder
from namo.wording import truncated_list

SHOWN = 5
"""Number of environments that a problem lists."""
REPLACED = "replaced"
"""Folder that `schedule_recollection` moves the files of environments to."""


@dataclass
class Verification:
    """The verification of a collection; iterate over `problems`, then read the counts.

    Attributes:
        folder: of the collection.
        replays: whether to replay plans.
        run_from: folder in which the collection was run; relative scene paths start there.
        minimal: checks that no push of a plan can be dropped; None to leave that out.
        files: number of files compared with the manifest.
        environments: number of records read.
        plans: number of plans replayed.
        proofs: number of claims of unsolved searches that were checked.
        notes: lines that say what could not be compared.
    """

    folder: Path
    replays: bool = True
    run_from: Path = Path()
    minimal: MinimalCheck | None = None
    files: int = 0
    environments: int = 0
    plans: int = 0
    proofs: int = 0
    notes: list[str] = field(default_factory=list)

    def problems(self) -> Iterator[Problem]:
        """Yield all problems.

        Raises:
            ResultFileError: there is no manifest to verify against, or it cannot be read.
        """
        listed = self._listed()
        markers = (
            part.marker.relative_to(self.folder).as_posix() for part in finished_parts(self.folder)
        )
        seen = {path: file_state(self.folder / path) for path in (*listed, *markers)}
        for problem in self._problems(listed):
            yield replace(problem, seen=seen.get(problem.path))

    def _problems(self, listed: Mapping[str, FileEntry]) -> Iterator[Problem]:
        damaged = set()
        markers: list[PartMarker] = []
        for problem in self._parts(markers):
            damaged.add(problem.path)
            yield problem
        for problem in self._files(listed):
            if problem.path in listed:
                damaged.add(problem.path)
            yield problem
        counts: dict[str, Counter[int]] = {}
        for name, schema in MERGED_TABLES.items():
            path = f"{name}.parquet"
            if path not in listed:
                yield Problem(path, f"is not listed in {MANIFEST}")
            elif path in damaged:
                continue
            elif name not in DATA_TABLES:
                if "scenes.parquet" not in damaged:
                    yield from stored_scene_problems(self.folder, listed[path]["rows"], self.notes)
            else:
                wrong, counted = self._table(path, schema, listed[path]["rows"])
                if counted is not None:
                    counts[name] = counted
                if wrong is not None:
                    damaged.add(path)
                    yield wrong
        numbered = [
            (number, path) for path in listed if (number := environment_of(path)) is not None
        ]
        if missing := set(counts.get("metrics", ())) - {number for number, _ in numbered}:
            named = truncated_list(sorted(missing), SHOWN)
            text = f"has rows of environments without a file: {named}"
            yield Problem("metrics.parquet", text)
        if all(environment_of(path) is not None for path in damaged):  # tables and parts are intact
            yield from summary_problems(self.folder, markers)
            yield from plan_problems(self.folder, self.run_from, self.notes)
        has_plans = "plans" in counts and "plans.parquet" not in damaged
        plans = PlanRows(self.folder / "plans.parquet") if has_plans else None
        for number, path in sorted(numbered):
            check_termination()
            if path not in damaged:
                yield from self._environment(path, number, counts, plans)
        if self.minimal is not None:
            self.notes += self.minimal.notes()

    @cached_property
    def _scenes(self) -> CollectedScenes:
        return CollectedScenes(self.folder, self.run_from, self.notes.append)

    def _listed(self) -> dict[str, FileEntry]:
        return {row["path"]: row for row in listed_files(self.folder).to_pylist()}

    def _parts(self, markers: list[PartMarker]) -> Iterator[Problem]:
        """Compare the parts with their markers, and collect those of intact ones."""
        for part in finished_parts(self.folder):
            try:
                marker = part.metadata()
                part.verify(marker)
                markers.append(marker)
            except ResultFileError as error:
                path = part.marker.relative_to(self.folder).as_posix()
                yield Problem(path, str(error), part.start)

    def _files(self, listed: Mapping[str, FileEntry]) -> Iterator[Problem]:
        """Compare all files with the manifest."""
        for path, entry in listed.items():
            check_termination()
            number = environment_of(path)
            try:
                file = resolve_inside(self.folder, path)
            except ResultFileError as error:
                yield Problem(path, str(error))
                continue
            self.files += 1
            if not file.is_file():
                yield Problem(path, "is missing", number)
            elif file.stat().st_size != entry["bytes"]:
                size = file.stat().st_size
                text = f"has {size} bytes, {MANIFEST} lists {entry['bytes']}"
                yield Problem(path, text, number)
            elif sha256_of(file) != entry["sha256"]:
                text = f"checksum mismatch: sha256 differs from {MANIFEST}"
                yield Problem(path, text, number)
        for file in sorted(self.folder.glob(f"*{SUFFIX}")):
            if file.name not in listed:
                text = (
                    f"is not listed in {MANIFEST}: its chunk is not merged yet, or it does not "
                    "belong to what was asked for last; delete it if it is not needed"
                )
                yield Problem(file.name, text, repairable=False)

    def _table(
        self, path: str, schema: pa.Schema, rows: int | None
    ) -> tuple[Problem | None, Counter[int] | None]:
        """Return the problem of a table, and its number of rows by environment; None for none."""
        file = self.folder / path
        counted: Counter[int] = Counter()
        try:
            require_schema(file, schema, self.folder)
            # Plans are read again, row by row, and compared with the records.
            for table in row_groups(file, None if path == "plans.parquet" else ["env_index"]):
                for each in table["env_index"].value_counts().to_pylist():
                    counted[each["values"]] += each["counts"]
        except ResultFileError as error:
            return Problem(path, str(error).removeprefix(f"{file}: ")), None
        if counted.total() != rows:
            text = f"has {counted.total()} rows, {MANIFEST} lists {rows}"
            return Problem(path, text), counted
        return None, counted

    def _environment(
        self,
        path: str,
        number: int,
        counts: Mapping[str, Counter[int]],
        plans: PlanRows | None,
    ) -> Iterator[Problem]:
        try:
            record = read_environment(self.folder / path)
        except ResultFileError as error:
            yield Problem(path, str(error), number)
            return
        self.environments += 1
        held = {
            "metrics": len(record["metrics"]),
            "pushes": len(record["pushes"]["push"]),
            "plans": len(record["plans"]["step"]),
            "scenes": int(record["scene"] is not None),
        }
        for name, by_environment in counts.items():
            if by_environment[number] != held[name]:
                text = f"has {held[name]} rows of {name}, {name}.parquet {by_environment[number]}"
                yield Problem(path, text, number)
        if plans is not None:
            for text in plan_row_problems(record, plans.of(number)):
                yield Problem(path, text, number)
        if self.replays and not record["error"]:
            yield from self._plans(path, number, record)
            yield from self._proofs(path, number, record)

    def _plans(self, path: str, number: int, record: EnvironmentRecord) -> Iterator[Problem]:
        solved = [each for each in record["episode_results"] if each["solution_found"]]
        conditions = Conditions.of(record["metrics"][0])
        check = None if self.minimal is None else self.minimal.problem
        plans = replay_plans(
            self._scenes, record, conditions, solved, stored_outcomes(record), then=check
        )
        try:
            for episode_id, problem in plans:
                self.plans += 1
                if problem:
                    yield Problem(path, f"{episode_id}: {problem}", number)
        except (SceneError, ResultFileError) as error:
            yield Problem(path, f"cannot be replayed: {error}", repairable=False)

    def _proofs(self, path: str, number: int, record: EnvironmentRecord) -> Iterator[Problem]:
        rows = [row for row in record["metrics"] if claims(row)]
        try:
            for row in rows:
                scene = self._scenes.scene(record, Conditions.of(row))
                self.proofs += 1
                problem = proof_problem(scene, record, row)
                if problem is not None:
                    yield Problem(path, f"{row['episode_id']}: {problem}", number)
        except (SceneError, ResultFileError) as error:
            yield Problem(path, f"its proof cannot be checked: {error}", repairable=False)


def schedule_recollection(folder: Path, problems: list[Problem]) -> list[int]:
    """Mark damaged results for re-collection by the next run, and return the environments.

    The files of the environments are moved to `REPLACED`, and the markers of their parts and the
    tables of the whole collection are deleted. The next run collects what is missing and merges.
    Files that were replaced since they were checked are left alone, and so are their parts.

    Raises:
        BusyError: a process is working on the collection; names it and the part. What was marked
            before stays marked.
    """
    problems = [each for each in problems if each.repairable]
    with only_run_in(folder):
        for part in started_parts(folder / PARTS):
            require_idle(part)
        return _invalidate(folder, problems)


def _invalidate(folder: Path, problems: list[Problem]) -> list[int]:
    again: set[int] = set()
    parts = started_parts(folder / PARTS)
    for part in parts:
        own = [each for each in problems if each.environment in part.numbers]
        if not own:
            continue
        with locked(part):  # collectors that are started by hand take no lock of the run
            if moved := _set_aside(folder, own):
                part.marker.unlink(missing_ok=True)
                again |= moved
    # A collector makes its part before it begins, so nobody is collecting the others.
    held = {each for each in problems if any(each.environment in part.numbers for part in parts)}
    again |= _set_aside(folder, [each for each in problems if each not in held])
    if any(each.is_present(folder) for each in problems):
        for name in MERGED_TABLES:
            (folder / f"{name}.parquet").unlink(missing_ok=True)
    return sorted(again)


def _set_aside(folder: Path, problems: list[Problem]) -> set[int]:
    """Move the records with problems that are still there; return their environments."""
    numbers = set()
    for each in problems:
        if each.environment is None or not each.is_present(folder):
            continue
        numbers.add(each.environment)
        file = folder / each.path
        if environment_of(each.path) is not None and file.exists():
            make_folder(folder / REPLACED)
            file.replace(folder / REPLACED / file.name)
    return numbers
