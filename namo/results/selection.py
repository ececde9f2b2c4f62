"""Which results of a collection belong to its plan, and which of its parts each is taken from."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from namo.errors import ResultFileError
from namo.planning.planner import Termination
from namo.results.metadata_types import PartMarker
from namo.results.parts import Part, age_of, finished_parts
from namo.results.plan import CollectionPlan, Objection, StoredResult
from namo.results.records import resolve_inside
from namo.results.spans import IndexSpan, require_parts, spans_of
from namo.results.tables import read_table, row_groups
from namo.wording import truncated_list

SHOWN = 8
"""Number of environments that a line lists."""

_PARQUET = b"PAR1"
"""Last bytes of a Parquet file."""
_COLUMNS = [
    *("env_index", "episode", "fingerprint", "xml_file", "scene_sha256", "difficulty"),
    "termination",
]


@dataclass(frozen=True)
class ExaminedPart:
    """A finished part, compared with the plan.

    Attributes:
        part: which one.
        metadata: content of its marker.
        objections: why environments of it do not belong to the plan, by number.
    """

    part: Part
    metadata: PartMarker
    objections: dict[int, Objection]

    @property
    def valid(self) -> NDArray[np.intp]:
        """(n,) the environments that belong to the plan, in order."""
        numbers = np.arange(self.part.start, self.part.end, dtype=np.intp)
        return np.setdiff1d(numbers, np.array(list(self.objections), np.intp))


@dataclass(frozen=True)
class Selection:
    """What a plan takes from which part.

    Attributes:
        parts: all finished parts, examined, those that take precedence last.
        plan: compared with.
        only: environments that may be taken; None for all.
    """

    parts: Sequence[ExaminedPart]
    plan: CollectionPlan
    only: Collection[int] | None = None

    @cached_property
    def owners(self) -> NDArray[np.intp]:
        """(n,) place in `parts` of the part that each environment is taken from; -1 for none."""
        end = max([self.plan.wanted.stop, *(each.part.end for each in self.parts)])
        owners = np.full(end, -1, np.intp)
        for place, each in enumerate(self.parts):
            owners[each.valid] = place
        if self.only is not None:
            allowed = np.zeros(end, np.bool_)
            allowed[[number for number in self.only if 0 <= number < end]] = True
            owners[~allowed] = -1
        return owners

    def takes(self, number: int) -> bool:
        """Return whether an environment is taken from some part."""
        return number < self.owners.size and self.owners[number] >= 0

    @cached_property
    def spans(self) -> list[IndexSpan]:
        """The environments that belong to the plan, and the parts they come from, in order."""
        numbers = np.flatnonzero(self.owners >= 0)
        return spans_of([each.part for each in self.parts], numbers, self.owners[numbers])

    @property
    def used(self) -> dict[Part, PartMarker]:
        """Metadata of the parts that environments are taken from, in order."""
        metadata = {each.part: each.metadata for each in self.parts}
        return {span.part: metadata[span.part] for span in self.spans}

    @property
    def missing(self) -> list[int]:
        """The wanted environments that no part provides, in order."""
        wanted = self.plan.wanted
        there = self.owners[wanted.start : wanted.stop] >= 0
        found: list[int] = (np.flatnonzero(~there) + wanted.start).tolist()
        return found

    @property
    def lost(self) -> list[int]:
        """Those of the environments that alone may be taken which no part provides, in order."""
        return sorted(number for number in self.only or () if not self.takes(number))

    @property
    def stale(self) -> list[ExaminedPart]:
        """The parts with a needed environment that does not belong to the plan, as it is stored."""
        missing = set(self.missing if self.only is None else self.lost)
        return [each for each in self.parts if missing.intersection(each.objections)]

    def outside(self) -> list[int]:
        """Return the environments that are taken though the plan's range leaves them out."""
        taken: list[int] = np.flatnonzero(self.owners >= 0).tolist()
        return [number for number in taken if number not in self.plan.wanted]

    def left_out(self, among: Sequence[ExaminedPart] | None = None) -> list[str]:
        """Return a line per part and reason: what is stored and not taken from anywhere.

        Args:
            among: only of these parts; None for all.
        """
        lines = []
        for each in self.parts if among is None else among:
            reasons: dict[Objection, list[int]] = {}
            for number, objection in each.objections.items():
                if not self.takes(number):
                    reasons.setdefault(objection, []).append(number)
            for reason, numbers in reasons.items():
                detail = ""
                if reason is Objection.SETTINGS:
                    found = self.plan.differences(each.metadata["config"])
                    detail = f" ({found or 'of another model or version'})"
                elif reason is Objection.LOST:
                    detail = f" ({each.metadata['label']}_env_{numbers[0]:06d}_results.pkl)"
                noun = "environment" if len(numbers) == 1 else "environments"
                lines.append(
                    f"parts/{each.part.folder.name}, {noun} {truncated_list(numbers, SHOWN)}: "
                    f"{reason}{detail}"
                )
        return lines

    def require_current(self) -> None:
        """Make sure that nothing which is needed is missing or would come from outside the plan.

        What was asked for is needed, or all environments that alone may be taken.

        Raises:
            ResultFileError: names the parts, the reasons and the command that repairs them.
        """
        if stale := self.stale:
            folders = " ".join(shlex.quote(str(each.part.folder)) for each in stale[:SHOWN])
            raise ResultFileError(
                f"{truncated_list(self.left_out(stale), SHOWN, '; ')}; `rm -r {folders}` and rerun "
                "the same command to collect what is missing: finished environments are kept"
            )
        if lost := self.lost:
            raise ResultFileError(_lost_text(self.parts[0].part.folder.parents[1], lost))


