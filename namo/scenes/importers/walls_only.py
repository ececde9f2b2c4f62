"""MuJoCo scenes of our convention without movables, such as mazes and templates."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import mujoco

from namo.errors import SceneError
from namo.scenes.importers.contacts import remark_lost_physics
from namo.scenes.importers.importer import (
    STANDARD_RADIUS_M,
    Imported,
    Remarks,
    read_text,
    scaled_goal,
    scaled_robot,
    scaled_solid,
)
from namo.scenes.importers.placing import ends_among_walls, has_room, largest_radius
from namo.scenes.importers.settings import ImportSettings
from namo.scenes.mjcf.compiling import compile_model, compile_spec, scan_xml
from namo.scenes.reading import SceneParts, parts_of
from namo.scenes.scene import Goal, Robot, Scene, Wall


class WallsOnly:
    """Keeps walls, robot and goal of a file, and places a missing robot or goal.

    A robot that is placed has the radius asked for, else that of the standard robot. Places are
    found in the scaled plan, far from each other (see `namo.scenes.importers.placing`).
    """

    SUFFIXES: ClassVar[tuple[str, ...]] = (".xml",)
    SETTINGS: ClassVar[frozenset[str]] = frozenset({"robot_radius_m"})

    def recognises(self, path: Path, text: str) -> bool:  # noqa: ARG002 - see `Importer`
        """Return whether it is a MuJoCo file without free joints."""
        return "<mujoco" in text and "<freejoint" not in text and 'type="free"' not in text

    def read(self, path: Path, text: str, settings: ImportSettings) -> Imported:
        """See `Importer`."""
        parts, model = _parts(path, text)
        remarks = Remarks()
        walls = tuple(scaled_solid(wall, settings.scale) for wall in parts.walls)
        robot = scaled_robot(parts.robot, settings.scale) if parts.robot else None
        goal = scaled_goal(parts.goal, settings.scale) if parts.goal else None
        radius = settings.robot_radius_m or (robot.radius if robot else STANDARD_RADIUS_M)
        if robot is not None and radius != robot.radius:
            remarks.add(f"robot of radius {robot.radius:.3g} m becomes one of {radius:.3g} m")
            robot = replace(robot, radius=radius)
        if robot is None or goal is None:
            if robot is None and goal is None:
                _require_room(walls, radius, settings.scale)
            start, end = ends_among_walls(
                walls,
                radius,
                (robot.x, robot.y) if robot else None,
                (goal.x, goal.y) if goal else None,
            )
            for what, known, (x, y) in (("robot", robot, start), ("goal", goal, end)):
                if known is None:
                    remarks.add(f"{what} placed at ({x:.2f}, {y:.2f}) m, as the file has none")
            robot, goal = robot or Robot(*start, radius=radius), goal or Goal(*end)
        remark_lost_physics(model, remarks)
        scene = Scene(walls, (), robot, goal, parts.floor_friction, parts.options)
        return Imported(scene, remarks.lines(), is_scaled=True)


def _require_room(walls: tuple[Wall, ...], radius: float, scale: float) -> None:
    """Make sure that a robot and a goal away from it find a place; otherwise say which size does.

    Args:
        walls: scaled.
        radius: of the robot (m).
        scale: that the walls are scaled by.

    Raises:
        SceneError: there is none.
    """
    if has_room(walls, radius):
        return
    largest = largest_radius(walls, radius)
    if largest is None:
        raise SceneError("no free cell for robot and goal, however small the robot")
    enough = math.ceil(scale * radius / largest * 10) / 10
    raise SceneError(
        f"no free place for a robot of radius {radius:g} m and a goal away from it; the largest "
        f"that fits has {largest:g} m: --robot-radius {largest:g}, or --scale {enough:g} for this "
        "one"
    )


def read_walls(path: Path) -> tuple[Wall, ...]:
    """Return the walls of a file, which may lack robot and goal.

    Args:
        path: a MuJoCo XML file of our convention.

    Raises:
        SceneError: the file cannot be read, does not follow the convention, has no walls or has
            movables.
    """
    return _parts(path, read_text(path))[0].walls


def _parts(path: Path, text: str) -> tuple[SceneParts, mujoco.MjModel]:
    """Return the parts of a walls-only scene, and the model that they are from."""
    elements = scan_xml(text, str(path))
    model = compile_model(compile_spec(text, str(path)), str(path))
    parts = parts_of(model, elements, str(path))
    if parts.movables:
        names = ", ".join(movable.name for movable in parts.movables)
        raise SceneError(f"{path}: has movables: {names}; a walls-only scene has none")
    if not parts.walls:
        raise SceneError(f"{path}: has no wall; a walls-only scene has one or more")
    return parts, model
