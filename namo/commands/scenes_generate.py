"""Draw scenes, measure how hard each is, and keep what the quotas ask for.

The settings come from a YAML file (`--config`, the mapping `scenes` in it) or are the defaults; the
options here override them. Running the same command again goes on where it stopped.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import yaml

from namo.certification.settings import SceneSetSettings
from namo.errors import NamoError, UsageError
from namo.scenes.layouts.registry import LAYOUT_FAMILIES

HELP = "make new scenes of known difficulty"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--output", type=Path, required=True, help="folder for scenes and manifest")
    parser.add_argument("--config", type=Path, help="YAML file with a mapping 'scenes'")
    parser.add_argument("--count", type=int, help="how many scenes, of any class")
    parser.add_argument("--seed", type=int, help="of all random numbers")
    parser.add_argument(
        "--family",
        action="append",
        choices=LAYOUT_FAMILIES.names(),
        help="draw only this layout family; may be repeated",
    )
    parser.add_argument("--templates", help="folder of walls-only scenes, for family template")
    parser.add_argument(
        "--no-certify", action="store_true", help="do not measure difficulty: fast, no quotas"
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes")


def run(options: argparse.Namespace) -> int:
    """Make the set; see `namo.commands.main`."""
    # What is above needs no MuJoCo; what is below does.
    from namo.certification.candidates import chunk_path
    from namo.certification.selection import select, shortage, tally

    settings = _settings(options)
    if options.jobs < 1:
        raise UsageError(f"--jobs {options.jobs}: at least 1")
    context = get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        for number in settings.rounds():
            chunks = settings.chunks_until(number)
            _make(pool, settings, chunks, options.output)
            paths = [chunk_path(options.output, chunk) for chunk in chunks]
            counted = tally(settings, paths)
            if not counted.missing:
                print(select(settings, paths, options.output), end="")
                return 0
    raise NamoError(shortage(counted))


def _settings(options: argparse.Namespace) -> SceneSetSettings:
    given: dict[str, Any] = {}
    source = "options"
    if options.config is not None:
        source = str(options.config)
        given |= scenes_mapping(options.config)
    for name in ("count", "seed", "templates"):
        if getattr(options, name) is not None:
            given[name] = getattr(options, name)
    if options.count is not None:
        given["quotas"] = None
    if options.family:
        given["families"] = dict.fromkeys(options.family, 1.0)
    if options.no_certify:
        given |= {"certify": False, "quotas": None}
    return SceneSetSettings.from_mapping(given, source)


def scenes_mapping(path: Path) -> dict[str, Any]:
    """Return the mapping `scenes` of a YAML file.

    Raises:
        UsageError: the file cannot be read or holds no such mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"--config {path}: {error}") from error
    scenes = content.get("scenes") if isinstance(content, dict) else None
    if not isinstance(scenes, dict):
        raise UsageError(f"--config {path}: holds no mapping 'scenes'")
    return {name: value for name, value in scenes.items() if name != "output_dir"}


def _make(
    pool: ProcessPoolExecutor, settings: SceneSetSettings, chunks: Iterable[range], output: Path
) -> None:
    """Make the chunks that are not there yet, and say what each brought."""
    from namo.certification.candidates import chunk_path, is_done

    fingerprint = settings.fingerprint()
    missing = [chunk for chunk in chunks if not is_done(chunk_path(output, chunk), fingerprint)]
    made = pool.map(_make_one, [(settings, chunk, output) for chunk in missing])
    for line in made:
        print(line, flush=True)


def _make_one(task: tuple[SceneSetSettings, range, Path]) -> str:
    from namo.certification.candidates import make_chunk, outcome_of

    settings, chunk, output = task
    began = time.monotonic()
    kinds: Counter[str] = Counter()
    make_chunk(settings, chunk, output, lambda row: kinds.update([outcome_of(row)]))
    counts = ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))
    seconds = time.monotonic() - began
    return f"candidates {chunk.start} to {chunk.stop - 1}: {counts}; {seconds:.1f} s"
