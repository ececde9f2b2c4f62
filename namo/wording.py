"""Wording that every layer shares: counts, numbers, durations, lists and nearest names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: object, allowed: Iterable[str]) -> str:
    """Return the names that exist, after the nearest one where there is one.

    Args:
        name: what was given as a name, which need not be text.
        allowed: the names that exist.

    Returns:
        A clause for the end of a message, after a semicolon: "expected one of: idfs, tree_idfs", or
        "did you mean 'idfs'? (expected one of: idfs, tree_idfs)".
    """
    names = list(allowed)
    near = difflib.get_close_matches(str(name), names, n=1)
    expected = f"expected one of: {', '.join(names)}"
    return f"did you mean '{near[0]}'? ({expected})" if near else expected


def truncated_list(
    items: Iterable[object], limit: int, separator: str = ", ", total: int | None = None
) -> str:
    """Return the first few items as text for a message: "a, b and 3 more".

    Args:
        items: to list.
        limit: how many to list.
        separator: between two of them.
        total: how many there are, if `items` are only the first of them.
    """
    texts = [str(item) for item in items]
    shown = texts[:limit]
    left = (len(texts) if total is None else total) - len(shown)
    return separator.join(shown) + (f" and {left} more" if left else "")


def counted(number: int, one: str, many: str) -> str:
    """Return a count with its noun: "1 push", "2 pushes"."""
    return f"{number} {one if number == 1 else many}"


def number(value: float) -> str:
    """Return a number in its own unit: two decimals below 10, one below 100, none from 100 on."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def duration(seconds: float) -> str:
    """Return a duration as h:mm:ss or m:ss."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def printable(text: str) -> str:
    r"""Return a text with its control characters escaped, so that none reaches a terminal.

    Names of files may hold any character; a terminal obeys some, such as those that start with
    "\x1b". Line ends and tabs are kept; "\x1b" becomes a backslash and "x1b".

    Args:
        text: to print.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one in "\n\t" else one.encode("unicode_escape").decode()
        for one in text
    )
