"""Run the collection as several processors, and tell which rows differ from those of this one."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.collecting import without_clocks
from tests.processors.processors import Processor
from tests.processors.searches import REPOSITORY

_DECIDED = ("status", "object_id", "depth", "simulation")
"""Columns of pushes that differ only where a decision did, not a last bit."""


@dataclass(frozen=True)
class Collected:
    """What one processor collected.

    Attributes:
        numerics: as rows name the platform.
        models: the same of each model, by search.
        rows: tables and plan by search and environment, without clocks.
    """

    numerics: str
    models: dict[str, list[str]]
    rows: dict[str, dict[str, Any]]

    @property
    def decisive(self) -> str:
        """The part of `numerics` that is to decide the rows of this package."""
        return self.numerics.partition("; ")[0]


@dataclass(frozen=True)
class Difference:
    """How the rows of an environment differ.

    Attributes:
        row: search and environment.
        where: the first column that differs, with the number of the push.
        values: in the two collections.
        decided: whether the searches did different things, rather than the same with other bits.
    """

    row: str
    where: str
    values: tuple[Any, Any]
    decided: bool


def collect_as(
    processor: Processor, folder: Path, count: int, interpreter: str = sys.executable
) -> Collected:
    """Collect so many environments in a process that acts as a processor.

    Args:
        processor: to act as.
        folder: for scenes and results; the same for all that are compared.
        count: of environments.
        interpreter: of Python; one without torch leaves the models out.

    Raises:
        RuntimeError: the process failed.
    """
    output = folder / f"{processor.name}_{interpreter.replace(os.sep, '_')}.pkl"
    has_torch = subprocess.run([interpreter, "-c", "import torch"], capture_output=True)
    options = [] if has_torch.returncode == 0 else ["--without-models"]
    arguments = [str(folder), str(count), str(output), *options]
    done = subprocess.run(
        [interpreter, "-m", "tests.processors.emulated", *arguments],
        cwd=REPOSITORY,
        env=processor.environment() | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(f"as {processor.name}, with {interpreter}:\n{done.stdout}{done.stderr}")
    result = pickle.loads(output.read_bytes())
    output.unlink()
    rows = {name: _row(record) for name, record in result["records"].items()}
    return Collected(result["numerics"], result["models"], rows)


def _row(record: dict[str, Any]) -> dict[str, Any]:
    """What must not differ: everything but clocks and the names of platforms."""
    names = ("pushes", "metrics", "episode_results", "plans", "scene", "error")
    row: dict[str, Any] = without_clocks({name: record[name] for name in names})
    return row


def differences(one: Collected, other: Collected) -> list[Difference]:
    """The rows of the second that differ from those of the first, among those that both have."""
    return [
        Difference(
            name,
            *_first_difference(one.rows[name], row),
            decided=_decisions(one.rows[name]) != _decisions(row),
        )
        for name, row in other.rows.items()
        if name in one.rows and one.rows[name] != row
    ]


def _decisions(row: dict[str, Any]) -> Any:
    pushes = row["pushes"] or {}
    endings = [(each["termination"], each["solution_depth"]) for each in row["metrics"]]
    return endings, [pushes.get(name) for name in _DECIDED]


def _first_difference(one: Any, other: Any, where: str = "") -> tuple[str, tuple[Any, Any]] | None:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        parts = [(f"{where}.{name}", one[name], other[name]) for name in one]
    elif isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        if len(one) != len(other):
            return f"{where}.length", (len(one), len(other))
        numbered = enumerate(zip(one, other, strict=True))
        parts = [(f"{where}[{place}]", *pair) for place, pair in numbered]
    else:
        return None if one == other else (where, (one, other))
    found = (_first_difference(first, second, path) for path, first, second in parts)
    return next((difference for difference in found if difference), None)


def report(name: str, here: Collected, there: Collected, found: Sequence[Difference]) -> str:
    """A few lines for a person: how many rows differ, and the first of them."""
    shared = here.rows.keys() & there.rows.keys()
    environments = {row.rpartition(" ")[2] for row in shared}
    by_search = Counter(difference.row.rpartition(" ")[0] for difference in found)
    decided = sum(difference.decided for difference in found)
    lines = [
        f"{name}: {len(environments)} environments, {len(shared)} searches, {len(found)} differ, "
        f"{decided} of them in what was done",
        f"    {there.numerics}",
        *(f"    {search}: {count}" for search, count in by_search.items()),
    ]
    if found:
        first = found[0]
        lines.append(f"    first: {first.row}, {first.where}: {first.values}")
    return "\n".join(lines)
