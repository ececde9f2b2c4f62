"""Checks of options and settings that every layer makes before anything is written."""

from __future__ import annotations

import os
import re
from pathlib import Path

from namo.errors import UsageError

MAX_INTEGER = 2**31 - 1
"""Largest value of a whole number that has no limit of its own."""
MAX_SEED = 2**63 - 1
MAX_THREADS = 1024
"""Of one process, and of processes of one command."""
MAX_REAL = 1e9
"""Largest value of a real number that has no limit of its own, in its unit."""

# A component that starts with the name of a variable; elsewhere a `$` is part of a name.
_VARIABLE = re.compile(r"(?<![^/])\$(?:\{(\w+)\}|([A-Za-z_]\w*))")
_PATTERNS = "{}<>"
"""Characters of names that Snakemake reads as patterns."""


def at_least(name: str, value: int, minimum: int, maximum: int = MAX_INTEGER) -> None:
    """Make sure an option is within its range.

    Raises:
        UsageError: names the option, the value and what is allowed.
    """
    option = name.replace("_", "-")
    if value < minimum:
        raise UsageError(f"--{option} is {value}; allowed: integers from {minimum} up")
    if value > maximum:
        raise UsageError(f"--{option} is {value}; allowed: integers from {minimum} to {maximum}")


def expanded_path(text: str, what: str) -> str:
    """Return a path of a setting or option with `~` and variables of the environment expanded.

    Every path that a user gives passes here before anything is written. `~` and `~USER` are
    expanded at its start, `$NAME` and `${NAME}` at the start of each of its components.

    Args:
        text: as given.
        what: what messages call it.

    Raises:
        UsageError: it is empty, holds a NUL, or names a user or a variable that does not exist; a
            file of that very name is taken as it is.
    """
    if not text or "\0" in text:
        raise UsageError(f"{what} is {text!r}; allowed: a path, which is not empty and has no NUL")

    is_there = os.path.lexists(text)

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name in os.environ:
            return os.environ[name]
        if is_there:
            return match[0]
        raise UsageError(
            f"{what} is '{text}'; the variable {name} is not set: write the path itself"
        )

    expanded = _VARIABLE.sub(value, text)
    if text.startswith("~"):
        try:
            return str(Path(expanded).expanduser())
        except RuntimeError:
            if not is_there:
                raise UsageError(
                    f"{what} is '{text}'; there is no such home folder: write its path, or "
                    f"'./{text}' for a folder of that name"
                ) from None
    return expanded


def option_with(option: str, value: object, *, is_path: bool) -> list[str]:
    """Return the arguments that set an option, so that the value is read as it is.

    Args:
        option: name, with its dashes.
        value: True for an option without a value.
        is_path: whether it is an expanded path, so that it is not expanded again.
    """
    if value is True:
        return [option]
    text = str(value)
    if is_path and text[:1] in ("~", "-"):
        text = f"./{text}"
    # What starts with a dash would be read as another option.
    return [f"{option}={text}"] if text.startswith("-") else [option, text]


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


def odd_characters(path: str) -> list[str]:
    """Return the characters of a path that Snakemake or a terminal takes for more than a name."""
    return [one for one in _PATTERNS if one in path] + [
        repr(one) for one in path if not one.isprintable()
    ]


def require_plain_name(path: str, what: str) -> None:
    """Make sure that Snakemake takes the path of a file or folder for what it is.

    Raises:
        UsageError: it holds a character with a meaning of its own, or starts with a dash.
    """
    if odd := odd_characters(path):
        raise UsageError(
            f"{what} is {path!r}; a path of the pipeline must not hold {' '.join(odd)}: Snakemake "
            "reads it as a pattern, or a terminal as a command; choose another name"
        )
    if path.startswith("-"):
        raise UsageError(
            f"{what} is '{path}'; a path that starts with '-' looks like an option: write the "
            "whole path, from '/'"
        )