def select(
    output_dir: Path, plan: CollectionPlan, *, only: Collection[int] | None = None
) -> Selection:
    """Compare all finished parts of a collection with a plan.

    Where several parts provide an environment, those of the plan's label take precedence, and among
    these the one that was made last.

    Args:
        output_dir: folder of the collection.
        plan: what is asked for.
        only: take these environments alone; None for all.

    Raises:
        ResultFileError: there is no finished part, or one is damaged.
    """
    examined = [
        examine(output_dir, part, part.metadata(), plan, look=False, thorough=True)
        for part in require_parts(output_dir)
    ]
    return Selection(sorted(examined, key=_precedence(plan)), plan, only)


def examine(
    output_dir: Path,
    part: Part,
    metadata: PartMarker,
    plan: CollectionPlan,
    *,
    look: bool,
    thorough: bool,
) -> ExaminedPart:
    """Compare a finished part with a plan.

    Args:
        output_dir: folder of the collection.
        part: which one.
        metadata: content of its marker.
        plan: what is asked for.
        look: compare the scene files of wanted environments too; those of others always are, since
            no job of the present run has looked at them.
        thorough: check the checksums of the tables, and the sizes of the result files; otherwise
            only whether the tables are whole and the files exist.

    Raises:
        ResultFileError: the part is damaged.
    """
    if thorough:
        part.verify(metadata)
    else:
        _require_whole_tables(part, metadata)
    objections: dict[int, Objection] = {}
    for result in results_in(part.table("metrics")):
        number = result.env_index
        outside = number not in plan.wanted
        if found := plan.objection(result, look=look or outside):
            objections[number] = found
    for number in part.replaced():
        if number in part.numbers:
            objections.setdefault(number, Objection.REPLACED)
    for number in _lost_files(output_dir, part, sizes=thorough):
        objections.setdefault(number, Objection.LOST)
    return ExaminedPart(part, metadata, dict(sorted(objections.items())))


def _require_whole_tables(part: Part, metadata: PartMarker) -> None:
    """Make sure that all tables of a part are there and end as Parquet files do.

    Raises:
        ResultFileError: one is missing or truncated.
    """
    for name in part.listed(metadata):
        path = part.table(name)
        if not path.is_file() or path.stat().st_size < len(_PARQUET):
            raise ResultFileError(f"{path}: is missing or truncated")
        with path.open("rb") as handle:
            handle.seek(-len(_PARQUET), os.SEEK_END)
            if handle.read() != _PARQUET:
                raise ResultFileError(f"{path}: is truncated")


def results_in(metrics: Path) -> Iterator[StoredResult]:
    """Yield what a metrics table says about each environment, in the table's order.

    Args:
        metrics: the table, of a part or of a collection.
    """
    for table in row_groups(metrics, _COLUMNS):
        for row in table.to_pylist():
            if row["episode"] == 0:
                yield StoredResult(
                    row["env_index"],
                    row["fingerprint"],
                    row["xml_file"],
                    row["scene_sha256"],
                    row["difficulty"],
                    row["termination"] == Termination.ERROR.value,
                )


