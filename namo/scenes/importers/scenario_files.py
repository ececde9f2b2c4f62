"""Which scenario file of the MovingAI benchmarks belongs to a map."""

from __future__ import annotations

import re
from pathlib import Path

from namo.wording import counted

_SUFFIX = ".scen"
_MAX_HEAD_CHARACTERS = 4000
"""How much of a file is read to find out which map it is of."""


def find_scenario(map_file: Path) -> Path | str:
    """Return the scenario file of a map, or why there is none.

    Args:
        map_file: NAME.map. NAME.map.scen and NAME.scen in its folder come first, then the first
            file, in natural order of names, whose first scenario names this map. Files whose name
            starts with NAME come before the others.
    """
    folder = map_file.parent
    scenarios = sorted(
        (one for one in folder.iterdir() if one.suffix.lower() == _SUFFIX and one.is_file()),
        key=_natural_order,
    )
    own_names = [f"{map_file.name}{_SUFFIX}".lower(), f"{map_file.stem}{_SUFFIX}".lower()]
    own = [one for one in scenarios if one.name.lower() in own_names]
    if own:
        return min(own, key=lambda one: own_names.index(one.name.lower()))
    akin = [one for one in scenarios if one.name.startswith(map_file.stem)]
    others = [one for one in scenarios if one not in akin]
    for scenario in (*akin, *others):
        if _map_of(scenario) == map_file.name:
            return scenario
    if scenarios:
        return f"{counted(len(scenarios), 'scenario file', 'scenario files')} of other maps"
    return "no scenario"


def first_scenario(text: str) -> tuple[int, str]:
    """Return the first scenario in a file.

    Args:
        text: of the file: a line `version`, and one line per scenario.

    Returns:
        The number of its line, from 1, and the line; line 2 and no text where there is none.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lower().lstrip().startswith("version"):
            return number, line
    return 2, ""


def _map_of(scenario: Path) -> str:
    """Return the name of the map that the first scenario of a file names; empty if none."""
    try:
        with scenario.open(encoding="utf-8-sig", errors="replace") as handle:
            _, line = first_scenario(handle.read(_MAX_HEAD_CHARACTERS))
    except OSError:
        return ""  # one of many files beside the map; the remark counts it among the others
    named = " ".join(line.split()[1:-7])
    return re.split(r"[/\\]", named)[-1]


def _natural_order(path: Path) -> list[tuple[int, str]]:
    """Return a key that sorts numbers in names by their value."""
    pieces = re.split(r"([0-9]+)", path.name)
    return [(int(piece) if piece.isdecimal() else -1, piece) for piece in pieces]
