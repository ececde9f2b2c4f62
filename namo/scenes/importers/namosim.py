"""Plans of NAMOSIM (https://namosim.com): Inkscape SVG with an inline `namo_config`.

One user unit is one centimetre, whatever unit `width` and `height` carry. The picture's y axis
points down and ours up, so it is mirrored; its centre becomes the origin.

An outline whose `type` is `wall` or `movable` is one; without a type, one in a group with a type is
of that type, and one in a layer called "movables" is movable. What a viewer would not show (hidden,
in definitions, inside an element that SVG does not know) is left out and named. `namo_config` names
the robots (`agent_id`) and their goals (`goal_id`), and elements of these ids draw them: an
outline, or a group with an outline of type `shape` and a line of type `orientation`. How its agents
plan (behaviour, cell size) is no part of a scene.

One robot is used. Others are left out and not kept as obstacles: where they would be moves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree

import numpy as np
import shapely

from namo.errors import SceneError
from namo.geometry import Floats
from namo.scenes.footprint import without_holes
from namo.scenes.importers.importer import (
    Imported,
    Names,
    Remarks,
    border_walls,
    flat_movable,
    flat_wall,
)
from namo.scenes.importers.settings import ImportSettings
from namo.scenes.importers.svg import (
    CONTAINERS,
    DRAWN,
    OTHER_DRAWN,
    Drawn,
    Picture,
    area_of,
    local_name,
    parse_svg,
)
from namo.scenes.scene import Bounds, Goal, Movable, Robot, Scene, Wall
from namo.wording import did_you_mean

METRES_PER_UNIT = 0.01
TOLERANCE_UNITS = 0.1
"""Corners that move an outline by less than a millimetre are left out."""
BORDER_THICKNESS_M = 0.05
_ROUND_SHARE = 0.95
"""An outline that covers this much of the disc around it is as good as round."""
_SOLID = ("wall", "movable")
_GROUP_TYPES = (*_SOLID, "shape", "orientation")


class NamoSim:
    """A robot becomes the disc around its outline; a movable must be one outline.

    Where the robot could drive out of the picture, walls go around it: NAMOSIM has nothing outside.
    """

    SUFFIXES: ClassVar[tuple[str, ...]] = (".svg",)
    SETTINGS: ClassVar[frozenset[str]] = frozenset({"robot", "goal"})

    def recognises(self, path: Path, text: str) -> bool:  # noqa: ARG002 - see `Importer`
        """Return True: no other importer reads SVG."""
        return True

    def read(self, path: Path, text: str, settings: ImportSettings) -> Imported:  # noqa: ARG002
        """See `Importer`."""
        plan = _Plan(parse_svg(text))
        agent, goal_name = plan.choose(settings)
        robot = plan.robot(agent.name)
        goal = plan.goal(goal_name)
        walls, movables = plan.solids(robot.radius)
        bounds = plan.bounds
        if _can_leave(robot, walls, bounds):
            walls += border_walls(bounds, BORDER_THICKNESS_M, plan.names, robot.radius)
            plan.remarks.add("border walls added around the picture, as its walls do not close it")
        plan.remark_rest()
        return Imported(Scene(tuple(walls), tuple(movables), robot, goal), plan.remarks.lines())


@dataclass(frozen=True)
class _Agent:
    """A robot as `namo_config` names it."""

    name: str
    goals: tuple[str, ...]


@dataclass
class _Plan:
    """A picture, and what has been made of it so far."""

    picture: Picture
    names: Names = field(default_factory=Names)
    remarks: Remarks = field(default_factory=Remarks)

    def __post_init__(self) -> None:
        self.agents = list(_agents(self.picture.root))

    @property
    def bounds(self) -> Bounds:
        """The picture's rectangle (m)."""
        _, _, width, height = self.picture.view_box
        x, y = width * METRES_PER_UNIT / 2, height * METRES_PER_UNIT / 2
        return Bounds(-x, -y, x, y)

    def metres(self, points: Floats) -> Floats:
        """Map points (n, 2) of the picture into the world."""
        left, top, width, height = self.picture.view_box
        centred = points - (left + width / 2, top + height / 2)
        return np.asarray(centred * (METRES_PER_UNIT, -METRES_PER_UNIT))

    @property
    def known(self) -> set[str]:
        """The names of all robots and goals."""
        return {name for agent in self.agents for name in (agent.name, *agent.goals)}

    def is_named(self, drawn: Drawn) -> bool:
        """Return whether it is, or is part of, what draws a robot or goal."""
        return any(drawn.identifier == name or drawn.is_in(name) for name in self.known)

    def choose(self, settings: ImportSettings) -> tuple[_Agent, str]:
        """Return the robot to use and the name of its goal.

        Raises:
            SceneError: there are none, or none of the names asked for, or no walls.
        """
        missing = []
        if not any(_kind(drawn) == "wall" for drawn in self.picture.drawn):
            pictures = [f"'{one.label}'" for one in self.picture.drawn if one.tag == "image"]
            where = f" (its walls are only in the embedded picture {', '.join(pictures)})"
            unseen = [
                f"'{one.label}' is {one.unseen}"
                for one in self.picture.unseen
                if _kind(one) == "wall"
            ]
            where = where if pictures else f" ({', '.join(unseen[:5])})" if unseen else ""
            missing.append(f"no outline has type wall{where}")
        if not self.agents:
            missing.append("no robot is named by a namo_config with an agent")
        if missing:
            raise SceneError("; ".join(missing))
        agents = {agent.name: agent for agent in self.agents}
        name = settings.robot or self.agents[0].name
        if name not in agents:
            raise SceneError(f"no robot '{name}'; {did_you_mean(name, agents)}")
        agent = agents[name]
        if not agent.goals:
            raise SceneError(f"robot '{name}' has no goal")
        goal = settings.goal or agent.goals[0]
        if goal not in agent.goals:
            raise SceneError(
                f"robot '{name}' has no goal '{goal}'; {did_you_mean(goal, agent.goals)}"
            )
        for other in self.agents:
            if other != agent:
                self.remarks.add("other robots left out, with their goals", other.name)
        for other_goal in agent.goals:
            if other_goal != goal:
                self.remarks.add("other goals not used", other_goal)
        return agent, goal

    def robot(self, name: str) -> Robot:
        """Return the disc around the outline of a robot."""
        outline = self.outline(name, "robot")
        x, y, radius = _disc(outline)
        if outline.area < _ROUND_SHARE * math.pi * radius**2:
            share = outline.area / (math.pi * radius**2)
            self.remarks.add(
                f"robot becomes the disc around its outline, which covers {share:.0%} of it"
            )
        return Robot(x, y, radius=radius)

    def goal(self, name: str) -> Goal:
        """Return the middle of the outline of a goal."""
        return Goal(*_disc(self.outline(name, "goal")))

    def outline(self, identifier: str, what: str) -> shapely.Polygon:
        """Return the one outline (m) of a robot or goal.

        Raises:
            SceneError: it has none or several.
        """
        found = [
            drawn
            for drawn in self.picture.drawn
            if drawn.tag in DRAWN
            and (
                drawn.identifier == identifier
                or (drawn.is_in(identifier) and _kind(drawn) == "shape")
            )
        ]
        if len(found) != 1:
            unseen = [one for one in self.picture.unseen if one.identifier == identifier]
            why = "".join(f"; a {one.tag} of that id is {one.unseen}" for one in unseen[:1])
            raise SceneError(
                f"{what} '{identifier}' is drawn by {len(found)} outlines; one must{why}"
            )
        parts, _ = area_of(found[0], TOLERANCE_UNITS)
        if len(parts) != 1:
            raise SceneError(f"{what} '{identifier}' is in {len(parts)} parts; it must be one")
        for drawn in self.picture.drawn:
            if _kind(drawn) == "orientation" and drawn.is_in(identifier):
                self.remarks.add(f"{what} orientation is not used")
            elif drawn is not found[0] and drawn.is_in(identifier) and not _own_type(drawn):
                self.remarks.add(f"part of the {what} without a type is not used", drawn.label)
        return shapely.Polygon(self.metres(np.array(parts[0].exterior.coords)))

    def solids(self, robot_radius: float) -> tuple[list[Wall], list[Movable]]:
        """Return what stands in the picture, in document order."""
        walls: list[Wall] = []
        movables: list[Movable] = []
        for drawn in self.picture.drawn:
            kind = _kind(drawn)
            if kind not in _SOLID or (not _own_type(drawn) and self.is_named(drawn)):
                continue
            if drawn.is_cut:
                self.remarks.add("clip path or mask is not used", drawn.label)
            if not _own_type(drawn) and _group_type(drawn):
                self.remarks.add(f"{kind} by the type of its group", drawn.label)
            if kind == "wall":
                walls.extend(self.walls(drawn, robot_radius))
            else:
                movables.append(self.movable(drawn, robot_radius))
        return walls, movables

    def walls(self, drawn: Drawn, robot_radius: float) -> Iterator[Wall]:
        """Yield the parts of a wall, cut along its holes."""
        parts, repaired = self.area(drawn)
        if repaired:
            self.remarks.add("wall that crosses itself repaired", drawn.label)
        if any(part.interiors for part in parts):
            self.remarks.add("wall cut along its holes", drawn.label)
        simple = [piece for part in parts for piece in without_holes(part)]
        if len(simple) > 1 and not any(part.interiors for part in parts):
            self.remarks.add(f"wall of {len(simple)} separate outlines split", drawn.label)
        for part in simple:
            if part.area > TOLERANCE_UNITS**2:
                corners = self.metres(np.array(part.exterior.coords[:-1]))
                name = self.names.wall(drawn.label)
                yield flat_wall(name, corners.tolist(), robot_radius)

    def movable(self, drawn: Drawn, robot_radius: float) -> Movable:
        """Return a movable.

        Raises:
            SceneError: it is in several parts.
        """
        parts, repaired = self.area(drawn)
        if len(parts) != 1:
            raise SceneError(f"movable '{drawn.label}' is in {len(parts)} parts; it must be one")
        if repaired:
            self.remarks.add("movable that crosses itself repaired", drawn.label)
        if parts[0].interiors:
            self.remarks.add("movable with holes filled", drawn.label)
        if not _own_type(drawn) and not _group_type(drawn):
            self.remarks.add("movable by its layer, without a type", drawn.label)
        corners = self.metres(np.array(parts[0].exterior.coords[:-1]))
        return flat_movable(self.names.movable(drawn.label), corners.tolist(), robot_radius)

    def area(self, drawn: Drawn) -> tuple[list[shapely.Polygon], bool]:
        """Return the parts of a wall or movable without needless corners; see `area_of`."""
        if drawn.tag not in DRAWN:
            allowed = ", ".join(sorted(DRAWN))
            raise SceneError(f"{_kind(drawn)} '{drawn.label}' is a {drawn.tag}; allowed: {allowed}")
        parts, repaired = area_of(drawn, TOLERANCE_UNITS)
        return list(shapely.simplify(parts, TOLERANCE_UNITS)), repaired

    def remark_rest(self) -> None:
        """Remark what of the picture has no place in a scene."""
        for drawn in self.picture.drawn:
            kind = _kind(drawn)
            if kind in _SOLID or self.is_named(drawn):
                continue
            if drawn.tag == "image":
                self.remarks.add("embedded picture is not used", drawn.label)
            elif kind in ("shape", "orientation"):
                self.remarks.add(f"{kind} of no robot or goal is not used", drawn.label)
            elif kind:
                self.remarks.add(f"type '{kind}' is not known and not used", drawn.label)
            else:
                self.remarks.add("without a type and not used", drawn.label)
        self._remark_unseen()
        config = self.picture.root.find(".//{*}namo_config")
        if config is not None and (margin := config.get("collision_margin_cm")):
            self.remarks.add(f"collision margin of {margin} cm is not used")
        for parameters in self.picture.root.iterfind(".//{*}agent//{*}parameters"):
            if drive := parameters.get("drive_type"):
                self.remarks.add(f"drive type {drive} is not used")

    def _remark_unseen(self) -> None:
        """Remark what would be used if it were drawn, and everything hidden that draws."""
        for one in self.picture.unseen:
            can_draw = one.tag in DRAWN | OTHER_DRAWN
            is_group = one.tag in CONTAINERS  # what is in it has its type
            named = one.identifier in self.known and (can_draw or is_group)
            solid = _kind(one) in _SOLID and not is_group
            if solid or named or (can_draw and one.unseen == "hidden"):
                self.remarks.add(f"{one.unseen} and left out", one.label)
        for element in self.picture.root.iter():
            if not isinstance(element.tag, str) or local_name(element.tag) not in CONTAINERS:
                continue
            kind = _written_type(element.attrib)
            if kind in _SOLID and not any(
                local_name(str(inner.tag)) in DRAWN for inner in element.iter()
            ):
                label = element.get("id", "") or f"{local_name(element.tag)} without id"
                self.remarks.add(f"group of type {kind} has no outline", label)


