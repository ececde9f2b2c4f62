"""Certify scenes that nobody generated: a manifest for the scene files of a folder or list.

Figures belong to a file's SHA-256. They stay in an append-only log beside the manifest, from which
an interrupted run resumes, and a later one takes what it has not to measure again. A file that
cannot be used is left out with its reason, and costs itself only.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from namo.certification.append_log import AppendLog
from namo.certification.counts import count_lines
from namo.certification.effort import Effort
from namo.certification.figures import Row
from namo.certification.measuring import Task, load, measure
from namo.errors import NamoError, UsageError
from namo.files import remove_leftovers, sha256_of
from namo.locks import lock_held
from namo.numeric_platform import numeric_platform
from namo.scenes.checker_pool import checked_in_parallel
from namo.scenes.checker_process import CheckerProcess, GaveUpError
from namo.scenes.manifest import LEFT_OUT, PROVEN_DEPTH, SCENES, write_manifest
from namo.scenes.parquet_files import ParquetFileError, metadata_of
from namo.scenes.scene_files import SceneFiles
from namo.scenes.splits import DEFAULT_SPLITS, require_splits, splits_of
from namo.version import CERTIFICATION_VERSION, __version__
from namo.wording import counted

CERTIFIED = "certified"
"""Metadata key of what decides the figures; marks a manifest that was written here."""


@dataclass(frozen=True)
class CertifySettings:
    """How scenes are certified.

    Attributes:
        effort: to measure difficulty with; None to leave it out.
        splits: fraction of the layouts in each split.
        jobs: processes to run in parallel.
        time_limit_s: time after which a scene is given up (s).

    Raises:
        UsageError: the fractions do not add up to 1.
    """

    effort: Effort | None = None
    splits: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SPLITS))
    jobs: int = 1
    time_limit_s: float = 3600.0

    def __post_init__(self) -> None:
        require_splits(self.splits)


@dataclass
class CertifiedScenes:
    """What became of the scene files.

    Attributes:
        rows: of the manifest.
        unusable: names of files that cannot be used -> why.
        duplicates: names of files -> name of the file with the same content, which is listed.
    """

    rows: list[Row] = field(default_factory=list)
    unusable: dict[str, str] = field(default_factory=dict)
    duplicates: dict[str, str] = field(default_factory=dict)

    @property
    def left_out(self) -> dict[str, str]:
        """Names of the files that the manifest does not list -> why."""
        same = {name: f"the same scene as {first}" for name, first in self.duplicates.items()}
        return self.unusable | same

    def heading(self, manifest: Path) -> str:
        """Return how many scenes and layouts a manifest lists, as a line of text.

        Args:
            manifest: that was written.
        """
        layouts = len({row["layout_id"] for row in self.rows})
        return (
            f"{manifest}: {counted(len(self.rows), 'scene', 'scenes')} of "
            f"{counted(layouts, 'layout', 'layouts')}, {len(self.left_out)} left out"
        )

    def report(self, manifest: Path, splits: Mapping[str, float]) -> str:
        """Return the heading, and the counts by class and by split, as lines of text.

        Args:
            manifest: that was written.
            splits: fraction of the layouts in each split.
        """
        lines = [self.heading(manifest)]
        columns = ["split"]
        if all(row["difficulty"] is not None for row in self.rows):
            columns.insert(0, "difficulty")
        for column in columns:
            lines += ["", *count_lines(self.rows, column)]
        there = {row["split"] for row in self.rows}
        empty = [name for name, fraction in splits.items() if fraction > 0.0 and name not in there]
        if empty:
            lines += [
                "",
                f"no layout is left for {', '.join(empty)}: training needs scenes in train and "
                "val, a comparison in test",
            ]
        return "\n".join(lines) + "\n"


def certify_scenes(
    files: SceneFiles,
    manifest: Path,
    settings: CertifySettings,
    show: Callable[[str], None] = print,
    known: Mapping[str, Row] | None = None,
) -> CertifiedScenes:
    """Write the manifest of scene files.

    Args:
        files: to list.
        manifest: to write, or to bring up to date.
        settings: how.
        show: called with a line for each file that is measured or left out.
        known: figures, by SHA-256, that the caller has measured with the same effort.

    Raises:
        UsageError: the manifest was not written by this function.
        BusyError: another process writes it.
        NamoError: no file can be used; no manifest is written.
    """
    require_own(manifest)
    fingerprint = _fingerprint(settings.effort)
    hidden = manifest.with_name(f".{manifest.stem}")
    with lock_held(hidden.with_suffix(".lock"), "which is certifying scenes", wait=False):
        digest = hashlib.sha256(fingerprint.encode()).hexdigest()[:8]
        log = AppendLog(hidden.with_suffix(f".{digest}.figures"), fingerprint)
        figures = {**(known or {}), **{row["sha256"]: row for row in log.rows}}
        certified = CertifiedScenes(unusable=dict(files.problems))
        tasks = _distinct(files, certified, settings.effort)
        for name, why in certified.left_out.items():
            show(f"{name}: left out: {why}")
        with log:
            _measure_missing(tasks, figures, settings, log, show)
        certified.unusable |= {
            task.name: figures[task.sha256]["problem"]
            for task in tasks
            if "problem" in figures[task.sha256]
        }
        proofs = [PROVEN_DEPTH] if settings.effort and settings.effort.prove else []
        columns = [*SCENES.names, *(column.name for column in proofs)]
        certified.rows = _rows(tasks, figures, manifest, settings.splits, columns)
        if not certified.rows:
            name, why = next(iter(certified.unusable.items()))
            raise NamoError(
                f"{manifest}: not written, none of {len(certified.unusable)} files can be used; "
                f"{name}: {why}"
            )
        metadata = {
            CERTIFIED: fingerprint,
            LEFT_OUT: json.dumps(certified.left_out),
            "namo_collect": __version__,
        }
        remove_leftovers(manifest.parent, [manifest.name])
        write_manifest(manifest, certified.rows, metadata, proofs)
    return certified


def require_own(manifest: Path) -> None:
    """Make sure that an existing manifest may be replaced.

    Args:
        manifest: that `certify_scenes` is about to write; it need not exist.

    Raises:
        UsageError: it was not written by `certify_scenes`.
    """
    if not manifest.exists():
        return
    try:
        metadata = metadata_of(manifest)
    except ParquetFileError:
        metadata = {}
    if CERTIFIED.encode() not in metadata:
        raise UsageError(
            f"{manifest}: was not written by `namo scenes certify` or `import`; choose another file"
        )


def _fingerprint(effort: Effort | None) -> str:
    """Return what decides the figures of a scene, as JSON."""
    decisive = effort and asdict(effort)
    if decisive and not decisive["prove"]:
        del decisive["prove"]  # figures without a proof stay those of versions that had none
    content = {
        "effort": decisive,
        "version": CERTIFICATION_VERSION,
        "numerics": numeric_platform(),
    }
    return json.dumps(content, sort_keys=True)


def _distinct(files: SceneFiles, certified: CertifiedScenes, effort: Effort | None) -> list[Task]:
    """Return the files to list, of equal ones the first; others are noted as left out."""
    tasks: dict[str, Task] = {}
    for scene, name in zip(files.listed, files.names, strict=True):
        try:
            sha256 = sha256_of(scene.path)
        except OSError as error:
            certified.unusable[name] = f"cannot be read: {error.strerror}"
            continue
        first = tasks.setdefault(sha256, Task(name, scene.path, sha256, effort))
        if first.name != name:
            certified.duplicates[name] = first.name
    return list(tasks.values())


def _measure_missing(
    tasks: Sequence[Task],
    figures: dict[str, Row],
    settings: CertifySettings,
    log: AppendLog,
    show: Callable[[str], None],
) -> None:
    """Add what is not known yet to the figures and to the log."""
    known = [task for task in tasks if task.sha256 in figures]
    if known:
        show(f"{len(known)} of {len(tasks)} scenes are known from an earlier run")
    for task in known:
        if "problem" in figures[task.sha256]:
            show(f"{task.name}: {_outcome(figures[task.sha256])}")
    missing = [task for task in tasks if task.sha256 not in figures]
    checker = partial(CheckerProcess[Task, Row], measure, load, settings.time_limit_s, "measured")
    for task, result in checked_in_parallel(checker, missing, settings.jobs):
        row = {"problem": str(result)} if isinstance(result, GaveUpError) else result
        is_final = row.pop("is_final", False)
        figures[task.sha256] = row = {**row, "sha256": task.sha256}
        if is_final:
            log.append(row)
        show(f"{task.name}: {_outcome(row)}")


def _outcome(row: Row) -> str:
    if "problem" in row:
        return f"left out: {row['problem']}"
    return str(row.get("difficulty") or counted(row["box_count"], "movable", "movables"))


def _rows(
    tasks: Sequence[Task],
    figures: Mapping[str, Row],
    manifest: Path,
    splits: Mapping[str, float],
    columns: Sequence[str],
) -> list[Row]:
    """Return the rows of the manifest, in the order of the files."""
    usable = [task for task in tasks if "problem" not in figures[task.sha256]]
    split_of = splits_of((figures[task.sha256]["layout_id"] for task in usable), splits)
    folder = manifest.parent.resolve()
    rows = []
    for index, task in enumerate(usable):
        row = figures[task.sha256]
        path = task.path.parent.resolve() / task.path.name
        rows.append(
            {
                **{name: row.get(name) for name in columns},
                "index": index,
                "file": Path(os.path.relpath(path, folder)).as_posix(),
                "split": split_of[row["layout_id"]],
            }
        )
    return rows
