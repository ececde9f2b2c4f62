"""Flushing files and folders to disk, so that a power cut does not undo them."""

from __future__ import annotations

import os
from pathlib import Path


def make_folder(path: Path) -> None:
    """Create a folder with its parents; the entry of each new one is on disk when this returns.

    Args:
        path: of the folder, which may exist.

    Raises:
        OSError: it is a file, its parent cannot be written to, and so on.
    """
    new = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in reversed(new):
        sync(folder.parent)


def sync(path: Path) -> None:
    """Flush a file, or the entries of a folder as after a rename in it, to disk.

    Raises:
        OSError: it cannot be read, and so on.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Flush a folder, and all files and folders in it, to disk; links are not followed.

    Args:
        folder: to flush before it is renamed.

    Raises:
        OSError: the disk is full, and so on.
    """
    for each in (*folder.rglob("*"), folder):
        if not each.is_symlink():
            sync(each)
