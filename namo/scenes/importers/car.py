"""MuJoCo scenes of our convention whose robot is a car: a body `car` with a free joint.

The car becomes a disc: the minimum enclosing circle of its solid geoms in top view, including
wheels. Walls, movables, goal, floor and options are kept, except for attributes of contacts (see
`namo.scenes.importers.contacts`).
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import ClassVar

import mujoco
import numpy as np
import shapely

from namo.errors import SceneError
from namo.geometry import Floats
from namo.portable_math import cos, matrix_product, sin
from namo.scenes.importers.contacts import remark_lost_physics
from namo.scenes.importers.importer import Imported, Remarks
from namo.scenes.importers.settings import ImportSettings
from namo.scenes.mjcf.compiling import compile_model, compile_spec, scan_xml
from namo.scenes.reading import parts_of
from namo.scenes.scene import Robot, Scene

_CAR = "car"
_RIM_POINTS = 64


class Car:
    """Replaces the car by a disc of standard mass and force."""

    SUFFIXES: ClassVar[tuple[str, ...]] = (".xml",)
    SETTINGS: ClassVar[frozenset[str]] = frozenset()

    def recognises(self, path: Path, text: str) -> bool:  # noqa: ARG002 - see `Importer`
        """Return whether it is a MuJoCo file with a body `car`."""
        return "<mujoco" in text and bool(re.search(r'<body\b[^>]*\bname\s*=\s*"car"', text))

    def read(self, path: Path, text: str, settings: ImportSettings) -> Imported:  # noqa: ARG002
        """See `Importer`."""
        source = str(path)
        elements = scan_xml(text, source)
        spec = compile_spec(text, source)
        body = spec.body(_CAR)
        if body is None:
            raise SceneError(f"{source}: no body '{_CAR}'")
        model = compile_model(spec, source)
        robot, joints = _disc(model, source)
        # This also deletes its joints, actuators and sensors.
        spec.delete(body)
        rest = compile_model(spec, source)
        parts = parts_of(rest, elements, source)
        if parts.robot is not None:
            raise SceneError(f"{source}: has a body 'robot' beside '{_CAR}'; a scene has one robot")
        if parts.goal is None:
            raise SceneError(f"{source}: no site 'goal'")
        remarks = Remarks()
        remarks.add("car becomes the disc around it, without heading, of standard mass and force")
        remarks.add(f"its joints ({joints}, one of them free) and drives ({model.nu}) left out")
        remark_lost_physics(rest, remarks)
        scene = Scene(
            parts.walls, parts.movables, robot, parts.goal, parts.floor_friction, parts.options
        )
        return Imported(scene, remarks.lines())


def _disc(model: mujoco.MjModel, source: str) -> tuple[Robot, int]:
    """Return the disc around the car, and the number of its joints."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    car = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, _CAR)
    first = int(model.body_jntadr[car])
    if first < 0 or model.jnt_type[first] != mujoco.mjtJoint.mjJNT_FREE:
        raise SceneError(f"{source}: body '{_CAR}' has no free joint")
    points = [
        _rim(model, data, geom, source)
        for geom in range(model.ngeom)
        if model.body_rootid[model.geom_bodyid[geom]] == car
        and (model.geom_contype[geom] or model.geom_conaffinity[geom])
    ]
    if not points:
        raise SceneError(f"{source}: body '{_CAR}' has no geom that collides")
    circle = shapely.minimum_bounding_circle(shapely.MultiPoint(np.concatenate(points)[:, :2]))
    centre = circle.centroid
    distances = np.hypot(*(np.concatenate(points)[:, :2] - (centre.x, centre.y)).T)
    joints = int(np.sum(model.body_rootid[model.jnt_bodyid] == car))
    return Robot(centre.x, centre.y, radius=float(distances.max())), joints


def _rim(model: mujoco.MjModel, data: mujoco.MjData, geom: int, source: str) -> Floats:
    """Return world points (n, 3) whose enclosing circle in top view encloses the geom."""
    kind = mujoco.mjtGeom(int(model.geom_type[geom]))
    size = model.geom_size[geom]
    angles = np.arange(_RIM_POINTS) * (2 * math.pi / _RIM_POINTS)
    # The polygon is circumscribed about the circle, not inscribed.
    circle = np.stack([cos(angles), sin(angles)], axis=-1) / math.cos(math.pi / _RIM_POINTS)
    if kind == mujoco.mjtGeom.mjGEOM_SPHERE:
        flat = np.zeros((_RIM_POINTS, 3))
        flat[:, :2] = circle * size[0]
        return np.asarray(flat + data.geom_xpos[geom])
    if kind == mujoco.mjtGeom.mjGEOM_BOX:
        signs = np.array(np.meshgrid(*[(-1.0, 1.0)] * 3)).reshape(3, -1).T
        local = signs * size
    elif kind == mujoco.mjtGeom.mjGEOM_CYLINDER:
        local = np.zeros((2, _RIM_POINTS, 3))
        local[..., :2] = circle * size[0]
        local[0, :, 2], local[1, :, 2] = -size[1], size[1]
        local = local.reshape(-1, 3)
    else:
        name = mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_GEOM, geom) or "unnamed"
        allowed = "box, sphere, cylinder"
        shape = kind.name.removeprefix("mjGEOM_").lower()
        raise SceneError(f"{source}: geom '{name}' of the car is a {shape}; allowed: {allowed}")
    rotation = data.geom_xmat[geom].reshape(3, 3)
    return np.asarray(matrix_product(local, rotation.T) + data.geom_xpos[geom])
