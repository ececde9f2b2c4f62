"""Write scenes as MuJoCo XML files in the convention of `namo.scenes.mjcf.convention`.

Numbers are written so that they are read back exactly, except the yaw of a solid: files have it in
degrees and MuJoCo stores rotations as quaternions, so it is read back within 1e-12 rad. A yaw
within 2e-6 rad of zero is read back as zero, since MuJoCo simulates it as zero.
"""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from namo.errors import SceneError
from namo.files import replacing
from namo.scenes.checking import check_scene
from namo.scenes.footprint import Polygon, Rectangle
from namo.scenes.mjcf.convention import MOVABLE_MARK
from namo.scenes.mjcf.prisms import Prism
from namo.scenes.physics import add_options
from namo.scenes.reading import parse_scene
from namo.scenes.scene import Movable, Robot, Scene, Solid

# A yaw this close to a round number of degrees is written as that number, so that the text of a
# scene does not change when it is read and written again.
_ROUND_YAW_RAD = 1e-14

_WALL_RGBA = "0.8 0.8 0.8 1"
_MOVABLE_RGBA = "1 1 0 1"
_ROBOT_RGBA = "0.2 0.4 0.9 1"
_GOAL_RGBA = "0 1 0 0.5"


def write_scene(scene: Scene, path: Path) -> Scene:
    """Write a scene atomically, and return it as `read_scene` reads it from the file.

    Args:
        scene: to write; its `path`, `sha256` and `xml` are ignored.
        path: of the file; its folder is created if needed.

    Raises:
        SceneError: the scene is invalid (see `check_scene`) or cannot be expressed; nothing is
            written.
        OSError: the file cannot be written.
    """
    data = scene_xml(scene).encode()
    written = parse_scene(data, str(path))
    with replacing(path) as file:
        file.write(data)
    return written


def scene_xml(scene: Scene) -> str:
    """Return the MuJoCo XML of a scene.

    Raises:
        SceneError: the scene is invalid (see `check_scene`), the name of a movable lacks `movable`,
            or the name of an option is invalid.
    """
    check_scene(scene)
    root = ElementTree.Element("mujoco", model="namo_scene")
    add_options(root, scene.options, scene.path or "scene")
    assets = ElementTree.Element("asset")
    world = ElementTree.SubElement(root, "worldbody")
    ElementTree.SubElement(world, "light", directional="true", pos="0 0 1.5", dir="0 0 -1")
    ElementTree.SubElement(
        world,
        "geom",
        name="floor",
        type="plane",
        size="0 0 0.05",
        condim="4",
        friction=_numbers(*scene.floor_friction),
    )
    walls = ElementTree.SubElement(world, "body", name="walls")
    for wall in scene.walls:
        if isinstance(wall.footprint, Rectangle):
            walls.append(_box_geom(wall, wall.footprint, _WALL_RGBA))
        else:
            world.append(_prism_body(assets, wall, wall.footprint, _WALL_RGBA))
    _add_robot(root, world, scene.robot)
    for movable in scene.movables:
        world.append(_movable_body(assets, movable, scene.path or "scene"))
    if len(assets):
        root.insert(list(root).index(world), assets)
    ElementTree.SubElement(
        world,
        "site",
        name="goal",
        type="sphere",
        pos=_numbers(scene.goal.x, scene.goal.y, 0.0),
        size=_numbers(scene.goal.radius),
        rgba=_GOAL_RGBA,
    )
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_robot(root: ElementTree.Element, world: ElementTree.Element, robot: Robot) -> None:
    body = ElementTree.SubElement(world, "body", name="robot")
    actuators = ElementTree.SubElement(root, "actuator")
    for axis, direction in (("x", "1 0 0"), ("y", "0 1 0")):
        ElementTree.SubElement(body, "joint", name=f"joint_{axis}", type="slide", axis=direction)
        ElementTree.SubElement(
            actuators,
            "motor",
            name=f"actuator_{axis}",
            joint=f"joint_{axis}",
            gear="1",
            ctrllimited="true",
            ctrlrange=_numbers(-robot.max_force, robot.max_force),
        )
    ElementTree.SubElement(
        body,
        "geom",
        name="robot",
        type="sphere",
        pos=_numbers(robot.x, robot.y, robot.radius),
        size=_numbers(robot.radius),
        mass=_numbers(robot.mass),
        condim="4",
        friction=_numbers(*robot.friction),
        rgba=_ROBOT_RGBA,
    )


