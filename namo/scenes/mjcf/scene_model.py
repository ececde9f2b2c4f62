"""A compiled scene: what its bodies and geoms are called, and which of them are solid or fixed.

`SceneModel.wall_solids` and `movable_solids` are the one place that says which geoms a wall or a
movable consists of: reading extracts the scene from them, and simulating takes poses from them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import mujoco
import numpy as np
from numpy.typing import NDArray

from namo.errors import SceneError
from namo.geometry import Floats, wrap_angle
from namo.portable_math import matrix_product
from namo.scenes.mjcf.convention import MOVABLE_RULE, ROBOT_RULE, WALL_MARKS

UPRIGHT_TOLERANCE = 1e-3
"""Horizontal component of a unit z axis up to which a frame counts as upright."""

# Plain ints: `enum == numpy.int32` is false in MuJoCo's bindings, whatever the values.
BOX = int(mujoco.mjtGeom.mjGEOM_BOX)
PLANE = int(mujoco.mjtGeom.mjGEOM_PLANE)
MESH = int(mujoco.mjtGeom.mjGEOM_MESH)
SPHERE = int(mujoco.mjtGeom.mjGEOM_SPHERE)
CYLINDER = int(mujoco.mjtGeom.mjGEOM_CYLINDER)


_BOX_AXES = {0: (1, 2, 0), 1: (0, 2, 1), 2: (0, 1, 2)}
"""Axis of a box that is vertical -> its axes along x, y and z of the upright frame."""

_CORNERS = np.array(list(product((-1.0, 1.0), repeat=3)))


@dataclass(frozen=True)
class SolidGeoms:
    """The geoms that collide of one wall or movable.

    Attributes:
        name: of the wall or movable.
        body: whose frame the footprint of a polygon is in.
        geoms: one box, or the pieces of one polygon: boxes and meshes.
    """

    name: str
    body: int
    geoms: tuple[int, ...]


@dataclass(frozen=True)
class SceneModel:
    """A compiled model at its initial configuration, and its name.

    Attributes:
        source: what messages call the scene.
        model: from `namo.scenes.mjcf.compiling.compile_model`.
        data: with world poses at the initial configuration; see `start_data`.
    """

    source: str
    model: mujoco.MjModel
    data: mujoco.MjData

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

    def corners(self, geom: int) -> Floats:
        """Return the vertices of a mesh, or the corners of any other geom's bounding box.

        Returns:
            (n, 3) world positions (m).
        """
        if self.model.geom_type[geom] == MESH:
            mesh = int(self.model.geom_dataid[geom])
            first, count = int(self.model.mesh_vertadr[mesh]), int(self.model.mesh_vertnum[mesh])
            local = self.model.mesh_vert[first : first + count].astype(np.float64)
        else:
            box = self.model.geom_aabb[geom]
            local = box[:3] + box[3:] * _CORNERS
        rotation = self.data.geom_xmat[geom].reshape(3, 3)
        return np.asarray(matrix_product(local, rotation.T) + self.data.geom_xpos[geom])

    def wall_name(self, geom: int) -> str:
        """Return the name of a fixed geom as a wall; empty if it is not one by name.

        Its own name decides or, for a geom that collides or has no name, also that of its body.
        One that does not collide is a decoration whatever its name.
        """
        own = self.name(mujoco.mjtObj.mjOBJ_GEOM, geom)
        body_id = int(self.model.geom_bodyid[geom])
        body = self.body_name(body_id)
        marked = f"{own} {body}" if self.collides(geom) or not own else own
        if any(mark in marked for mark in WALL_MARKS):
            return own or f"{body}_geom_{geom - self.model.body_geomadr[body_id] + 1}"
        return ""

    @cached_property
    def wall_solids(self) -> tuple[SolidGeoms, ...]:
        """The geoms of every wall, in file order."""
        walls, polygons = [], set()
        for geom in range(self.model.ngeom):
            if self.carrier(geom) != 0 or not self.collides(geom):
                continue
            if not (name := self.wall_name(geom)):
                continue
            body = int(self.model.geom_bodyid[geom])
            if self.model.geom_type[geom] == BOX:
                walls.append(SolidGeoms(name, body, (geom,)))
            elif body not in polygons:
                polygons.add(body)
                meshes = filter(self._is_solid_mesh, self._geoms_of(body))
                walls.append(SolidGeoms(self.body_name(body), body, tuple(meshes)))
        return tuple(walls)

    @cached_property
    def movable_solids(self) -> tuple[SolidGeoms, ...]:
        """The geoms of every movable, in file order.

        Raises:
            SceneError: one has none, or others than boxes and meshes.
        """
        movables = []
        for body in self.movable_bodies:
            geoms = self.solid_geoms(body)
            if not geoms or any(self.model.geom_type[geom] not in (BOX, MESH) for geom in geoms):
                raise self._geoms_error(body, MOVABLE_RULE)
            movables.append(SolidGeoms(self.body_name(body), body, tuple(geoms)))
        return tuple(movables)

    @property
    def solid_meshes(self) -> set[str]:
        """Names of the meshes of geoms that collide."""
        geoms = filter(self._is_solid_mesh, range(self.model.ngeom))
        meshes = {int(self.model.geom_dataid[geom]) for geom in geoms}
        return {self.name(mujoco.mjtObj.mjOBJ_MESH, mesh) for mesh in meshes}

    def is_box(self, solid: SolidGeoms) -> bool:
        """Return whether a wall or movable is a box, otherwise a polygon."""
        return len(solid.geoms) == 1 and bool(self.model.geom_type[solid.geoms[0]] == BOX)

    def only_geom(self, body: int, kinds: tuple[int, ...], rule: str) -> int:
        """Return the only colliding geom of a moving body.

        Args:
            body: its id.
            kinds: types that the geom may have.
            rule: what messages say is allowed.

        Raises:
            SceneError: there are others, or it is of another type.
        """
        geoms = self.solid_geoms(body)
        if len(geoms) != 1 or self.model.geom_type[geoms[0]] not in kinds:
            raise self._geoms_error(body, rule)
        return geoms[0]

    def _geoms_error(self, body: int, rule: str) -> SceneError:
        kinds = (type_name(self.model.geom_type[geom]) for geom in self.solid_geoms(body))
        found = ", ".join(kinds) or "none"
        return self.error(f"body '{self.body_name(body)}' has solid geoms: {found}; {rule}")

    def _is_solid_mesh(self, geom: int) -> bool:
        return bool(self.model.geom_type[geom] == MESH) and self.collides(geom)

    def _geoms_of(self, body: int) -> range:
        first = int(self.model.body_geomadr[body])
        return range(first, first + int(self.model.body_geomnum[body]))

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

    def dofs(self, body: int) -> NDArray[np.intp]:
        """Return the degrees of freedom (n,) of a body's own joints; a free joint slides first."""
        first = int(self.model.body_dofadr[body])
        return np.arange(first, first + int(self.model.body_dofnum[body]))

    def solid_geoms(self, body: int) -> list[int]:
        """Return the colliding geoms that are rigidly attached to a moving body."""
        return list(self._solid_geoms_by_carrier.get(body, ()))

    @cached_property
    def _solid_geoms_by_carrier(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for geom in filter(self.collides, range(self.model.ngeom)):
            found.setdefault(self.carrier(geom), []).append(geom)
        return found


def start_data(model: mujoco.MjModel) -> mujoco.MjData:
    """Return data with world poses at the initial configuration."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    return data


def box_axes(rotation: Floats) -> tuple[int, int, int] | None:
    """Return which axes of a box are x, y and z of its upright frame; None if it is tilted.

    A box that lies on its side is as upright as any other: its axes are permuted.

    Args:
        rotation: (9,) rotation matrix of the box, row-major; unit vectors.
    """
    up = int(np.argmax(np.abs(rotation[6:])))
    sideways = np.hypot(rotation[up], rotation[3 + up])
    return _BOX_AXES[up] if sideways <= UPRIGHT_TOLERANCE else None


def is_upright(rotation: Floats) -> bool:
    """Return whether the z axis of a frame points up.

    Args:
        rotation: (9,) rotation matrix, row-major; unit vectors.
    """
    sideways = np.hypot(rotation[2], rotation[5])
    return bool(sideways <= UPRIGHT_TOLERANCE and rotation[8] > 0)


def yaw(rotation: Floats, forward: int = 0) -> float:
    """Return the yaw of an upright frame (rad).

    Args:
        rotation: (9,) rotation matrix, row-major; unit vectors.
        forward: which of its axes is x of the upright frame; see `box_axes`.
    """
    return wrap_angle(math.atan2(float(rotation[3 + forward]), float(rotation[forward])))


def type_name(kind: int) -> str:
    """Return the name of a geom type as files write it, such as "box"."""
    name: str = mujoco.mjtGeom(int(kind)).name
    return name.removeprefix("mjGEOM_").lower()
