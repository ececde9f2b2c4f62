"""A compiled scene: what its bodies and geoms are called, and which of them are solid or fixed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import mujoco
import numpy as np

from namo.errors import SceneError
from namo.geometry import Floats, wrap_angle
from namo.scenes.mjcf.convention import ROBOT_RULE, WALL_MARKS
from namo.scenes.mjcf.prisms import Prism

UPRIGHT_TOLERANCE = 1e-3
"""Horizontal component of a unit z axis up to which a frame counts as upright."""

# Plain ints: `enum == numpy.int32` is false in MuJoCo's bindings, whatever the values.
BOX = int(mujoco.mjtGeom.mjGEOM_BOX)
PLANE = int(mujoco.mjtGeom.mjGEOM_PLANE)
MESH = int(mujoco.mjtGeom.mjGEOM_MESH)
SPHERE = int(mujoco.mjtGeom.mjGEOM_SPHERE)
CYLINDER = int(mujoco.mjtGeom.mjGEOM_CYLINDER)


@dataclass(frozen=True)
class SceneModel:
    """A compiled model at its initial configuration, the meshes of its file and its name.

    Attributes:
        source: what messages call the scene.
        model: from `namo.scenes.mjcf.compiling.compile_model`.
        prisms: by mesh name.
    """

    source: str
    model: mujoco.MjModel
    prisms: Mapping[str, Prism]

    @cached_property
    def data(self) -> mujoco.MjData:
        """World poses at the initial configuration."""
        data = mujoco.MjData(self.model)
        mujoco.mj_kinematics(self.model, data)
        return data

    def error(self, message: str) -> SceneError:
        """Return an error that names the scene."""
        return SceneError(f"{self.source}: {message}")

    def name(self, kind: mujoco.mjtObj, index: int) -> str:
        """Return the name of a MuJoCo object; empty if it has none."""
        return mujoco.mj_id2name(self.model, kind, index) or ""

    def geom_label(self, geom: int) -> str:
        """Return what messages call a geom."""
        name = self.name(mujoco.mjtObj.mjOBJ_GEOM, geom)
        if name:
            return f"geom '{name}'"
        return f"an unnamed geom of body '{self.body_name(self.model.geom_bodyid[geom])}'"

    def body_name(self, body: int) -> str:
        """Return the name of a body; empty if it has none."""
        return self.name(mujoco.mjtObj.mjOBJ_BODY, body)

    def carrier(self, geom: int) -> int:
        """Return the moving body that a geom is rigidly attached to; 0 if it is fixed."""
        return int(self.model.body_weldid[self.model.geom_bodyid[geom]])

    def collides(self, geom: int) -> bool:
        """Return whether a geom takes part in collisions."""
        return bool(self.model.geom_contype[geom] or self.model.geom_conaffinity[geom])

    def wall_name(self, geom: int) -> str:
        """Return the name of a fixed geom as a wall; empty if it is not a wall.

        Its own name decides or, for a geom that collides or has no name, also that of its body.
        """
        own = self.name(mujoco.mjtObj.mjOBJ_GEOM, geom)
        body_id = int(self.model.geom_bodyid[geom])
        body = self.body_name(body_id)
        marked = f"{own} {body}" if self.collides(geom) or not own else own
        if any(mark in marked for mark in WALL_MARKS):
            return own or f"{body}_geom_{geom - self.model.body_geomadr[body_id] + 1}"
        return ""

    @cached_property
    def movable_bodies(self) -> list[int]:
        """Bodies with a free joint, in file order."""
        free = self.model.jnt_type == mujoco.mjtJoint.mjJNT_FREE
        return [int(body) for body in self.model.jnt_bodyid[free]]

    @property
    def has_robot(self) -> bool:
        """Whether there is a body `robot`."""
        return bool(mujoco.mj_name2id(self.model, mujoco.mjtObj.mjOBJ_BODY, "robot") >= 0)

    @cached_property
    def robot_body(self) -> int:
        """The body `robot`.

        Raises:
            SceneError: there is none.
        """
        body = mujoco.mj_name2id(self.model, mujoco.mjtObj.mjOBJ_BODY, "robot")
        if body < 0:
            raise self.error(f"no body 'robot'; {ROBOT_RULE}")
        return int(body)

    @cached_property
    def goal_sites(self) -> dict[str, int]:
        """Sites with `goal` in their name, by name."""
        names = [self.name(mujoco.mjtObj.mjOBJ_SITE, site) for site in range(self.model.nsite)]
        return {name: site for site, name in enumerate(names) if "goal" in name}

    def solid_geoms(self, body: int) -> list[int]:
        """Return the colliding geoms that are rigidly attached to a moving body."""
        return [
            geom
            for geom in range(self.model.ngeom)
            if self.carrier(geom) == body and self.collides(geom)
        ]


def is_upright(rotation: Floats) -> bool:
    """Return whether the z axis of a frame points up.

    Args:
        rotation: (9,) rotation matrix, row-major; unit vectors.
    """
    sideways = np.hypot(rotation[2], rotation[5])
    return bool(sideways <= UPRIGHT_TOLERANCE and rotation[8] > 0)


def yaw(rotation: Floats) -> float:
    """Return the yaw of an upright frame (rad).

    Args:
        rotation: (9,) rotation matrix, row-major; unit vectors.
    """
    return wrap_angle(math.atan2(float(rotation[3]), float(rotation[0])))


def type_name(kind: int) -> str:
    """Return the name of a geom type as files write it, such as "box"."""
    name: str = mujoco.mjtGeom(int(kind)).name
    return name.removeprefix("mjGEOM_").lower()
