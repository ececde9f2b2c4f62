"""Fuzz a target, guided by the coverage of `namo`, until the time is over or something is found.

    python -m tests.fuzzing.fuzz TARGET SECONDS [--keep]

Inputs that reach something new are collected in results/fuzzing/TARGET/corpus, where the next run
starts; an input that leads to a finding is left beside that folder. With --keep, a small set that
reaches as much, and what was found, becomes the corpus that is kept in the repository.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzzing.corpora import keep_inputs, kept_inputs, name_of
from tests.fuzzing.oracle import TARGETS, load_target

RESULTS = Path("results/fuzzing")
MAX_BYTES = 60_000
HANG_S = 60
"""On the clock: a large plan takes ten, and other processes may be at work."""
MEMORY_MB = 4000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("seconds", type=int, help="0: fuzz nothing")
    parser.add_argument("--keep", action="store_true", help="renew the corpus in the repository")
    options = parser.parse_args()
    corpus = RESULTS / options.target / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for data in (*load_target(options.target).seeds(), *kept_inputs(options.target)):
        (corpus / name_of(data)).write_bytes(data)
    limits = [f"-timeout={HANG_S}", f"-report_slow_units={HANG_S}"]
    limits += [f"-rss_limit_mb={MEMORY_MB}", f"-max_len={MAX_BYTES}"]
    if options.seconds:
        limits.append(f"-artifact_prefix={corpus.parent}/")
        seconds = f"-max_total_time={options.seconds}"
        code = guided(options.target, corpus, *limits, seconds, "-print_final_stats=1")
        if code:
            return code
    if options.keep:
        keep(options.target, corpus, limits)
    return 0


def guided(target: str, *options: object) -> int:
    """Run `tests.fuzzing.guided`, and return its exit code."""
    with TemporaryDirectory(prefix="namo-fuzzing-") as folder:
        command = [sys.executable, "-m", "tests.fuzzing.guided", target, folder]
        return subprocess.run([*command, *map(str, options)], check=False).returncode


def keep(target: str, corpus: Path, limits: list[str]) -> None:
    """Make a small set of inputs that reaches as much the kept corpus of a target."""
    smallest = corpus.with_name("smallest")
    shutil.rmtree(smallest, ignore_errors=True)
    smallest.mkdir()
    if guided(target, smallest, corpus, "-set_cover_merge=1", *limits):
        raise SystemExit(f"{corpus} could not be merged")
    findings = corpus.parent.glob("*-*")  # as libFuzzer names them: crash-, timeout-, oom-
    inputs = [path.read_bytes() for path in (*smallest.iterdir(), *findings)]
    path = keep_inputs(target, inputs)
    print(f"{path}: {len(inputs)} inputs, {path.stat().st_size} bytes")


if __name__ == "__main__":
    sys.exit(main())
