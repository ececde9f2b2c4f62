"""Plans of NAMOSIM (https://namosim.com): Inkscape SVG with an inline `namo_config`.

One user unit is one centimetre, whatever the units of `width` and `height`. The y axis of SVG
points down and ours up, so plans are mirrored; the centre of the view box becomes the origin.

A shape is a wall or movable by its `type`; without one by that of its group, or as a movable if it
is in a layer called "movables". Invisible elements (hidden, in definitions, inside an element that
is not SVG) are left out and remarked. `namo_config` names the robots (`agent_id`) and their goals
(`goal_id`), drawn by the elements with these ids: a shape, or a group with a shape of type `shape`
and a line of type `orientation`. How agents plan (behaviour, cell size) is not part of a scene.

Walls and movables are what a viewer paints: the fill by its rule, and the stroke with its width,
joins and caps. Robots and goals are their outline, filled or not.

One robot is used. Others are left out rather than made obstacles, since they move.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

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
from namo.scenes.importers.namosim_elements import (
    SOLID_TYPES,
    Agent,
    agents_of,
    draws_agent,
    group_type,
    kind_of,
    own_type,
)
from namo.scenes.importers.namosim_unused import remark_unused
from namo.scenes.importers.settings import ImportSettings
from namo.scenes.importers.svg import (
    SHAPES,
    SvgDocument,
    SvgElement,
    css,
    parse_svg,
)
from namo.scenes.importers.svg_outlines import Painted, area_of, painted_area_of
from namo.scenes.scene import Bounds, Goal, Movable, Robot, Scene, Wall
from namo.wording import did_you_mean, truncated_list

METRES_PER_UNIT = 0.01
TOLERANCE_UNITS = 0.1
"""Outlines are simplified to within this distance (1 mm)."""
BORDER_THICKNESS_M = 0.05
_MAX_PARTS_NAMED = 5
_MARKERS = ("marker", "marker-start", "marker-mid", "marker-end")
_ROUND_FRACTION = 0.95
"""An outline that covers at least this fraction of its enclosing disc counts as round."""


class NamoSim:
    """Robots become the disc around their outline; a movable must be a single polygon.

    If the robot could leave the plan, walls are added around it: NAMOSIM has nothing outside.
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
            plan.remarks.add("border walls added around the plan, as its walls do not enclose it")
        remark_unused(plan.document, plan.agents, plan.remarks)
        return Imported(Scene(tuple(walls), tuple(movables), robot, goal), plan.remarks.lines())


