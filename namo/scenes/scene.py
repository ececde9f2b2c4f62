"""`Scene`: one room with walls, movable boxes, a robot and its goal, as plain immutable data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Pose2D, rectangle_corners
from namo.scenes.enclosure import enclosed_rectangle

HalfExtents = tuple[float, float, float]
Friction = tuple[float, float, float]

FLOOR_FRICTION: Friction = (0.5, 0.005, 0.001)
ROBOT_FRICTION: Friction = (1.0, 0.005, 0.0001)
WALL_FRICTION: Friction = (1.0, 0.005, 0.0001)
MOVABLE_FRICTION: Friction = (0.0, 0.005, 0.001)

UNWALLED_MARGIN_M = 2.0

DEFAULT_OPTIONS: Mapping[str, str] = {"cone": "elliptic", "integrator": "RK4", "timestep": "0.01"}


@dataclass(frozen=True)
class Box:
    """An upright box.

    Attributes:
        name: unique in its scene.
        pose: of its centre, in the world.
        half_extents: half sizes along its own x, y and z (m).
        z: height of its centre above the floor (m).
    """

    name: str
    pose: Pose2D
    half_extents: HalfExtents
    z: float

    @property
    def half_xy(self) -> tuple[float, float]:
        """Half extents of the footprint (m)."""
        return self.half_extents[:2]

    def corners(self) -> NDArray[np.float64]:
        """Return the corners (4, 2) of the footprint in the world (m)."""
        return self.pose.to_world(rectangle_corners(*self.half_xy))


@dataclass(frozen=True)
class Wall(Box):
    """A box that never moves."""


@dataclass(frozen=True)
class Movable(Box):
    """A box the robot can push.

    Attributes:
        mass: kg.
        friction: sliding, torsional and rolling coefficients; a pair takes the larger of its two.
    """

    mass: float = 0.1
    friction: Friction = MOVABLE_FRICTION


@dataclass(frozen=True)
class Robot:
    """A disc that slides in the plane, driven by two motors.

    Attributes:
        x: start position (m).
        y: start position (m).
        radius: m.
        mass: kg.
        friction: as for `Movable`.
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
    """Where the robot has to get (m).

    `radius` is how large the file draws it; what counts as reached is decided by
    `namo.world.reachability`, the one definition for everything.
    """

    x: float
    y: float
    radius: float = 0.25


@dataclass(frozen=True)
class Bounds:
    """The axis-aligned rectangle in which everything happens (m)."""

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
        floor_friction: sliding, torsional and rolling coefficients of the floor.
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
        corners = np.array([wall.corners() for wall in self.walls]).reshape(-1, 4, 2)
        rectangle = enclosed_rectangle(corners.min(axis=1), corners.max(axis=1))
        return None if rectangle is None else Bounds(*map(float, np.concatenate(rectangle)))

    @cached_property
    def bounds(self) -> Bounds:
        """The rectangle around all footprints, and 2 m more where walls do not close it off.

        The robot stays inside: what lies beyond is out of reach.
        """
        points = [
            *(box.corners() for box in (*self.walls, *self.movables)),
            np.array([[self.goal.x, self.goal.y], [self.robot.x, self.robot.y]]),
        ]
        margin = UNWALLED_MARGIN_M if self.room is None else 0.0
        low = np.concatenate(points).min(axis=0) - margin
        high = np.concatenate(points).max(axis=0) + margin
        return Bounds(float(low[0]), float(low[1]), float(high[0]), float(high[1]))

    def movable(self, name: str) -> Movable:
        """Return the movable of that name.

        Raises:
            KeyError: there is none; the message lists those there are.
        """
        for movable in self.movables:
            if movable.name == name:
                return movable
        raise KeyError(f"no movable '{name}'; there are: {[m.name for m in self.movables]}")
