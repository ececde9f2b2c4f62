"""Files of a model bundle and its checksum, without loading torch."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from namo.errors import ModelError
from namo.files import replacing, sha256_of
from namo.plug_ins import is_target

CONFIG, WEIGHTS = "config.json", "model.safetensors"
LAYOUTS = "layouts.txt"
MODEL_PATHS = ("ml_object_model", "ml_goal_model")
"""Settings that hold the path of a bundle; its checksum identifies it."""


def require_bundle(path: Path) -> None:
    """Check that a folder holds the files of a bundle.

    Raises:
        ModelError: the folder or a file is missing.
    """
    if not path.is_dir():
        raise ModelError(f"{path}: no such folder; a model is a folder with {CONFIG} and {WEIGHTS}")
    for name in (CONFIG, WEIGHTS):
        if not (path / name).is_file():
            raise ModelError(
                f"{path}: has no {name}; a model is a folder with {CONFIG} and {WEIGHTS}"
            )


def bundle_sha256(path: Path) -> str:
    """Return the checksum of a bundle: that of its config, which holds that of the weights.

    Raises:
        ModelError: the folder or a file is missing.
    """
    require_bundle(path)
    return sha256_of(path / CONFIG)


def custom_class(path: Path) -> str | None:
    """Return the class from outside this package that a bundle names, "package.module:Class".

    None where it names none, or has no config that can be read: loading it says what is wrong.

    Args:
        path: folder of the bundle.
    """
    try:
        config = json.loads((path / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    named = config.get("class") if isinstance(config, dict) else None
    return named if isinstance(named, str) and is_target(named) else None


def copy_bundle(source: Path, target: Path) -> None:
    """Copy a bundle; the config is copied last, so a folder without one is incomplete.

    Raises:
        ModelError: the source is not a bundle.
        OSError: the target cannot be written.
    """
    require_bundle(source)
    for name in (LAYOUTS, WEIGHTS, CONFIG):
        with (source / name).open("rb") as content, replacing(target / name) as handle:
            shutil.copyfileobj(content, handle)


def seen_layouts(path: Path) -> frozenset[str]:
    """Return the names of the layouts that a model was trained on or chosen by.

    Raises:
        ModelError: the list of layouts is missing or cannot be read.
    """
    try:
        return frozenset((path / LAYOUTS).read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path / LAYOUTS}: {error}") from None
