"""Several remarks of one kind as one text: "'box_*' needs 29 to 41 N to slide"."""

from __future__ import annotations

import re

_PARTS = re.compile(r"('[^']*'|\d+(?:\.\d+)?(?:e[+-]?\d+)?)")
"""Splits a text into words, at odd places names in quotes and numbers."""


class MergedText:
    """Texts that differ only in names and numbers; of any others the first stands for all."""

    def __init__(self) -> None:
        """Start without a text."""
        self._first = ""
        self._words: list[str] = []
        self._least: list[str] = []
        self._greatest: list[str] = []
        self._alike = True

    def add(self, text: str) -> None:
        """Add a text."""
        parts = _PARTS.split(text)
        words, values = parts[::2], parts[1::2]
        if not self._words:
            self._first, self._words = text, words
            self._least = self._greatest = values
        elif words != self._words or [*map(_is_name, values)] != [*map(_is_name, self._least)]:
            self._alike = False
        elif self._alike:
            merged = [*map(_merged, self._least, self._greatest, values)]
            self._least = [least for least, _ in merged]
            self._greatest = [greatest for _, greatest in merged]

    def __str__(self) -> str:
        if not self._alike:
            return f"for instance {self._first}"
        values = [*map(_value, self._least, self._greatest), ""]
        return "".join(map("".join, zip(self._words, values, strict=False)))


def _is_name(value: str) -> bool:
    return value.startswith("'")


def _merged(least: str, greatest: str, value: str) -> tuple[str, str]:
    """Return the least and the greatest of three numbers, or a pattern for all names, twice."""
    if not _is_name(value):
        return min(least, value, key=float), max(greatest, value, key=float)
    if value == least:
        return least, least
    start = _common(least.partition("*")[0], value[:-1])
    end = least.rpartition("*")[2] if "*" in least else least[len(start) :]
    end = _common(end[::-1], value[len(start) :][::-1])[::-1]
    name = f"{start}*{end}"
    return name, name


def _common(one: str, other: str) -> str:
    """Return what two texts start with."""
    pairs = zip(one, other, strict=False)
    length = next((place for place, (a, b) in enumerate(pairs) if a != b), len(other))
    return one[:length]


def _value(least: str, greatest: str) -> str:
    return least if least == greatest else f"{least} to {greatest}"
