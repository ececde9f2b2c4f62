"""Collect environments of a collection again beside it, to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from namo.collection.chunk import collect_chunk
from namo.collection.environment import Environment
from namo.collection.progress import Verbosity
from namo.collection.stored import stored_collector, stored_environment, stored_rows
from namo.errors import UsageError
from namo.files import replacing
from namo.results.again import rerun_command
from namo.results.assemble import assemble
from namo.results.collected_scenes import CollectedScenes
from namo.results.record_files import record_file
from namo.results.record_types import SceneReference
from namo.results.records import Record, read_environment
from namo.results.run_file import read_run_file
from namo.results.tables import merged_table
from namo.wording import truncated_list

SHOWN = 8
"""Number of environments that a message lists."""
_COMPARED = ("termination", "solution_depth", "pushes_simulated", "error_kind")
"""Columns of the metrics that tell one result from another."""


@dataclass(frozen=True)
class Rerun:
    """Environments that were collected again.

    Attributes:
        differences: in what each differs from what is stored, by number; None where it does not.
        failed: error messages of those that could not be processed, by number.
    """

    differences: dict[int, str | None]
    failed: dict[int, str]


def rerun(
    folder: Path, numbers: Sequence[int], output: Path, verbosity: Verbosity = Verbosity.NORMAL
) -> Rerun:
    """Collect environments again into a folder of their own; the collection is left as it is.

    Scene files are read as they are now; one that is gone is written to `scenes` in the output as
    the collection holds it. What an earlier rerun collected there in the same way is kept.

    Args:
        folder: of a finished collection.
        numbers: of the environments.
        output: folder to collect into.
        verbosity: how much to print.

    Raises:
        UsageError: there is no such environment, or a model is missing.
        ModelError: a model cannot be used.
        SceneError: a scene file is missing, and the collection does not hold the scene.
        ResultFileError: a file of the collection is missing or damaged.
        BusyError: another process collects into the folder.
    """
    run = read_run_file(folder)
    rows = stored_rows(merged_table(folder, "metrics"), numbers)
    if absent := sorted(set(numbers) - rows.keys()):
        raise UsageError(f"{folder}: holds no environment {truncated_list(absent, SHOWN)}")
    scenes = CollectedScenes(folder)
    environments = [
        _with_scene(stored_environment(row, run["label"]), row, scenes, output)
        for row in rows.values()
    ]
    collector = stored_collector(
        run["config"], folder, lambda number: rerun_command(str(folder), number)
    )
    failed: dict[int, str] = {}
    for stretch in _stretches(environments):
        failed |= collect_chunk(stretch, collector, output, verbosity=verbosity).failed
    source = run["environments"]
    assemble(output, run["label"], source["source"], source["listed"])
    differences = {
        each.index: _difference(
            folder / record_file(rows[each.index]["env_id"]), output / each.file_name
        )
        for each in environments
    }
    return Rerun(differences, failed)


def _with_scene(
    environment: Environment, row: Record, scenes: CollectedScenes, output: Path
) -> Environment:
    """Return the environment with a file for its scene, as it was collected if its own is gone."""
    if environment.path.is_file() or not row["scene_sha256"]:
        return environment
    path = output / "scenes" / f"{environment.env_id}.xml"
    content = scenes.content(cast(SceneReference, row))
    with replacing(path) as handle:
        handle.write(content)
    return replace(environment, path=path)


def _difference(stored: Path, present: Path) -> str | None:
    """Return in what the record of an environment differs from the stored one, clocks aside."""
    before, now = read_environment(stored), read_environment(present)
    if before["scene_sha256"] != now["scene_sha256"]:
        return "its scene file has changed"
    for old, new in zip(before["metrics"], now["metrics"], strict=False):
        for name, value in dict(new).items():
            if name in _COMPARED and value != dict(old)[name]:
                return f"{name} is {value}, stored is {dict(old)[name]}"
    if len(before["metrics"]) != len(now["metrics"]):
        return f"{len(now['metrics'])} episodes, stored are {len(before['metrics'])}"
    for old_rows, new_rows, name in (
        (before["pushes"], now["pushes"], "pushes"),
        (before["plans"], now["plans"], "plans"),
    ):
        if repr(old_rows) != repr(new_rows):  # NaN is equal to itself here
            return f"other {name} than stored"
    return None


def _stretches(environments: Sequence[Environment]) -> Iterator[list[Environment]]:
    """Yield the environments, which are in order, cut where numbers are missing."""
    stretch: list[Environment] = []
    for environment in environments:
        if stretch and environment.index != stretch[-1].index + 1:
            yield stretch
            stretch = []
        stretch.append(environment)
    yield stretch
