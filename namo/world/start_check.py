"""Make sure that a simulation starts as its scene says.

Reachability, contact points and drawings are computed from the scene, pushes by MuJoCo. Both must
describe the same solids at the same places, or everything that is collected is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import shapely

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.footprint import Rectangle
from namo.scenes.mjcf.prisms import SINGLE_PRECISION_M
from namo.scenes.mjcf.robot_geom import RobotGeom
from namo.scenes.mjcf.scene_model import SceneModel, SolidGeoms, box_axes, yaw
from namo.scenes.scene import Scene, Solid

TOLERANCE_M = 1e-9
"""Of positions and sizes, and of the corners that a yaw moves."""
ROUNDED_YAW_RAD = 2.1e-6
"""Yaw that MuJoCo takes for zero; scenes from files have yaws that it has rounded."""


def check_solids(scene: Scene, compiled: SceneModel) -> None:
    """Compare walls, movables and robot of a model with those of the scene.

    Args:
        scene: the scene.
        compiled: the model that is simulated, with world poses at its start.

    Raises:
        SceneError: one is missing or differs by more than `TOLERANCE_M`.
    """
    robot = RobotGeom.of(compiled)
    found = robot.x, robot.y, robot.radius
    wanted = scene.robot.x, scene.robot.y, scene.robot.radius
    if not _agree(found, wanted):
        raise compiled.error(f"the robot has x, y, radius {found} m, not {wanted} m")
    _check_each(scene.walls, compiled.wall_solids, compiled)
    _check_each(scene.movables, compiled.movable_solids, compiled)


def check_poses(scene: Scene, poses: Mapping[str, Pose2D]) -> None:
    """Compare the poses that a simulation starts with to those of the scene.

    Args:
        scene: the scene.
        poses: what the simulation says, of the robot and of every movable.

    Raises:
        SceneError: one differs by more than `TOLERANCE_M`.
    """
    source = scene.path or "scene"
    robot, start = poses["robot"][:2], (scene.robot.x, scene.robot.y)
    if not _agree(robot, start):
        raise SceneError(f"{source}: the robot starts at {robot} m, not at {start} m")
    for movable in scene.movables:
        _compare(movable, poses[movable.name], source)


def _check_each(
    solids: tuple[Solid, ...], geoms: tuple[SolidGeoms, ...], compiled: SceneModel
) -> None:
    by_name = {one.name: one for one in geoms}
    names = [solid.name for solid in solids]
    if len(by_name) != len(geoms) or by_name.keys() != set(names):
        odd = sorted(by_name.keys() ^ set(names)) or [one.name for one in geoms]
        raise compiled.error(f"scene and simulation have different solids: {', '.join(odd)}")
    for solid in solids:
        if isinstance(solid.footprint, Rectangle):
            _check_box(solid, solid.footprint, by_name[solid.name], compiled)
        else:
            _check_polygon(solid, by_name[solid.name], compiled)


def _check_box(solid: Solid, footprint: Rectangle, geoms: SolidGeoms, compiled: SceneModel) -> None:
    (geom,) = geoms.geoms
    rotation = compiled.data.geom_xmat[geom]
    if (axes := box_axes(rotation)) is None:
        raise compiled.error(f"'{solid.name}' is tilted in the simulation")
    size = compiled.model.geom_size[geom].tolist()
    found = tuple(size[axis] for axis in axes)
    wanted = (footprint.half_x, footprint.half_y, solid.half_z)
    if not _agree(found, wanted):
        raise compiled.error(f"'{solid.name}' has half extents {found} m, not {wanted} m")
    x, y, z = compiled.data.geom_xpos[geom].tolist()
    if not _agree((z,), (solid.z,)):
        raise compiled.error(f"'{solid.name}' has its centre at z = {z} m, not {solid.z} m")
    _compare(solid, Pose2D(x, y, yaw(rotation, axes[0])), compiled.source)


def _check_polygon(solid: Solid, geoms: SolidGeoms, compiled: SceneModel) -> None:
    """Compare the outline with that of its geoms; MuJoCo has meshes in single precision."""
    rotation = compiled.data.xmat[geoms.body]
    tilt = float(np.hypot(rotation[2], rotation[5]))
    wanted = shapely.Polygon(solid.corners())
    tolerance = SINGLE_PRECISION_M * max(1.0, float(np.abs(wanted.bounds).max()))
    tolerance += tilt * solid.half_z
    outlines = [
        shapely.MultiPoint(compiled.corners(geom)[:, :2]).convex_hull for geom in geoms.geoms
    ]
    # Grown before they are united: pieces that touch may be apart by rounding.
    grown = shapely.union_all(shapely.buffer(outlines, tolerance, join_style="mitre"))
    outside = wanted.buffer(tolerance, join_style="mitre")
    if not grown.covers(wanted) or not all(outside.covers(outline) for outline in outlines):
        found = shapely.union_all(outlines)
        distance = shapely.hausdorff_distance(found.boundary, wanted.boundary)
        raise compiled.error(
            f"'{solid.name}': its outline is up to {distance:.3g} m from where the scene has it"
        )


def _compare(solid: Solid, found: Pose2D, source: str) -> None:
    turn = found.turn(solid.pose)
    reach = float(np.abs(solid.footprint.outline).max())
    rounded = abs(solid.pose.theta) <= ROUNDED_YAW_RAD and turn <= ROUNDED_YAW_RAD
    if not _agree(found[:2], solid.pose[:2]) or (turn * reach > TOLERANCE_M and not rounded):
        raise SceneError(
            f"{source}: '{solid.name}' starts at {tuple(found)}, not at {tuple(solid.pose)} "
            "(m, m, rad)"
        )


def _agree(found: tuple[float, ...], wanted: tuple[float, ...]) -> bool:
    return all(
        abs(one - other) <= TOLERANCE_M * max(1.0, abs(other))
        for one, other in zip(found, wanted, strict=True)
    )
