"""The files of a model bundle, and what tells one bundle from another; loads no torch."""

from __future__ import annotations

import shutil
from pathlib import Path

from namo.errors import ModelError
from namo.files import replacing, sha256_of

CONFIG, WEIGHTS = "config.json", "model.safetensors"
LAYOUTS = "layouts.txt"


def require_bundle(path: Path) -> None:
    """Make sure that a folder has the files of a bundle.

    Raises:
        ModelError: names what is missing.
    """
    if not path.is_dir():
        raise ModelError(f"{path}: no such folder; a model is a folder with {CONFIG} and {WEIGHTS}")
    for name in (CONFIG, WEIGHTS):
        if not (path / name).is_file():
            raise ModelError(
                f"{path}: has no {name}; a model is a folder with {CONFIG} and {WEIGHTS}"
            )


def bundle_sha256(path: Path) -> str:
    """Return the hash of a bundle's config, which holds that of its weights.

    Raises:
        ModelError: there is no bundle.
    """
    require_bundle(path)
    return sha256_of(path / CONFIG)


def copy_bundle(source: Path, target: Path) -> None:
    """Copy a bundle; its config comes last, so a folder without one is no bundle.

    Raises:
        ModelError: there is none to copy.
        OSError: it cannot be written.
    """
    require_bundle(source)
    for name in (LAYOUTS, WEIGHTS, CONFIG):
        with (source / name).open("rb") as content, replacing(target / name) as handle:
            shutil.copyfileobj(content, handle)


def trained_layouts(path: Path) -> frozenset[str]:
    """Return the names of the layouts that the model of a bundle was trained on.

    Raises:
        ModelError: the bundle does not say.
    """
    try:
        return frozenset((path / LAYOUTS).read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path / LAYOUTS}: {error}") from None