def _lost_files(output_dir: Path, part: Part, *, sizes: bool) -> Iterator[int]:
    """Yield the environments of a part whose file is missing or, if asked, of another size."""
    entries = read_table(part.table("files"), ["path", "bytes"]).to_pylist()
    names = set() if sizes else {path.name for path in output_dir.iterdir()}
    for number, entry in enumerate(entries, start=part.start):
        if not sizes:
            if entry["path"] not in names:
                yield number
            continue
        path = resolve_inside(output_dir, entry["path"])
        if not path.is_file() or path.stat().st_size != entry["bytes"]:
            yield number


def used_parts(
    output_dir: Path, plan: CollectionPlan | None = None, only: Collection[int] | None = None
) -> tuple[list[IndexSpan], dict[Part, PartMarker]]:
    """Return which environments come from which part, and the metadata of these parts.

    Args:
        output_dir: folder of the collection.
        plan: what is asked for; None where all parts are known to belong together: environments
            then come from the part that was made last, unless another one has collected them again
            since.
        only: these environments alone, all of which must be there; None for all.

    Raises:
        ResultFileError: there is no finished part, one is damaged, or an environment is missing.
    """
    if plan is not None:
        selection = select(output_dir, plan, only=only)
        if lost := selection.lost:
            raise ResultFileError(
                f"{output_dir}: metrics.parquet has environments {truncated_list(lost, SHOWN)}, "
                f"its parts do not: {truncated_list(selection.left_out(), SHOWN, '; ')}; "
                f"`namo verify {shlex.quote(str(output_dir))} --recollect` marks them for "
                "re-collection by the next run"
            )
        return selection.spans, selection.used
    metadata = {part: part.metadata() for part in require_parts(output_dir)}
    oldest_first = sorted(metadata, key=lambda part: age_of(metadata[part]))
    owners = np.full(max(part.end for part in oldest_first), -1)
    stored = np.zeros(owners.size, np.bool_)
    for place, part in enumerate(oldest_first):
        stored[part.start : part.end] = True
        owners[np.setdiff1d(part.numbers, np.array(list(part.replaced()), np.intp))] = place
    numbers: NDArray[np.intp] = np.flatnonzero(stored)
    if only is not None:
        numbers = np.array(sorted(only), np.intp)
    held = numbers[numbers < owners.size]
    held = held[owners[held] >= 0]
    if lost := np.setdiff1d(numbers, held).tolist():
        raise ResultFileError(_lost_text(output_dir, lost))
    spans = spans_of(oldest_first, numbers, owners[numbers])
    used = {span.part: metadata[span.part] for span in spans}
    for part, marker in used.items():
        part.verify(marker)
    return spans, used


def _lost_text(output_dir: Path, lost: list[int]) -> str:
    noun = "environment" if len(lost) == 1 else "environments"
    return (
        f"{output_dir}: no finished part holds the present results of {noun} "
        f"{truncated_list(lost, SHOWN)}; rerun the command that made the collection"
    )


def survey(
    output_dir: Path, plan: CollectionPlan, *, look: bool
) -> tuple[Selection, dict[Part, str]]:
    """Compare the finished parts of a collection with a plan without reading all of them.

    Args:
        output_dir: folder of the collection; need not exist.
        plan: what is asked for.
        look: compare the scene files of wanted environments too.

    Returns:
        The intact parts, compared; and what is wrong with each of the others.
    """
    damaged: dict[Part, str] = {}
    examined = []
    for part in finished_parts(output_dir):
        try:
            metadata = part.metadata()
            examined.append(examine(output_dir, part, metadata, plan, look=look, thorough=False))
        except (ResultFileError, OSError, ValueError, LookupError, TypeError) as error:
            damaged[part] = str(error)
    return Selection(sorted(examined, key=_precedence(plan)), plan), damaged


def stale_parts(output_dir: Path, plan: CollectionPlan, *, look: bool) -> list[Part]:
    """Return the parts whose chunks must run again, although they are finished.

    They are damaged, or hold a wanted environment otherwise than the plan asks for it.

    Args:
        output_dir: folder of the collection; need not exist.
        plan: what is asked for.
        look: compare the scene files too.
    """
    selection, damaged = survey(output_dir, plan, look=look)
    return [*damaged, *(each.part for each in selection.stale)]


def _precedence(plan: CollectionPlan) -> Callable[[ExaminedPart], tuple[bool, tuple[int, float]]]:
    return lambda each: (each.metadata["label"] == plan.label, age_of(each.metadata))
