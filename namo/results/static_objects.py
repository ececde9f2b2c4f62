"""The geometry of a scene's walls, movables and robot, as records of episodes hold it.

The keys `pos_*`, `quat_*` and `size_*` are those that converters of the previous system read. They
tell walls from everything else by `pos_x`, which walls alone have.
"""

from __future__ import annotations

import math

import mujoco
import numpy as np

from namo.geometry import Pose2D
from namo.results.record_types import ObjectInfo
from namo.scenes.footprint import Polygon
from namo.scenes.scene import Solid, Wall
from namo.world.simulation import Simulation

ROBOT = "robot"
"""Name of the robot among the objects."""


def static_object_info(simulation: Simulation) -> dict[str, ObjectInfo]:
    """Return the geometry of every wall, movable and the robot at the scene's start, by name.

    Args:
        simulation: of the scene.
    """
    scene = simulation.scene
    half_x, half_y, half_z = _robot_half_extents(simulation.model)
    robot: ObjectInfo = {
        "size_x": half_x,
        "size_y": half_y,
        "size_z": half_z,
        "movable": False,
        "start_pose": [scene.robot.x, scene.robot.y, 0.0],
    }
    solids = {solid.name: _solid_info(solid) for solid in (*scene.walls, *scene.movables)}
    return {**solids, ROBOT: robot}


def _solid_info(solid: Solid) -> ObjectInfo:
    outline = solid.footprint.outline
    half_x, half_y = (np.ptp(outline, axis=0) / 2).tolist()
    information: ObjectInfo = {
        "size_x": half_x,
        "size_y": half_y,
        "size_z": solid.half_z,
        "movable": not isinstance(solid, Wall),
        "start_pose": list(solid.pose),
    }
    if isinstance(solid.footprint, Polygon):
        information["outline"] = [list(corner) for corner in solid.footprint.vertices]
    if isinstance(solid, Wall):
        x, y = ((outline.min(axis=0) + outline.max(axis=0)) / 2).tolist()
        centre = solid.pose.compose(Pose2D(x, y, 0.0))
        information |= {
            "pos_x": centre.x,
            "pos_y": centre.y,
            "pos_z": solid.z,
            "quat_w": math.cos(centre.theta / 2),
            "quat_x": 0.0,
            "quat_y": 0.0,
            "quat_z": math.sin(centre.theta / 2),
        }
    return information


def _robot_half_extents(model: mujoco.MjModel) -> list[float]:
    """Return half the sizes of the bounding box of the robot's solid geom along x, y, z (m)."""
    body = model.body(ROBOT).id
    (geom,) = (
        geom
        for geom in range(model.ngeom)
        if model.body_weldid[model.geom_bodyid[geom]] == body
        and (model.geom_contype[geom] or model.geom_conaffinity[geom])
    )
    half_extents: list[float] = model.geom_aabb[geom, 3:].tolist()
    return half_extents