def _agents(root: ElementTree.Element) -> Iterator[_Agent]:
    for agent in root.iterfind(".//{*}namo_config/{*}agent"):
        goals = (goal.get("goal_id", "") for goal in agent.iterfind("{*}goal"))
        yield _Agent(agent.get("agent_id", ""), tuple(goals))


def _kind(drawn: Drawn) -> str:
    """Return the `type` of an element; without one that of its group or layer, or nothing."""
    if _own_type(drawn):
        return _own_type(drawn)
    if _group_type(drawn):
        return _group_type(drawn)
    in_layer = any(
        "movables" in value
        for group in drawn.groups
        for name, value in group.items()
        if local_name(name) in ("id", "label")
    )
    return "movable" if in_layer and drawn.tag in DRAWN else ""


def _own_type(drawn: Drawn) -> str:
    return _written_type(drawn.attributes)


def _group_type(drawn: Drawn) -> str:
    """Return the type that the innermost group with one gives an outline, or nothing."""
    types = [kind for group in drawn.groups if (kind := _written_type(group)) in _GROUP_TYPES]
    return types[-1] if types and drawn.tag in DRAWN else ""


def _written_type(attributes: Mapping[str, str]) -> str:
    return attributes.get("type") or attributes.get("{namo}type", "")


def _disc(outline: shapely.Polygon) -> tuple[float, float, float]:
    """Return centroid and radius (m) of the disc around an outline."""
    centre = outline.centroid
    corners = np.array(outline.exterior.coords)
    radius = float(np.hypot(*(corners - (centre.x, centre.y)).T).max())
    return centre.x, centre.y, radius


def _can_leave(robot: Robot, walls: list[Wall], bounds: Bounds) -> bool:
    """Return whether walls let the robot's centre reach the border of the rectangle."""
    blocked = shapely.union_all([shapely.Polygon(wall.corners()) for wall in walls])
    inside = shapely.box(bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max)
    free = inside.buffer(robot.radius, join_style="mitre") - blocked.buffer(robot.radius)
    start = shapely.Point(robot.x, robot.y)
    regions = shapely.get_parts(free).tolist()
    here = min(regions, key=start.distance, default=inside)
    return not inside.contains(here)
