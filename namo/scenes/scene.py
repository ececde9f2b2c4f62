"""`Scene`: a floor plan with walls, movables, a robot and its goal, as plain immutable data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from namo.errors import UnknownMovableError
from namo.geometry import Floats, Pose2D
from namo.pictured import Pictured
from namo.scenes.enclosure import enclosed_rectangle
from namo.scenes.footprint import Footprint
from namo.scenes.presets import PHYSICS_PRESETS

Friction = tuple[float, float, float]
"""MuJoCo's coefficients: sliding, a plain factor; torsional (m); rolling (m)."""

FLOOR_FRICTION: Friction = (0.5, 0.005, 0.001)
ROBOT_FRICTION: Friction = (1.0, 0.005, 0.0001)
WALL_FRICTION: Friction = (1.0, 0.005, 0.0001)
MOVABLE_FRICTION: Friction = (0.0, 0.005, 0.001)

GOAL_TOLERANCE_M = 0.15
"""The goal is reached if the robot's centre is within this distance of it."""

UNWALLED_MARGIN_M = 2.0
"""Margin around a scene that walls do not enclose."""

DEFAULT_OPTIONS: Mapping[str, str] = PHYSICS_PRESETS["fast"]
"""Options of generated scenes: more accurate than RK4 with 10 ms, at a third of its cost."""


@dataclass(frozen=True)
class Solid:
    """An upright prism: a footprint with a height.

    Attributes:
        name: unique in its scene.
        pose: of its frame in the world. The origin of the frame is the centroid of the footprint.
        footprint: its outline, in that frame.
        half_z: half its height (m).
        z: height of its centre above the floor (m).
    """

    name: str
    pose: Pose2D
    footprint: Footprint
    half_z: float
    z: float

    def corners(self) -> Floats:
        """Return the corners (n, 2) of the footprint in the world, counter-clockwise (m)."""
        return self.pose.to_world(self.footprint.outline)

    def pieces(self) -> list[Floats]:
        """Return convex outlines (n, 2) in the world that cover the footprint (m)."""
        return [self.pose.to_world(piece) for piece in self.footprint.pieces]


@dataclass(frozen=True)
class Wall(Solid):
    """A solid that never moves."""


@dataclass(frozen=True)
class Movable(Solid):
    """A solid the robot can push.

    Attributes:
        mass: kg.
        friction: MuJoCo uses the larger coefficients of the two bodies in contact.
    """

    mass: float = 0.1
    friction: Friction = MOVABLE_FRICTION


@dataclass(frozen=True)
class Robot:
    """A disc that slides in the plane, driven by one motor along each axis.

    Attributes:
        x: start position, world frame (m).
        y: start position, world frame (m).
        radius: m.
        mass: kg.
        friction: see `Movable`.
        max_force: maximum force of each of its motors (N).
    """

    x: float
    y: float
    radius: float = 0.15
    mass: float = 5.0
    friction: Friction = ROBOT_FRICTION
    max_force: float = 1.0


@dataclass(frozen=True)
class Goal:
    """Where the robot has to get: world x and y (m).

    `radius` (m) is the size of its marker. When it counts as reached is the same in all scenes
    (`GOAL_TOLERANCE_M`) and decided by `namo.world.reachability`.
    """

    x: float
    y: float
    radius: float = 0.25


@dataclass(frozen=True)
class Bounds:
    """An axis-aligned rectangle, world frame (m)."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float


@dataclass(frozen=True)
class Scene(Pictured):
    """One NAMO problem.

    Attributes:
        walls: in file order.
        movables: in file order.
        robot: its start, size and physical parameters.
        goal: of the robot.
        floor_friction: of the floor.
        options: MuJoCo's `<option>` attributes as written ("timestep": "0.01"); flags are
            `flag/NAME`.
        path: of the file it was read from, as given; empty for a scene created in memory.
        sha256: of the bytes of the file; empty for a scene created in memory.
        xml: the text that MuJoCo compiles; not part of comparisons.
        clearance: room that must be left around the robot where it drives (m). Not of the file: a
            collection asks for it, see `namo.scenes.conditions`.
    """

    walls: tuple[Wall, ...]
    movables: tuple[Movable, ...]
    robot: Robot
    goal: Goal
    floor_friction: Friction = FLOOR_FRICTION
    options: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_OPTIONS))
    path: str = field(default="", compare=False)
    sha256: str = field(default="", compare=False)
    xml: str = field(default="", compare=False, repr=False)
    clearance: float = 0.0

    @cached_property
    def room(self) -> Bounds | None:
        """The rectangle that walls enclose; None if they do not enclose one."""
        pieces = [piece for wall in self.walls for piece in wall.pieces()]
        low = np.array([piece.min(axis=0) for piece in pieces]).reshape(-1, 2)
        high = np.array([piece.max(axis=0) for piece in pieces]).reshape(-1, 2)
        rectangle = enclosed_rectangle(low, high)
        return None if rectangle is None else Bounds(*map(float, np.concatenate(rectangle)))

    @cached_property
    def bounds(self) -> Bounds:
        """Bounding rectangle of all footprints, enlarged by 2 m if walls do not enclose it.

        The robot does not leave it.
        """
        points = [
            *(solid.corners() for solid in (*self.walls, *self.movables)),
            np.array([[self.goal.x, self.goal.y], [self.robot.x, self.robot.y]]),
        ]
        margin = UNWALLED_MARGIN_M if self.room is None else 0.0
        low = np.concatenate(points).min(axis=0) - margin
        high = np.concatenate(points).max(axis=0) + margin
        return Bounds(float(low[0]), float(low[1]), float(high[0]), float(high[1]))

    def movable(self, name: str) -> Movable:
        """Return the movable of that name.

        Raises:
            UnknownMovableError: there is none.
        """
        for movable in self.movables:
            if movable.name == name:
                return movable
        raise UnknownMovableError(name, (movable.name for movable in self.movables))
