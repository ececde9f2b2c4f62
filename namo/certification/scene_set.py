"""A whole set of scenes: chunks of candidates until the quotas are filled, then the choice."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from namo.certification.candidates import chunk_path, is_done, make_chunk, outcome_of
from namo.certification.selection import select, shortage, tally
from namo.certification.settings import SceneSetSettings
from namo.errors import NamoError


def make_scenes(
    settings: SceneSetSettings, output_dir: Path, jobs: int, show: Callable[[str], None]
) -> str:
    """Make a set of scenes and return its report; chunks that are done are not made again.

    Args:
        settings: of the set.
        output_dir: for scenes, manifest, report and candidates.
        jobs: processes that make chunks side by side.
        show: takes a line for each chunk that was made.

    Raises:
        NamoError: `max_candidates` do not fill the quotas.
    """
    fingerprint = settings.fingerprint()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for number in settings.rounds():
            chunks = settings.chunks_until(number)
            paths = [chunk_path(output_dir, chunk) for chunk in chunks]
            missing = [
                (settings, chunk, output_dir)
                for chunk, path in zip(chunks, paths, strict=True)
                if not is_done(path, fingerprint)
            ]
            for line in pool.map(_make_chunk, missing):
                show(line)
            counted = tally(settings, paths)
            if not counted.missing:
                return select(settings, paths, output_dir)
    raise NamoError(shortage(counted))


def _make_chunk(task: tuple[SceneSetSettings, range, Path]) -> str:
    settings, chunk, output_dir = task
    began = time.monotonic()
    outcomes: Counter[str] = Counter()
    make_chunk(settings, chunk, output_dir, lambda row: outcomes.update([outcome_of(row)]))
    counts = ", ".join(f"{kind} {number}" for kind, number in sorted(outcomes.items()))
    seconds = time.monotonic() - began
    return f"candidates {chunk.start} to {chunk.stop - 1}: {counts}; {seconds:.1f} s"
