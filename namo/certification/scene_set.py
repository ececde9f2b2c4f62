"""Make a set of scenes: certify chunks of candidates until the quotas are filled, then select."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from namo.certification.candidates import chunk_path, is_done, make_chunk, outcome_of
from namo.certification.selection import Selection, read_candidates, select, shortage
from namo.certification.settings import SceneSetSettings
from namo.certification.worker import end_with_parent
from namo.errors import NamoError, UsageError
from namo.scenes.generator.generation import Generator
from namo.scenes.manifest import MANIFEST, SETTINGS
from namo.scenes.parquet_files import ParquetFileError, metadata_of
from namo.signals import end_at_once_on_signals


def make_scenes(
    settings: SceneSetSettings, output_dir: Path, jobs: int, show: Callable[[str], None]
) -> str:
    """Make a set of scenes and return its report; finished chunks are kept.

    Args:
        settings: of the set.
        output_dir: for scenes, manifest, report and candidates.
        jobs: processes that work on chunks in parallel.
        show: called with a line of text for each chunk.

    Raises:
        UsageError: the settings are invalid for a family, or the folder holds a set that this
            command has not made; nothing is written then.
        NamoError: `max_candidates` candidates do not fill the quotas, or a process died.
    """
    Generator(settings)  # refuses inconsistent settings before anything is written
    _refuse_foreign_set(output_dir / MANIFEST)
    fingerprint = settings.fingerprint()
    selection = Selection(settings)
    chunks: list[range] = []
    with ProcessPoolExecutor(jobs, get_context("spawn"), _start_worker) as pool:
        for end in settings.quota_checks():
            added = settings.chunks(end)[len(chunks) :]
            chunks += added
            paths = [chunk_path(output_dir, chunk) for chunk in added]
            missing = [
                (settings, chunk, output_dir)
                for chunk, path in zip(added, paths, strict=True)
                if not is_done(path, fingerprint)
            ]
            try:
                for line in pool.map(_make_chunk, missing):
                    show(line)
            except BrokenProcessPool as error:
                raise NamoError(
                    "a worker process died (killed, or out of memory); finished candidates are "
                    "kept: rerun the same command to resume"
                ) from error
            for row in read_candidates(paths, texts=False):
                if selection.missing:
                    selection.consider(row)
            if not selection.missing:
                return select(settings, [chunk_path(output_dir, one) for one in chunks], output_dir)
    raise NamoError(shortage(selection))


def _refuse_foreign_set(manifest: Path) -> None:
    """Make sure that an existing manifest was written by the generator."""
    if not manifest.exists():
        return
    try:
        metadata = metadata_of(manifest)
    except ParquetFileError as error:
        raise UsageError(f"{manifest}: {error}; choose another folder") from error
    if SETTINGS.encode() not in metadata:
        raise UsageError(f"{manifest}: was not made by the generator; choose another folder")


def _start_worker() -> None:
    """Make this worker exit with its parent, and on a signal."""
    end_at_once_on_signals()
    end_with_parent()


def _make_chunk(task: tuple[SceneSetSettings, range, Path]) -> str:
    settings, chunk, output_dir = task
    began = time.monotonic()
    outcomes: Counter[str] = Counter()
    make_chunk(settings, chunk, output_dir, lambda row: outcomes.update([outcome_of(row)]))
    counts = ", ".join(f"{kind} {number}" for kind, number in sorted(outcomes.items()))
    seconds = time.monotonic() - began
    return f"candidates {chunk.start} to {chunk.stop - 1}: {counts}; {seconds:.1f} s"
