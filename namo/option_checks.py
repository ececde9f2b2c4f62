"""Checks of options and settings that every layer makes before anything is written."""

from __future__ import annotations

import os
from pathlib import Path

from namo.errors import UsageError


def at_least(name: str, value: int, minimum: int) -> None:
    """Make sure an option is not below its minimum.

    Raises:
        UsageError: names the option, the value and what is allowed.
    """
    if value < minimum:
        option = name.replace("_", "-")
        raise UsageError(f"--{option} is {value}; allowed: integers from {minimum} up")


def require_writable(folder: Path, what: str) -> None:
    """Make sure files can be created in a folder; it need not exist yet, and is not created.

    Raises:
        UsageError: the folder, or its nearest parent that exists, is not a folder or not writable.
    """
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        raise UsageError(f"{what} '{folder}': '{existing}' is a file; allowed: a folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise UsageError(f"{what} '{folder}': no permission to write in '{existing}'")
