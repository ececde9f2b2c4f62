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

from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.files import replacing
from namo.numerics import numerics
from namo.scenes.sources import EnvironmentList
from namo.version import RESULTS_VERSION, SCHEMA_VERSION, __version__

_PACKAGES = ("mujoco", "numpy", "scipy", "opencv-python-headless", "pyarrow", "snakemake", "torch")


def write_run_file(
    output_dir: Path,
    config: CollectionConfig,
    label: str,
    source: EnvironmentList,
    environments: Sequence[Environment],
) -> None:
    """Write `run.json`.

    Args:
        output_dir: folder of the collection.
        config: resolved settings.
        label: of the run.
        source: where the environments come from.
        environments: the range that is collected.
    """
    scenes = hashlib.sha256()
    for environment in environments:
        scenes.update(environment.scene_sha256().encode())
    content = {
        "config": config.as_dict(),
        "label": label,
        "environments": {
            "source": source.source,
            "listed": len(source.paths),
            "start": environments[0].index,
            "end": environments[-1].index + 1,
            "scenes_sha256": scenes.hexdigest(),  # of the scenes' hashes, one after the other
        },
        "models": {},
        "versions": {
            "namo": __version__,
            "results": RESULTS_VERSION,
            "schema": SCHEMA_VERSION,
            "python": platform.python_version(),
            **{name: _version(name) for name in _PACKAGES},
        },
        "numerics": numerics(),
        "git_commit": _git_commit(),
        "host": {
            "name": platform.node(),
            "system": platform.platform(),
            "machine": platform.machine(),
            "gpus": _gpus(),
        },
        "command": sys.argv,
    }
    with replacing(output_dir / "run.json") as handle:
        handle.write((json.dumps(content, indent=2) + "\n").encode())


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    """Return the commit this code is at, marked when there are changes; None outside git."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--abbrev=40", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None


def _gpus() -> list[str]:
    """Return the models of the NVIDIA GPUs the driver lists; needs neither torch nor CUDA."""
    cards: list[str] = []
    for path in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        model = re.search(r"Model:\s*(.+)", path.read_text())
        cards.append(model.group(1).strip() if model else path.parent.name)
    return cards
