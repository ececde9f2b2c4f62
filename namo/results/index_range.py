"""Ranges of environments, as names of folders and files give them."""

from __future__ import annotations

from namo.errors import ResultFileError

MAX_ENVIRONMENTS = 10_000_000
"""Length of the longest list of environments; a greater index is a sign of a damaged file."""
MAX_DIGITS = len(str(MAX_ENVIRONMENTS))
"""Digits of the longest number of an environment, leading zeros aside."""


def require_range(start: str | int, end: str | int, where: str) -> tuple[int, int]:
    """Return the first environment of a range, and one past its last.

    Args:
        start: first environment.
        end: one past the last.
        where: prefix of messages.

    Raises:
        ResultFileError: the range is empty, or beyond all lists of environments.
    """
    if max(len(str(start).lstrip("0")), len(str(end).lstrip("0"))) <= MAX_DIGITS:
        first, stop = int(start), int(end)
        if 0 <= first < stop <= MAX_ENVIRONMENTS:
            return first, stop
    raise ResultFileError(
        f"{where}: is a range of environments from {start!s:.20} to {end!s:.20}; allowed: "
        f"from 0, not empty, to at most {MAX_ENVIRONMENTS}"
    )
