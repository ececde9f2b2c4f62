"""A process in which Atheris fuzzes a target or merges corpora; `tests.fuzzing.fuzz` starts it.

    python -m tests.fuzzing.guided TARGET FOLDER CORPUS [folder or option of libFuzzer ...]

FOLDER is for the files that are read, and empty. libFuzzer ends the process without clean-up.
"""

from __future__ import annotations

import logging
import os
import resource
import shlex
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random

import atheris

import namo
from tests.fuzzing.oracle import FindingError, Target, load_target, outcome

MEMORY_BYTES = 4 << 30
"""Beyond what the process needs when all is imported."""
STARTS = frozenset(
    {"os.exec", "os.fork", "os.posix_spawn", "os.system", "socket.connect", "subprocess.Popen"}
)
"""What no reader does, unless what it reads makes it."""
BLIND_FRACTION = 0.3
"""Fraction of mutations by libFuzzer itself, which knows bytes alone."""


def fuzz(name: str, folder: Path, options: list[str]) -> None:
    """Fuzz until the options say so or something is found; does not return."""
    quieten()
    with atheris.instrument_imports(include=["namo"], exclude=kernels()):
        target = load_target(name)
        for corpus in (Path(option) for option in options if not option.startswith("-")):
            for path in sorted(corpus.iterdir()):
                outcome(target, path.read_bytes(), folder)  # imports what readers import
    limit_memory()

    started: list[str] = []
    sys.addaudithook(lambda event, _: started.append(event) if event in STARTS else None)

    def test(data: bytes) -> None:
        outcome(target, data, folder)
        if started:
            raise FindingError(f"a reader has started something: {started}")

    # libFuzzer runs the first argument in a shell, in order to merge.
    command = shlex.join([sys.executable, "-m", "tests.fuzzing.guided", name, str(folder)])
    atheris.Setup([command, *options], test, custom_mutator=mutator(target))
    atheris.Fuzz()


def kernels() -> list[str]:
    """Modules that Numba compiles from bytecode, which must be as it was."""
    package = Path(namo.__file__).parent
    return [
        ".".join(path.relative_to(package.parent).with_suffix("").parts)
        for path in package.rglob("*.py")
        if "@compiled" in path.read_text(encoding="utf-8")
    ]


def mutator(target: Target) -> Callable[[bytes, int, int], bytes]:
    def mutated(data: bytes, max_bytes: int, seed: int) -> bytes:
        rng = Random(seed)
        if rng.random() < BLIND_FRACTION:
            return bytes(atheris.Mutate(data, max_bytes))
        return target.mutated(data, rng)[:max_bytes]

    return mutated


def quieten() -> None:
    """Write no warnings of the readers, and do not wait for the disk."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    os.fsync = lambda _: None


def limit_memory() -> None:
    """Make what takes gigabytes fail."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    fuzz(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
