"""Whether a merged collection is what was asked for, and whether its summary adds up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from namo.errors import ResultFileError
from namo.results.listed_summary import listed_summary
from namo.results.metadata_types import PartMarker, PartMetadata
from namo.results.plan import CollectionPlan, Objection, plan_from_record
from namo.results.problem import Problem
from namo.results.records import read_listed_record
from namo.results.run_file import RUN_FILE, read_run_file
from namo.results.selection import results_in
from namo.results.summary import summarise
from namo.results.summary_text import summary_text
from namo.results.summary_types import Summary
from namo.wording import truncated_list

SHOWN = 5
"""Number of environments that a problem lists."""
_SUMS = ("performance_stats", "filtering_stats", "failures", "unsolved")
"""Sections of a summary that follow from the tables alone."""
_NOT_SUMS = ("filtering_enabled",)
"""Entries of them that do not."""


def plan_problems(folder: Path, run_from: Path, notes: list[str]) -> Iterator[Problem]:
    """Yield where the rows of a collection are not what was asked for.

    Each row's fingerprint is compared with the settings, its scene file with the list of scenes,
    and the environments that are there with the range.

    Args:
        folder: of the collection.
        run_from: folder in which it was run; relative paths of scenes start there.
        notes: takes a line for what could not be compared.
    """
    plan = plan_of(folder, run_from)
    if plan is None:
        notes.append(f"{RUN_FILE} does not say what was asked for: rows not compared with it")
        return
    if plan.scenes is None:
        notes.append(
            f"{plan.source.name} cannot be read from {run_from.absolute()}: rows not compared with "
            "the list of scenes; --run-from DIR says where the collection was run"
        )
    there, changed = set(), []
    for result in results_in(folder / "metrics.parquet"):
        there.add(result.env_index)
        objection = plan.objection(result, look=True)
        if objection is Objection.CHANGED:
            changed.append(result.env_index)
        elif objection is not None:
            yield Problem(
                "metrics.parquet",
                f"environment {result.env_index} ({result.xml_file}): {objection}",
                result.env_index if objection is Objection.SETTINGS else None,
            )
    if changed:
        notes.append(
            "scene files are missing or have changed since these environments were collected: "
            f"{truncated_list(changed, SHOWN)}"
        )
    if missing := [number for number in plan.wanted if number not in there]:
        text = f"has no rows of environments that were asked for: {truncated_list(missing, SHOWN)}"
        yield Problem("metrics.parquet", text)


def plan_of(folder: Path, run_from: Path = Path(), *, listed: bool = True) -> CollectionPlan | None:
    """Return the plan that a collection was merged for; None if it does not say.

    Args:
        folder: of the collection.
        run_from: folder in which it was run.
        listed: read the list of scenes.

    Raises:
        ResultFileError: its run file is missing or damaged.
    """
    run = read_run_file(folder)
    asked = run.get("asked")
    if asked is None:
        return None
    return plan_from_record(asked, run_from, run["versions"], listed=listed)


def summary_problems(folder: Path, markers: Sequence[PartMarker]) -> Iterator[Problem]:
    """Yield the sections of the summary that do not follow from the tables.

    Args:
        folder: of a collection whose tables are intact.
        markers: of its finished parts.
    """
    try:
        files = listed_summary(folder)
        stored = read_listed_record(folder, files.record, Summary)
        computed: Mapping[str, Any] = summarise(folder, markers or [_stated(stored)])
        text = (folder / files.text).read_text(encoding="utf-8")
    except (ResultFileError, pa.ArrowException, OSError, ValueError) as error:
        yield Problem(RUN_FILE, f"the summary cannot be computed again: {error}")
        return
    for section in _SUMS:
        if path := _first_difference(stored.get(section), computed[section]):
            yield Problem(files.record, f"{section}{path}, as the tables add up")
    if _figures(text) != _figures(summary_text(stored, folder)):
        yield Problem(files.text, f"differs from the numbers in {files.record}")


def _stated(stored: Summary) -> PartMetadata:
    """Return what stands for the parts of a subset, which has none; no sum depends on it."""
    stated = stored["collection_metadata"]
    return {
        "start": 0,
        "end": 0,
        "label": stated["hostname"],
        "config": stated["config"],
        "host": "",
        "process": 0,
        "numerics": "",
        "work_s": 0.0,
        "environments": 0,
        "resumed": 0,
        "failed": {},
        "peak_memory_bytes": 0,
        "models_preloaded": [],
        "began_unix_s": 0.0,
        "duration_s": 0.0,
    }


def _first_difference(stored: object, computed: object) -> str:
    """Return where two values differ first, and how; empty where they are equal."""
    if isinstance(stored, dict) and isinstance(computed, dict):
        for name in {**computed, **stored}:
            if name not in _NOT_SUMS and (
                found := _first_difference(stored.get(name), computed.get(name))
            ):
                return f"[{name!r}]{found}"
        return ""
    return "" if stored == computed else f" is {stored!r}; expected {computed!r}"


def _figures(text: str) -> str:
    """Return the part of a summary that does not name files: the folder may have been moved."""
    return text.partition("\nFiles\n")[0]
