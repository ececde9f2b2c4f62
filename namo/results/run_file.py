"""`run.json`: what was run, with which versions, on which machine."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow.compute as pc

from namo.errors import ResultFileError, UsageError
from namo.files import replacing, require_inside
from namo.numeric_platform import numeric_platform
from namo.results.json_file import read_json
from namo.results.metadata_types import AskedRecord, PartMetadata, RunFile, RunModel, SubsetRecord
from namo.results.parts import age_of
from namo.results.tables import row_groups
from namo.version import RESULTS_VERSION, SCHEMA_VERSION, __version__

RUN_FILE = "run.json"

_PACKAGES = ("mujoco", "numpy", "scipy", "opencv-python-headless", "pyarrow", "snakemake", "torch")


def write_run_file(
    path: Path,
    name: str,
    source: str,
    listed: int,
    metrics: Path,
    parts: Sequence[PartMetadata],
    asked: AskedRecord | None = None,
    origin: RunFile | None = None,
    subset: SubsetRecord | None = None,
) -> None:
    """Write `run.json`, which covers everything in a collection.

    Args:
        path: the file.
        name: of the collection: that of its folder.
        source: folder or manifest that the environments come from.
        listed: number of environments in it.
        metrics: the metrics table of the collection.
        parts: metadata of its parts, in order of their environments.
        asked: the plan that was merged for; None if there was none.
        origin: run file whose versions, machine and command are kept; None for those of this
            process.
        subset: of which collection this is a subset; None for a collection of its own.
    """
    latest = max(parts, key=age_of)
    scenes = hashlib.sha256()
    for rows in row_groups(metrics, ["scene_sha256", "episode"]):
        first = rows.filter(pc.equal(rows["episode"], 0))
        scenes.update("".join(first["scene_sha256"].to_pylist()).encode())
    models: dict[str, RunModel] = {
        use["kind"]: {
            "path": use["path"],
            "sha256": use["sha256"],
            "parameters": use["parameters"],
            "device": use["device"],
            "platform": use.get("platform", ""),
        }
        for use in latest["models_preloaded"]
    }
    content: RunFile = {
        "name": name,
        "config": latest["config"],
        "label": latest["label"],
        "environments": {
            "source": source,
            "listed": listed,
            "collected": [[part["start"], part["end"]] for part in parts],
            "scenes_sha256": scenes.hexdigest(),  # of the concatenated hashes of the scenes
        },
        "models": models,
        "versions": {
            "namo": __version__,
            "results": RESULTS_VERSION,
            "schema": SCHEMA_VERSION,
            "python": platform.python_version(),
            **{name: _version(name) for name in _PACKAGES},
        },
        "numerics": numeric_platform(),
        "git_commit": _git_commit(),
        "host": {
            "name": platform.node(),
            "system": platform.platform(),
            "machine": platform.machine(),
            "gpus": _gpus(),
        },
        "command": sys.argv,
        "asked": asked,
    }
    if origin is not None:
        content |= {
            "name": origin.get("name", name),
            "versions": {**origin["versions"], "schema": SCHEMA_VERSION},
            "numerics": origin["numerics"],
            "git_commit": origin["git_commit"],
            "host": origin["host"],
            "command": origin["command"],
            "asked": origin.get("asked") if asked is None else asked,
        }
    if subset is not None:
        content |= {"name": name, "subset": subset}
    with replacing(path) as handle:
        handle.write((json.dumps(content, indent=2) + "\n").encode())


def read_run_file(folder: Path) -> RunFile:
    """Return the run file of a collection.

    Raises:
        ResultFileError: it is missing, damaged, or not the run file of a collection.
    """
    path = folder / RUN_FILE
    require_inside(folder, path)
    try:
        return read_json(path, RunFile)
    except FileNotFoundError:
        raise ResultFileError(f"{path}: is missing; is the collection finished?") from None


def subset_in(folder: Path) -> SubsetRecord | None:
    """Return which environments of another collection a folder holds.

    None if it is no subset, or that is not known because its run file is missing or damaged.
    """
    run = _run_file_if_whole(folder)
    return None if run is None else run.get("subset")


def require_no_subset(folder: Path) -> None:
    """Make sure that a folder may be collected into.

    Raises:
        UsageError: it holds a subset of a collection, which would not be one any more.
    """
    subset = subset_in(folder)
    if subset is not None:
        raise UsageError(
            f"{folder}: is a subset of a collection ({subset['choice']}), into which nothing is "
            "collected; choose another folder"
        )


def asked_in(path: Path) -> AskedRecord | None:
    """Return the plan that a run file was merged for; None when it holds none or is damaged.

    Args:
        path: of the run file.
    """
    run = _run_file_if_whole(path.parent)
    return None if run is None else run.get("asked")


def _run_file_if_whole(folder: Path) -> RunFile | None:
    """Return the run file of a collection; None if it is missing or damaged."""
    try:
        return read_run_file(folder)
    except (ResultFileError, OSError):
        return None


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    """Return the commit of this code, with "-dirty" when it has changes; None outside git."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    describe = ["describe", "--always", "--exclude=*", "--abbrev=40", "--dirty"]
    command = ["git", "-C", str(root), *describe]
    try:
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None


def _gpus() -> list[str]:
    """Return the models of the NVIDIA GPUs that the driver lists, without torch or CUDA."""
    cards: list[str] = []
    for path in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        model = re.search(r"Model:\s*(.+)", path.read_text())
        cards.append(model.group(1).strip() if model else path.parent.name)
    return cards
