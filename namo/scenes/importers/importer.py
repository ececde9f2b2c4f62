"""The protocol of importers of foreign scene formats, and what several of them share.

Plans in 2D have no heights. Their walls become four robot radii high (0.6 m for the standard
robot). Movables become as high as they are wide, so that pushes do not tip them over, but at least
as high as the robot's diameter and at most as high as walls.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.convex import Point
from namo.scenes.footprint import Footprint, Polygon, Rectangle, footprint_of
from namo.scenes.git_lfs import ADVICE, is_pointer
from namo.scenes.importers.settings import ImportSettings
from namo.scenes.mjcf.convention import MOVABLE_MARK, WALL_MARKS
from namo.scenes.scene import Bounds, Goal, Movable, Robot, Scene, Solid, Wall
from namo.wording import truncated_list

MAX_BYTES = 50_000_000
STANDARD_RADIUS_M = Robot.radius

_MAX_NAMES = 5

AnySolid = TypeVar("AnySolid", bound=Solid)


@dataclass(frozen=True)
class Imported:
    """An imported scene.

    Attributes:
        scene: without path.
        remarks: on everything that was dropped, added or changed.
        is_scaled: whether `ImportSettings.scale` has been applied already, because something was
            placed in the scaled plan; otherwise the whole scene is scaled afterwards.
    """

    scene: Scene
    remarks: tuple[str, ...]
    is_scaled: bool = False


class Importer(Protocol):
    """Reads the files of one format. Instances are stateless.

    Attributes:
        SUFFIXES: of its files, in lower case, with the dot.
        SETTINGS: names of the `ImportSettings` that it uses.
    """

    SUFFIXES: ClassVar[tuple[str, ...]]
    SETTINGS: ClassVar[frozenset[str]]

    def recognises(self, path: Path, text: str) -> bool:
        """Return whether a file with one of `SUFFIXES` is of this format."""
        ...

    def read(self, path: Path, text: str, settings: ImportSettings) -> Imported:
        """Return the scene in a file.

        Args:
            path: of the file.
            text: its contents, see `read_text`.
            settings: of the user.

        Raises:
            SceneError: the file cannot be converted; the message may begin with the path. The scene
                itself is validated by `namo.scenes.checking`.
        """
        ...


def read_text(path: Path) -> str:
    """Return the text of a foreign file.

    Raises:
        SceneError: the file is larger than 50 MB, not UTF-8, a Git LFS pointer, or cannot be read.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise SceneError(f"{path}: {size / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SceneError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SceneError(f"{path}: not UTF-8 text: {error}") from error
    if is_pointer(text):
        raise SceneError(f"{path}: {ADVICE}")
    return text


class Remarks:
    """Collects remarks; identical ones are merged, with their count or names."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}

    def add(self, remark: str, name: str = "") -> None:
        """Add a remark, once per element that it applies to.

        Args:
            remark: without a full stop.
            name: of the element, if there is one.
        """
        self._names.setdefault(remark, []).append(name)

    def lines(self) -> tuple[str, ...]:
        """Return each remark once, in order of first occurrence."""
        return tuple(_remark(remark, names) for remark, names in self._names.items())


def _remark(remark: str, names: Sequence[str]) -> str:
    named = [name for name in names if name]
    if named:
        return f"{remark}: {truncated_list(named, _MAX_NAMES)}"
    return f"{remark} ({len(names)})" if len(names) > 1 else remark


class Names:
    """Derives unique names of solids from those in a file."""

    def __init__(self) -> None:
        # "walls" is the body of the box walls.
        self._used = {"floor", "robot", "walls"}

    def wall(self, identifier: str) -> str:
        """Return a name for a wall with this name in the file."""
        # A fixed body with `movable` in its name would be refused.
        name = _plain(identifier).replace(MOVABLE_MARK, "obstacle")
        return self._unused(name if any(mark in name for mark in WALL_MARKS) else f"wall_{name}")

    def movable(self, identifier: str) -> str:
        """Return a name for a movable with this name in the file."""
        name = _plain(identifier)
        return self._unused(name if MOVABLE_MARK in name else f"{name}_{MOVABLE_MARK}")

    def _unused(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self._used:
            number += 1
            name = f"{wanted}_{number}"
        self._used.add(name)
        return name


def _plain(identifier: str) -> str:
    return re.sub(r"[\s/]+", "_", identifier.strip()) or "unnamed"


def flat_wall(name: str, corners: Iterable[Sequence[float]], robot_radius: float) -> Wall:
    """Return a wall of a plan in 2D.

    Args:
        name: from `Names.wall`.
        corners: its outline in the world (m).
        robot_radius: m.

    Raises:
        SceneError: the corners do not form a valid polygon.
    """
    footprint, pose = _footprint(name, corners)
    return Wall(name, pose, footprint, 2.0 * robot_radius, 2.0 * robot_radius)


def flat_movable(name: str, corners: Iterable[Sequence[float]], robot_radius: float) -> Movable:
    """Return a movable of a plan in 2D, of standard mass and friction.

    Args:
        name: from `Names.movable`.
        corners: its outline in the world (m).
        robot_radius: m.

    Raises:
        SceneError: the corners do not form a valid polygon.
    """
    footprint, pose = _footprint(name, corners)
    half_z = min(2.0 * robot_radius, max(robot_radius, footprint.size))
    return Movable(name, pose, footprint, half_z, half_z)


def _footprint(name: str, corners: Iterable[Sequence[float]]) -> tuple[Footprint, Pose2D]:
    try:
        return footprint_of(corners)
    except SceneError as error:
        raise SceneError(f"'{name}': {error}") from None


def border_walls(inside: Bounds, thickness: float, names: Names, robot_radius: float) -> list[Wall]:
    """Return four walls around a rectangle, which overlap at its corners.

    Args:
        inside: the rectangle (m).
        thickness: m.
        names: that are used so far.
        robot_radius: m.
    """
    left, right = inside.x_min - thickness, inside.x_max + thickness
    bottom, top = inside.y_min - thickness, inside.y_max + thickness
    sides = {
        "left": (left, bottom, inside.x_min, top),
        "right": (inside.x_max, bottom, right, top),
        "bottom": (left, bottom, right, inside.y_min),
        "top": (left, inside.y_max, right, top),
    }
    return [
        flat_wall(names.wall(f"border_wall_{side}"), rectangle(*low_high), robot_radius)
        for side, low_high in sides.items()
    ]


def rectangle(x_min: float, y_min: float, x_max: float, y_max: float) -> list[Point]:
    """Return the corners of a rectangle, counter-clockwise (m)."""
    return [(x_min, y_min), (x_max, y_min), (x_max, y_max), (x_min, y_max)]


def scaled(scene: Scene, factor: float) -> Scene:
    """Return the scene with all lengths scaled; masses and forces are unchanged."""
    robot, goal = scene.robot, scene.goal
    return replace(
        scene,
        walls=tuple(scaled_solid(wall, factor) for wall in scene.walls),
        movables=tuple(scaled_solid(movable, factor) for movable in scene.movables),
        robot=scaled_robot(robot, factor),
        goal=scaled_goal(goal, factor),
    )


def scaled_robot(robot: Robot, factor: float) -> Robot:
    """Return a robot with its lengths scaled; its mass and force are unchanged."""
    return replace(robot, x=robot.x * factor, y=robot.y * factor, radius=robot.radius * factor)


def scaled_goal(goal: Goal, factor: float) -> Goal:
    """Return a goal with its lengths scaled."""
    return Goal(goal.x * factor, goal.y * factor, goal.radius * factor)


def scaled_solid(solid: AnySolid, factor: float) -> AnySolid:
    """Return a wall or movable with its lengths scaled; its mass is unchanged."""
    footprint = solid.footprint
    return replace(
        solid,
        pose=solid.pose._replace(x=solid.pose.x * factor, y=solid.pose.y * factor),
        footprint=Rectangle(footprint.half_x * factor, footprint.half_y * factor)
        if isinstance(footprint, Rectangle)
        else Polygon(tuple((x * factor, y * factor) for x, y in footprint.vertices)),
        half_z=solid.half_z * factor,
        z=solid.z * factor,
    )