def _movable_body(
    assets: ElementTree.Element, movable: Movable, source: str
) -> ElementTree.Element:
    if MOVABLE_MARK not in movable.name:
        raise SceneError(
            f"{source}: movable '{movable.name}' cannot be written; its name must contain "
            f"'{MOVABLE_MARK}', such as 'obstacle_1_movable'"
        )
    if isinstance(movable.footprint, Rectangle):
        body = ElementTree.Element("body", name=movable.name)
        geom = _box_geom(movable, movable.footprint, _MOVABLE_RGBA)
        geom.set("mass", _numbers(movable.mass))
        body.append(geom)
    else:
        body = _prism_body(assets, movable, movable.footprint, _MOVABLE_RGBA)
        body.insert(0, _inertial(movable, movable.footprint))
    for geom in body.iter("geom"):
        geom.set("friction", _numbers(*movable.friction))
    ElementTree.SubElement(body, "joint", type="free")
    return body


def _box_geom(solid: Solid, rectangle: Rectangle, rgba: str) -> ElementTree.Element:
    geom = ElementTree.Element("geom", name=solid.name, type="box", condim="4", rgba=rgba)
    geom.set("size", _numbers(rectangle.half_x, rectangle.half_y, solid.half_z))
    _set_pose(geom, solid)
    return geom


def _prism_body(
    assets: ElementTree.Element, solid: Solid, polygon: Polygon, rgba: str
) -> ElementTree.Element:
    """Return the body of a polygon, and add the meshes of its convex pieces to the assets."""
    body = ElementTree.Element("body", name=solid.name)
    _set_pose(body, solid)
    for number, piece in enumerate(polygon.pieces, start=1):
        mesh = f"{solid.name}_{number}"
        corners = tuple((x, y) for x, y in piece.tolist())
        vertices = Prism(corners, -solid.half_z, solid.half_z).vertices()
        ElementTree.SubElement(assets, "mesh", name=mesh, vertex=_numbers(*vertices))
        ElementTree.SubElement(body, "geom", type="mesh", mesh=mesh, condim="4", rgba=rgba)
    return body


def _inertial(movable: Movable, polygon: Polygon) -> ElementTree.Element:
    """Return mass and inertia of a prism, from the second moments of area about its centroid."""
    x, y = polygon.outline.T
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    cross = x * next_y - next_x * y
    over_area = movable.mass / (12.0 * polygon.area)
    xx = float((cross * (x * x + x * next_x + next_x * next_x)).sum()) * over_area
    yy = float((cross * (y * y + y * next_y + next_y * next_y)).sum()) * over_area
    mixed = 2.0 * (x * y + next_x * next_y) + x * next_y + next_x * y
    xy = float((cross * mixed).sum()) / 2 * over_area
    zz = movable.mass * movable.half_z**2 / 3.0
    return ElementTree.Element(
        "inertial",
        pos="0 0 0",
        mass=_numbers(movable.mass),
        fullinertia=_numbers(yy + zz, xx + zz, xx + yy, -xy, 0.0, 0.0),
    )


def _set_pose(element: ElementTree.Element, solid: Solid) -> None:
    element.set("pos", _numbers(solid.pose.x, solid.pose.y, solid.z))
    if solid.pose.theta != 0.0:
        element.set("euler", f"0 0 {_degrees(solid.pose.theta)!r}")


def _degrees(theta_rad: float) -> float:
    exact = math.degrees(theta_rad)
    rounded = round(exact, 9)
    return rounded if abs(math.radians(rounded) - theta_rad) <= _ROUND_YAW_RAD else exact


def _numbers(*values: float) -> str:
    """Return numbers as text that is read back exactly."""
    return " ".join(repr(float(value)) for value in values)
