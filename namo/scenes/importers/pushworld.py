"""Puzzles of PushWorld (https://github.com/google-deepmind/pushworld): rows of tokens, `.pwp`.

A token gives the contents of a cell, several joined by `+`, in upper or lower case: `.` nothing,
`W` wall, `AW` wall for the agent only, `A` agent, `M<name>` part of a movable, `G<name>` part of
the goal of that movable. The puzzle is surrounded by walls.

Goals of PushWorld are for movables, ours is for the robot. It is marked by a token `G` or `AG`
without a name, an extension of the format; without one it is at the first goal of a movable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
import shapely

from namo.errors import SceneError
from namo.scenes.importers.cells import CellMask, CellPlan, nearest_to_middle
from namo.scenes.importers.importer import (
    Imported,
    Names,
    Remarks,
    border_walls,
    flat_movable,
)
from namo.scenes.importers.movingai import disc_radius
from namo.scenes.importers.placing import Cell
from namo.scenes.importers.settings import ImportSettings
from namo.scenes.scene import Goal, Movable, Robot, Scene

CLEARANCE_FRACTION = 1 / 60
"""Fraction of a cell by which a movable shrinks on each side, so that neighbours do not touch."""

_TOKEN = re.compile(r"(\.|w|a|aw|ag|m\w+|g\w*)(\+(\.|w|a|aw|ag|m\w+|g\w*))*", re.IGNORECASE)
_ALLOWED = ". W A AW AG G M<name> G<name>, joined by +"
_ROBOT_GOALS = ("g", "ag")


class PushWorld:
    """Movables become boxes or polygons, the agent a disc in one of its cells."""

    SUFFIXES: ClassVar[tuple[str, ...]] = (".pwp", ".txt")
    SETTINGS: ClassVar[frozenset[str]] = frozenset({"cell_size_m"})

    def recognises(self, path: Path, text: str) -> bool:
        """Return whether its suffix is .pwp or it consists of such tokens, including `A`."""
        tokens = text.lower().split()
        return path.suffix.lower() == ".pwp" or (
            all(map(_TOKEN.fullmatch, tokens)) and any("a" in t.split("+") for t in tokens)
        )

    def read(self, path: Path, text: str, settings: ImportSettings) -> Imported:  # noqa: ARG002
        """See `Importer`."""
        masks = _masks(text)
        if "a" not in masks:
            raise SceneError("no agent: no token A")
        rows, columns = masks["a"].shape
        plan = CellPlan(rows, columns, settings.cell_size_m)
        radius = disc_radius(settings.cell_size_m)
        names, remarks = Names(), Remarks()
        if masks["a"].sum() > 1:
            remarks.add(f"agent of {int(masks['a'].sum())} cells becomes a disc in one of them")
        walls = plan.walls(_wall_cells(masks, remarks), names, radius)
        walls += border_walls(plan.bounds, plan.size, names, radius)
        robot = Robot(*plan.centre(nearest_to_middle(masks["a"])), radius=radius)
        goal = Goal(*plan.centre(_goal_cell(masks, remarks)))
        movables = tuple(
            _movable(name, masks[name], plan, names, radius)
            for name in _sorted(name for name in masks if name.startswith("m"))
        )
        if movables:
            remarks.add("movables shrunk by a clearance on each side")
        return Imported(Scene(tuple(walls), movables, robot, goal), remarks.lines())


def _masks(text: str) -> dict[str, CellMask]:
    """Return the cells of each token, in lower case, as masks (rows, columns)."""
    lines = text.lower().splitlines()
    written = [number for number, line in enumerate(lines, start=1) if line.strip()]
    if not written:
        raise SceneError(f"there is no row of tokens; allowed: {_ALLOWED}")
    first = written[0]  # row of the file; blank ones around the puzzle do not count
    rows = [line.split() for line in lines[first - 1 : written[-1]]]
    for row, tokens in enumerate(rows, start=first):
        if len(tokens) != len(rows[0]):
            raise SceneError(
                f"rows differ in their number of tokens: row {row} has {len(tokens)}, row {first} "
                f"{len(rows[0])}"
            )
    masks: dict[str, CellMask] = {}
    for row, tokens in enumerate(rows):
        for column, token in enumerate(tokens):
            if not _TOKEN.fullmatch(token):
                raise SceneError(
                    f"token '{token}' in row {first + row}, column {column + 1}; allowed: "
                    f"{_ALLOWED}"
                )
            for thing in token.split("+"):
                mask = masks.setdefault(thing, np.zeros((len(rows), len(tokens)), dtype=bool))
                mask[row, column] = True
    return masks


def _wall_cells(masks: dict[str, CellMask], remarks: Remarks) -> CellMask:
    """Return the cells of walls, including those for the agent only unless a movable is there."""
    nothing = np.zeros_like(masks["a"])
    walls, for_agent = masks.get("w", nothing), masks.get("aw", nothing)
    if for_agent.any():
        remarks.add(f"walls for the agent alone stop movables too (cells: {int(for_agent.sum())})")
    taken = np.any([mask for name, mask in masks.items() if name[0] == "m"] or [nothing], axis=0)
    if (for_agent & taken).any():
        count = int((for_agent & taken).sum())
        remarks.add(f"walls for the agent alone left out where a movable stands (cells: {count})")
    return np.asarray(walls | (for_agent & ~taken))


def _goal_cell(masks: dict[str, CellMask], remarks: Remarks) -> Cell:
    goals = _sorted(name for name in masks if name.startswith("g") and name != "g")
    if goals:
        remarks.add("goals of movables are not used", ", ".join(goals).upper())
    own = [name for name in _ROBOT_GOALS if name in masks]
    if own:
        return nearest_to_middle(np.any([masks[name] for name in own], axis=0))
    if not goals:
        raise SceneError("no goal: no token G, AG or G<name>")
    remarks.add(f"the robot's goal is in the middle of {goals[0].upper()}")
    return nearest_to_middle(masks[goals[0]])


def _movable(
    name: str, mask: CellMask, plan: CellPlan, names: Names, robot_radius: float
) -> Movable:
    clearance = CLEARANCE_FRACTION * plan.size
    shape = shapely.buffer(plan.shape(mask), -clearance, join_style="mitre")
    if not isinstance(shape, shapely.Polygon):
        raise SceneError(f"movable {name.upper()} is in several parts; it must be one")
    if shape.interiors:
        raise SceneError(f"movable {name.upper()} has a hole; it must be one simple outline")
    return flat_movable(names.movable(name.upper()), shape.exterior.coords[:-1], robot_radius)


def _sorted(names: Iterable[str]) -> list[str]:
    """Return names in natural order of the numbers in them."""
    return sorted(names, key=lambda name: (len(name), name))