@dataclass
class _Plan:
    """A document, and what has been imported of it so far."""

    document: SvgDocument
    names: Names = field(default_factory=Names)
    remarks: Remarks = field(default_factory=Remarks)

    def __post_init__(self) -> None:
        self.agents = list(agents_of(self.document.root))

    @property
    def bounds(self) -> Bounds:
        """Rectangle of the view box (m)."""
        _, _, width, height = self.document.view_box
        x, y = width * METRES_PER_UNIT / 2, height * METRES_PER_UNIT / 2
        return Bounds(-x, -y, x, y)

    def metres(self, points: Floats) -> Floats:
        """Return points (n, 2) in user units in the world frame (m)."""
        left, top, width, height = self.document.view_box
        centred = points - (left + width / 2, top + height / 2)
        return np.asarray(centred * (METRES_PER_UNIT, -METRES_PER_UNIT))

    def choose(self, settings: ImportSettings) -> tuple[Agent, str]:
        """Return the robot to use and the name of its goal.

        Raises:
            SceneError: there are none, they are not as asked for, or there are no walls.
        """
        missing = []
        if not any(kind_of(element) == "wall" for element in self.document.visible):
            images = [f"'{one.label}'" for one in self.document.visible if one.tag == "image"]
            where = f" (its walls are only in the embedded image {', '.join(images)})"
            invisible = [
                f"'{one.label}' is {one.invisible_reason}"
                for one in self.document.invisible
                if kind_of(one) == "wall"
            ]
            where = where if images else f" ({', '.join(invisible[:5])})" if invisible else ""
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
        """Return the enclosing disc of a robot's outline."""
        outline = self.outline(name, "robot")
        x, y, radius = _disc(outline)
        if outline.area < _ROUND_FRACTION * math.pi * radius**2:
            covered = outline.area / (math.pi * radius**2)
            self.remarks.add(
                f"robot becomes the disc around its outline, which covers {covered:.0%} of it"
            )
        return Robot(x, y, radius=radius)

    def goal(self, name: str) -> Goal:
        """Return the goal at the centroid of its outline."""
        return Goal(*_disc(self.outline(name, "goal")))

    def outline(self, identifier: str, what: str) -> shapely.Polygon:
        """Return the only outline of a robot or goal (m).

        Raises:
            SceneError: it has none or several.
        """
        found = [
            element
            for element in self.document.visible
            if element.tag in SHAPES
            and (
                element.identifier == identifier
                or (element.is_in(identifier) and kind_of(element) == "shape")
            )
        ]
        if len(found) != 1:
            invisible = [one for one in self.document.invisible if one.identifier == identifier]
            why = "".join(
                f"; a {one.tag} of that id is {one.invisible_reason}" for one in invisible[:1]
            )
            raise SceneError(
                f"{what} '{identifier}' is drawn by {len(found)} outlines; one must"
                f"{why or self.group_advice(identifier)}"
            )
        parts, _ = area_of(found[0], TOLERANCE_UNITS)
        if len(parts) != 1:
            raise SceneError(f"{what} '{identifier}' is in {len(parts)} parts; it must be one")
        for element in self.document.visible:
            if kind_of(element) == "orientation" and element.is_in(identifier):
                self.remarks.add(f"{what} orientation is not used")
            elif element is not found[0] and element.is_in(identifier) and not own_type(element):
                self.remarks.add(f"part of the {what} without a type is not used", element.label)
        return shapely.Polygon(self.metres(np.array(parts[0].exterior.coords)))

    def group_advice(self, identifier: str) -> str:
        """Return what to do where a robot or goal is drawn by a group, as part of a message."""
        parts = [
            f"{one.label} (type {kind_of(one) or 'missing'})" if one.identifier else one.label
            for one in self.document.visible
            if one.is_in(identifier)
        ]
        if not parts:
            return ""
        return (
            f"; it is a group of {truncated_list(parts, _MAX_PARTS_NAMED)}: give the one that is "
            'its outline the attribute type="shape"'
        )

    def solids(self, robot_radius: float) -> tuple[list[Wall], list[Movable]]:
        """Return walls and movables, in document order."""
        walls: list[Wall] = []
        movables: list[Movable] = []
        for element in self.document.visible:
            kind = kind_of(element)
            if kind not in SOLID_TYPES or (
                not own_type(element) and draws_agent(element, self.agents)
            ):
                continue
            painted = self.painted(element)
            if not painted.parts:
                self.remarks.add(f"{kind} without fill and stroke left out", element.label)
                continue
            if element.is_cut:
                self.remarks.add("clip path or mask is not used", element.label)
            if not own_type(element) and group_type(element):
                self.remarks.add(f"{kind} by the type of its group", element.label)
            if kind == "wall":
                walls.extend(self.walls(element, painted, robot_radius))
            else:
                movables.append(self.movable(element, painted, robot_radius))
        return walls, movables

    def walls(self, element: SvgElement, painted: Painted, robot_radius: float) -> Iterator[Wall]:
        """Yield the parts of a wall, split at its holes."""
        parts = painted.parts
        if painted.is_repaired:
            self.remarks.add("wall that crosses itself repaired", element.label)
        if any(part.interiors for part in parts):
            self.remarks.add("wall cut along its holes", element.label)
        simple = [piece for part in parts for piece in without_holes(part)]
        if len(simple) > 1 and not any(part.interiors for part in parts):
            self.remarks.add(f"wall of {len(simple)} separate outlines split", element.label)
        for part in simple:
            if part.area > TOLERANCE_UNITS**2:
                corners = self.metres(np.array(part.exterior.coords[:-1]))
                name = self.names.wall(element.label)
                yield flat_wall(name, corners.tolist(), robot_radius)

    def movable(self, element: SvgElement, painted: Painted, robot_radius: float) -> Movable:
        """Return a movable, its holes filled.

        Raises:
            SceneError: it has several parts.
        """
        parts = painted.parts
        if len(parts) != 1:
            raise SceneError(f"movable '{element.label}' is in {len(parts)} parts; it must be one")
        if painted.is_repaired:
            self.remarks.add("movable that crosses itself repaired", element.label)
        if parts[0].interiors:
            self.remarks.add("movable with holes filled", element.label)
        if not own_type(element) and not group_type(element):
            self.remarks.add("movable by its layer, without a type", element.label)
        corners = self.metres(np.array(parts[0].exterior.coords[:-1]))
        return flat_movable(self.names.movable(element.label), corners.tolist(), robot_radius)

    def painted(self, element: SvgElement) -> Painted:
        """Return the simplified area of a wall or movable; see `painted_area_of`.

        Raises:
            SceneError: the element has no outline.
        """
        kind = kind_of(element)
        if element.tag not in SHAPES:
            allowed = ", ".join(sorted(SHAPES))
            raise SceneError(f"{kind} '{element.label}' is a {element.tag}; allowed: {allowed}")
        painted = painted_area_of(element, TOLERANCE_UNITS)
        if painted.is_stroked:
            self.remarks.add(f"{kind} with the width of its stroke", element.label)
        if painted.is_dashed:
            self.remarks.add(f"stroke of a {kind} without the gaps of its dashes", element.label)
        if any(css(element.attributes, name) not in ("", "none") for name in _MARKERS):
            self.remarks.add("markers are not used", element.label)
        return replace(painted, parts=list(shapely.simplify(painted.parts, TOLERANCE_UNITS)))


def _disc(outline: shapely.Polygon) -> tuple[float, float, float]:
    """Return centre and radius of a disc around an outline, centred at its centroid (m)."""
    centre = outline.centroid
    corners = np.array(outline.exterior.coords)
    radius = float(np.hypot(*(corners - (centre.x, centre.y)).T).max())
    return centre.x, centre.y, radius


def _can_leave(robot: Robot, walls: list[Wall], bounds: Bounds) -> bool:
    """Return whether the robot's centre can reach the border of the rectangle."""
    blocked = shapely.union_all([shapely.Polygon(wall.corners()) for wall in walls])
    inside = shapely.box(bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max)
    free = inside.buffer(robot.radius, join_style="mitre") - blocked.buffer(robot.radius)
    start = shapely.Point(robot.x, robot.y)
    regions = shapely.get_parts(free).tolist()
    here = min(regions, key=start.distance, default=inside)
    return not inside.contains(here)
