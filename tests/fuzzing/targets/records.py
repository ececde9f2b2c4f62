"""The readers of the records and JSON files of a collection.

The first line of an input is the name of a file; what follows is its content, of a record without
the checksum, which is added, as is that of a part's marker.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from namo.collection.journal import JOURNAL, progress_in, running_in
from namo.commands.main import main
from namo.errors import ResultFileError
from namo.files import read_sealed, write_sealed
from namo.results.parts import MARKER, REPLACED, Part, write_marker
from namo.results.plain_pickle import PROTOCOL, load_plain
from namo.results.records import read_environment, read_typed
from namo.results.retries import FAILURES, read_failures
from namo.results.run_file import RUN_FILE, read_run_file
from namo.results.run_lock import PLAN, read_plan
from namo.results.summary_types import Summary
from tests.conftest import room_file
from tests.faults.mutations import bent
from tests.faults.pickle_mutations import mutated_pickle
from tests.fuzzing.plain_values import mutated_value
from tests.fuzzing.targets.scenes import NO_FILE

ERRORS = (ResultFileError,)
ENVIRONMENT, SUMMARY = "environment.pkl", "summary.pkl"
ENVIRONMENTS = 4

READERS: Mapping[str, Callable[[Path], object]] = {
    ENVIRONMENT: lambda folder: read_environment(folder / ENVIRONMENT),
    SUMMARY: lambda folder: read_typed(folder / SUMMARY, Summary),
    MARKER: lambda folder: Part(folder, 0, ENVIRONMENTS).metadata(),
    REPLACED: lambda folder: Part(folder, 0, ENVIRONMENTS).replaced(),
    FAILURES: read_failures,
    RUN_FILE: read_run_file,
    PLAN: read_plan,
    JOURNAL: lambda folder: (running_in(folder), progress_in(folder)),
}


def seeds() -> list[bytes]:
    """The files of a small collection, and those that only exist while one is collected."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scenes").mkdir()
        for number, text in enumerate((*map(_text, (0, 8, 1)), "<mujoco/>")):
            (folder / "scenes" / f"{number}.xml").write_text(text)
        options = ["--xml-dir", folder / "scenes", "--output-dir", folder / "out"]
        options += ["--start-idx", 0, "--end-idx", -1, "--max-pushes", 3, "--hostname", "host"]
        main(["collect", *map(str, options)])
        out = folder / "out"
        records = [
            _input(ENVIRONMENT, read_sealed(path)) for path in sorted(out.glob("*_env_*.pkl"))
        ]
        (summary,) = out.glob("collection_summary_*.pkl")
        (marker,) = out.rglob(MARKER)
        return [
            *records,
            _input(SUMMARY, read_sealed(summary)),
            _input(MARKER, marker.read_bytes()),
            _input(RUN_FILE, (out / RUN_FILE).read_bytes()),
            *(_input(PLAN, path.read_bytes()) for path in out.rglob(PLAN)),
        ]


def read(data: bytes, folder: Path) -> None:
    head, _, content = data.partition(b"\n")
    name = head.decode("ascii", "replace")
    if name not in READERS:
        raise ResultFileError(f"{folder}: '{name}' is not the name of a file to read")
    path = folder / name
    if path.suffix == ".pkl":
        write_sealed(path, content)
    else:
        path.write_bytes(content)
    if name == MARKER:
        _seal_marker(path)
    READERS[name](folder)


def mutated(data: bytes, rng: Random) -> bytes:
    head, _, content = data.partition(b"\n")
    if head.endswith(b".pkl"):
        return head + b"\n" + _mutated_record(content, rng)
    if rng.random() < 0.1:
        head = rng.choice([*READERS]).encode()
    try:
        value = mutated_value(json.loads(content), rng)
        return head + b"\n" + json.dumps(value).encode()
    except (ValueError, RecursionError, TypeError):
        return head + b"\n" + bent(content, rng)


def _text(room: int) -> str:
    return room_file(room).read_text(encoding="utf-8")


def _input(name: str, content: bytes) -> bytes:
    return name.encode() + b"\n" + content


def _seal_marker(path: Path) -> None:
    """Correct the checksum of a marker that has one."""
    try:
        marker = json.loads(path.read_bytes())
        if isinstance(marker, dict) and marker.pop("checksum", None) is not None:
            write_marker(path, marker)
    except (ValueError, RecursionError):
        return  # no marker, which is for the reader to say


def _mutated_record(content: bytes, rng: Random) -> bytes:
    try:
        record = load_plain(content)
        if isinstance(record, dict) and rng.random() < 0.3:
            return mutated_pickle(record, rng, NO_FILE)
        return pickle.dumps(mutated_value(record, rng), protocol=PROTOCOL)
    except (ResultFileError, RecursionError, TypeError, MemoryError):
        return bent(content, rng)
