"""What an importer of foreign scenes is, and what several of them need.

A flat plan has no heights. Its walls stand four robot radii high (0.6 m for the standard robot);
its movables are no higher than that and no higher than they are wide, so that a push does not tip
them, but never lower than the robot's diameter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.convention import MOVABLE_MARK, WALL_MARKS
from namo.scenes.convex import Point
from namo.scenes.footprint import Footprint, Polygon, Rectangle, footprint_of
from namo.scenes.importers.settings import ImportSettings
from namo.scenes.scene import Bounds, Goal, Movable, Robot, Scene, Solid, Wall
from namo.wording import truncated_list

MAX_BYTES = 50_000_000
STANDARD_RADIUS_M = Robot.radius

_MAX_NAMES = 5

AnySolid = TypeVar("AnySolid", bound=Solid)


@dataclass(frozen=True)
class Imported:
    """What became of a file.

    Attributes:
        scene: without path.
        remarks: what the scene has no place for, and what was added or changed.
    """

    scene: Scene
    remarks: tuple[str, ...]


class Importer(Protocol):
    """Reads the files of one format. Instances keep nothing between files.

    Attributes:
        SUFFIXES: of its files, in lower case, with the dot.
        SETTINGS: names of the `ImportSettings` that it looks at.
    """

    SUFFIXES: ClassVar[tuple[str, ...]]
    SETTINGS: ClassVar[frozenset[str]]

    def recognises(self, path: Path, text: str) -> bool:
        """Return whether a file that ends in one of `SUFFIXES` is of this format."""
        ...

    def read(self, path: Path, text: str, settings: ImportSettings) -> Imported:
        """Return the scene in a file.

        Args:
            path: of the file.
            text: what it holds, see `read_text`.
            settings: what was asked for.

        Raises:
            SceneError: it makes no scene; the message says why and may begin with the path. Whether
                the scene can be used is for `namo.scenes.checking`.
        """
        ...


def read_text(path: Path) -> str:
    """Return the text of a foreign file.

    Raises:
        SceneError: it is over 50 MB, not UTF-8 or cannot be read.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise SceneError(f"{path}: {size / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SceneError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SceneError(f"{path}: not UTF-8 text: {error}") from error


class Remarks:
    """Collects remarks; identical ones are counted, or their names listed."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}

    def add(self, remark: str, name: str = "") -> None:
        """Add a remark, once for each thing it is true of.

        Args:
            remark: without a full stop.
            name: of the thing, where that helps.
        """
        self._names.setdefault(remark, []).append(name)

    def lines(self) -> tuple[str, ...]:
        """Return each remark once, in the order of their first appearance."""
        return tuple(_remark(remark, names) for remark, names in self._names.items())


def _remark(remark: str, names: Sequence[str]) -> str:
    named = [name for name in names if name]
    if named:
        return f"{remark}: {truncated_list(named, _MAX_NAMES)}"
    return f"{remark} ({len(names)})" if len(names) > 1 else remark


class Names:
    """Gives the solids of a scene the names that its files ask for, each once."""

    def __init__(self) -> None:
        # "walls" is the body that carries the box walls.
        self._used = {"floor", "robot", "walls"}

    def wall(self, identifier: str) -> str:
        """Return a name for the wall that the source calls so."""
        # A fixed body called movable would be refused.
        name = _plain(identifier).replace(MOVABLE_MARK, "obstacle")
        return self._unused(name if any(mark in name for mark in WALL_MARKS) else f"wall_{name}")

    def movable(self, identifier: str) -> str:
        """Return a name for the movable that the source calls so."""
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
    """Return a wall of a plan without heights.

    Args:
        name: from `Names.wall`.
        corners: its outline in the world (m).
        robot_radius: m.

    Raises:
        SceneError: the corners make no polygon.
    """
    footprint, pose = _footprint(name, corners)
    return Wall(name, pose, footprint, 2.0 * robot_radius, 2.0 * robot_radius)


def flat_movable(name: str, corners: Iterable[Sequence[float]], robot_radius: float) -> Movable:
    """Return a movable of a plan without heights, of standard mass and friction.

    Args:
        name: from `Names.movable`.
        corners: its outline in the world (m).
        robot_radius: m.

    Raises:
        SceneError: the corners make no polygon.
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
    """Return four walls along the outside of a rectangle, which overlap at its corners.

    Args:
        inside: the rectangle (m).
        thickness: m.
        names: of the scene so far.
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
    """Return the scene with every length multiplied; masses and forces stay."""
    robot, goal = scene.robot, scene.goal
    return replace(
        scene,
        walls=tuple(_scaled_solid(wall, factor) for wall in scene.walls),
        movables=tuple(_scaled_solid(movable, factor) for movable in scene.movables),
        robot=replace(robot, x=robot.x * factor, y=robot.y * factor, radius=robot.radius * factor),
        goal=Goal(goal.x * factor, goal.y * factor, goal.radius * factor),
    )


def _scaled_solid(solid: AnySolid, factor: float) -> AnySolid:
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
