"""`Scene`: a floor plan with walls, movables, a robot and its goal, as plain immutable data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from namo.errors import UnknownMovableError
from namo.geometry import Floats, Pose2D
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
"""The goal is reached where the robot's centre is this near to it."""

UNWALLED_MARGIN_M = 2.0

DEFAULT_OPTIONS: Mapping[str, str] = PHYSICS_PRESETS["fast"]
"""Of scenes that are made here: nearer to the truth than RK4 with 10 ms, at a third of its cost."""


@dataclass(frozen=True)
class Solid:
    """An upright prism: a footprint with a height.

    Attributes:
        name: unique in its scene.
        pose: of its frame, in the world. The frame's origin is the centre of the footprint.
        footprint: its outline, in that frame.
        half_z: half its height (m).
        z: height of its middle above the floor (m).
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
        friction: where two bodies touch, the larger of each coefficient counts.
    """

    mass: float = 0.1
    friction: Friction = MOVABLE_FRICTION


@dataclass(frozen=True)
class Robot:
    """A disc that slides in the plane, driven by two motors.

    Attributes:
        x: start position, world frame (m).
        y: likewise.
        radius: m.
        mass: kg.
        friction: likewise, see `Movable`.
        max_force: the most its motors push along x and along y (N).
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

    `radius` (m) is how large the file draws it. What counts as reached is the same in all scenes:
    `GOAL_TOLERANCE_M`, decided by `namo.world.reachability`.
    """

    x: float
    y: float
    radius: float = 0.25


@dataclass(frozen=True)
class Bounds:
    """The axis-aligned rectangle in which everything happens, world frame (m)."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float


@dataclass(frozen=True)
class Scene:
    """One NAMO problem.

    Attributes:
        walls: in file order.
        movables: in file order.
        robot: start and body of the robot.
        goal: of the robot.
        floor_friction: of the floor.
        options: MuJoCo's `<option>` attributes as written ("timestep": "0.01"); flags are
            `flag/NAME`.
        path: the file it was read from, as given; empty for a scene made in memory.
        sha256: of the file's bytes, or of the XML that `write_scene` would write.
        xml: the text that MuJoCo compiles for this scene; compared by `sha256` alone.
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

    @cached_property
    def room(self) -> Bounds | None:
        """The rectangle that walls enclose along all four sides; None where they do not."""
        pieces = [piece for wall in self.walls for piece in wall.pieces()]
        low = np.array([piece.min(axis=0) for piece in pieces]).reshape(-1, 2)
        high = np.array([piece.max(axis=0) for piece in pieces]).reshape(-1, 2)
        rectangle = enclosed_rectangle(low, high)
        return None if rectangle is None else Bounds(*map(float, np.concatenate(rectangle)))

    @cached_property
    def bounds(self) -> Bounds:
        """The rectangle around all footprints, and 2 m more where walls do not close it off.

        The robot stays inside: what lies beyond is out of reach.
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
            UnknownMovableError: there is none; the message lists those there are.
        """
        for movable in self.movables:
            if movable.name == name:
                return movable
        raise UnknownMovableError(name, (movable.name for movable in self.movables))
