"""Wording that every layer shares: counts, numbers, durations, lists and nearest names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """Return what may stand in place of `name`, nearest first.

    Args:
        name: the name that was not found.
        allowed: the names that exist.

    Returns:
        A clause for the end of a message, such as "did you mean 'idfs'? Allowed: idfs, tree_idfs".
    """
    names = list(allowed)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"{hint}Allowed: {', '.join(names)}"


def truncated_list(items: Iterable[object], limit: int, separator: str = ", ") -> str:
    """Return the first few items as text for a message: "a, b and 3 more".

    Args:
        items: to list.
        limit: how many to list.
        separator: between two of them.
    """
    texts = [str(item) for item in items]
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return separator.join(texts[:limit]) + more


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
