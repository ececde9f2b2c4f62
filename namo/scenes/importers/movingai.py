"""Grid maps of the MovingAI path finding benchmarks (https://movingai.com/benchmarks/formats.html).

`.map` files: a header `type octile`, `height H`, `width W`, `map`, then H rows of W characters.
Row 0 is at the top. A scenario file in the same folder gives start and goal; its first scenario is
used. It is found by its name, NAME.map.scen or NAME.scen, or else because it is of this map, as
NAME-even-1.scen and NAME-random-1.scen of the multi-agent benchmarks are.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

import numpy as np

from namo.errors import SceneError
from namo.scenes.importers.cells import CellPlan
from namo.scenes.importers.importer import (
    STANDARD_RADIUS_M,
    Imported,
    Names,
    Remarks,
    border_walls,
    read_text,
)
from namo.scenes.importers.placing import Cell, FreeCells, path_ends
from namo.scenes.importers.scenario_files import find_scenario, first_scenario
from namo.scenes.importers.settings import ImportSettings
from namo.scenes.scene import Goal, Robot, Scene

_MAX_HEADER_LINES = 10
_FREE = ".GS"
_BLOCKED = "@OTW"
_COUNT = re.compile(r"\d{1,9}")  # Python refuses to read integers of thousands of digits
_MERGED_TERRAIN = {
    "T": "trees 'T' are walls",
    "W": "water 'W' is walls",
    "S": "swamp 'S' is plain floor",
}


class MovingAI:
    """Blocked cells become walls, merged greedily; there are no movables.

    The robot is the standard one, or narrower if that would not pass a cell. Without a scenario,
    robot and goal are placed far apart in the largest region.
    """

    SUFFIXES: ClassVar[tuple[str, ...]] = (".map",)
    SETTINGS: ClassVar[frozenset[str]] = frozenset({"cell_size_m"})

    def recognises(self, path: Path, text: str) -> bool:  # noqa: ARG002 - see `Importer`
        """Return whether it starts with `type`."""
        return text.lstrip().startswith("type")

    def read(self, path: Path, text: str, settings: ImportSettings) -> Imported:
        """See `Importer`."""
        cells = _cells(text)
        remarks = Remarks()
        free = np.isin(cells, list(_FREE))
        remarks.add(f"blocked cells ({int((~free).sum())}) merged into rectangles")
        for kind, remark in _MERGED_TERRAIN.items():
            if count := int((cells == kind).sum()):
                remarks.add(f"{remark} (cells: {count})")
        start, end = _ends(path, free, remarks)
        plan = CellPlan(free.shape[0], free.shape[1], settings.cell_size_m)
        radius = disc_radius(settings.cell_size_m)
        names = Names()
        walls = plan.walls(~free, names, radius)
        if free[[0, -1]].any() or free[:, [0, -1]].any():
            walls += border_walls(plan.bounds, plan.size / 10, names, radius)
            remarks.add("border walls added, as the rim is open")
        robot = Robot(*plan.centre(start), radius=radius)
        return Imported(Scene(tuple(walls), (), robot, Goal(*plan.centre(end))), remarks.lines())


def disc_radius(cell_size_m: float) -> float:
    """Return the radius of a robot that fits through a corridor of one cell (m)."""
    return min(STANDARD_RADIUS_M, 0.4 * cell_size_m)


def _cells(text: str) -> np.ndarray[tuple[int, int], np.dtype[np.str_]]:
    """Return the characters of the map, (rows, columns)."""
    lines = text.splitlines()
    stripped = [line.strip() for line in lines[:_MAX_HEADER_LINES]]
    first = stripped.index("map") + 1 if "map" in stripped else 0
    pairs = (line.partition(" ") for line in stripped[: max(0, first - 1)] if line)
    header = {key: value.strip() for key, _, value in pairs}
    if set(header) != {"type", "height", "width"} or header["type"] != "octile":
        raise SceneError(f"header {header}; it must be type octile, height, width, map")
    sides = header["height"], header["width"]
    if not all(_COUNT.fullmatch(side) and 0 < int(side) <= 10_000 for side in sides):
        raise SceneError(f"height {sides[0]}, width {sides[1]}; both must be 1 to 10000")
    height, width = map(int, sides)
    rows = [line.strip() for line in lines[first:]]
    while rows and not rows[-1]:
        rows.pop()
    if len(rows) != height or any(len(row) != width for row in rows):
        raise SceneError(f"the map is not {height} rows of {width} characters")
    unknown = sorted(set("".join(rows)) - set(_FREE + _BLOCKED))
    if unknown:
        raise SceneError(f"characters {' '.join(unknown)}; allowed: {' '.join(_FREE + _BLOCKED)}")
    return np.array([list(row) for row in rows])


def _ends(path: Path, free: FreeCells, remarks: Remarks) -> tuple[Cell, Cell]:
    """Return the cells of robot and goal."""
    scenario = find_scenario(path)
    if isinstance(scenario, Path):
        start, end, line = _scenario_ends(scenario, free)
        remarks.add(f"robot and goal from line {line} of {scenario.name}; its other lines not used")
        return start, end
    start, end = path_ends(free, diagonal=False)
    remarks.add(f"robot placed in cell {start[::-1]} and goal in cell {end[::-1]}: {scenario}")
    return start, end


def _scenario_ends(path: Path, free: FreeCells) -> tuple[Cell, Cell, int]:
    """Return start and goal of the first scenario, and the number of its line."""
    number, line = first_scenario(read_text(path))
    # Names of maps may contain blanks, so the numbers are counted from the end.
    numbers = line.split()[-7:-1]
    if len(numbers) != 6 or not all(map(_COUNT.fullmatch, numbers)):
        raise SceneError(
            f"{path.name}: line {number} is not a scenario: bucket, map, width, height, start x "
            "and y, goal x and y, length"
        )
    width, height, start_x, start_y, goal_x, goal_y = map(int, numbers)
    if (height, width) != free.shape:
        raise SceneError(
            f"{path.name}: line {number} is for a map of {width} x {height} cells; "
            f"this has {free.shape[1]} x {free.shape[0]}"
        )
    for what, x, y in (("start", start_x, start_y), ("goal", goal_x, goal_y)):
        if x >= width or y >= height or not free[y, x]:
            raise SceneError(
                f"{path.name}: line {number}: the {what} ({x}, {y}) is not a free cell"
            )
    return (start_y, start_x), (goal_y, goal_x), number
