"""The robot's geom: how high it reaches, and whether it meets the walls and movables."""

from __future__ import annotations

import math
from dataclasses import dataclass

from namo.scenes.checking import OVERLAP_TOLERANCE_M
from namo.scenes.mjcf.scene_model import CYLINDER, SPHERE, SceneModel, is_upright
from namo.scenes.scene import Movable, Solid, Wall

MIN_SHARED_HEIGHT_M = 1e-3
"""Height that a cylinder and a solid have in common, at least."""


@dataclass(frozen=True)
class RobotGeom:
    """The sphere or upright cylinder that the robot consists of.

    Attributes:
        scene: that it is in.
        geom: its id.
        x: of its centre (m).
        y: likewise (m).
        z: likewise (m).
        radius: m.
        half_z: half its height (m).
        is_cylinder: whether it is a cylinder.
    """

    scene: SceneModel
    geom: int
    x: float
    y: float
    z: float
    radius: float
    half_z: float
    is_cylinder: bool

    @classmethod
    def of(cls, scene: SceneModel) -> RobotGeom:
        """Return the geom of the body `robot`.

        Raises:
            SceneError: there is no such body, or it is not one sphere or upright cylinder.
        """
        geom = scene.only_geom(
            scene.robot_body, (SPHERE, CYLINDER), "the robot is one sphere or cylinder geom"
        )
        is_cylinder = bool(scene.model.geom_type[geom] == CYLINDER)
        rotation = scene.data.geom_xmat[geom]
        if is_cylinder and not (is_upright(rotation) or is_upright(-rotation)):
            raise scene.error("body 'robot' is a tilted cylinder; its axis must be vertical")
        x, y, z = map(float, scene.data.geom_xpos[geom])
        radius, half_z = map(float, scene.model.geom_size[geom, :2])
        return cls(scene, geom, x, y, z, radius, half_z if is_cylinder else radius, is_cylinder)

    @property
    def bottom(self) -> float:
        """Height of its lowest point above the floor (m)."""
        return self.z - self.half_z

    def require_meeting_wall(self, wall: Wall) -> None:
        """Make sure that a wall stops the robot where its footprint says.

        A sphere may meet a wall above or below its centre, if its radius there is smaller by no
        more than `OVERLAP_TOLERANCE_M`.

        Raises:
            SceneError: it does not.
        """
        off = self._distance(wall)
        meets = off < self.radius and self.radius - math.sqrt(self.radius**2 - off**2) <= (
            OVERLAP_TOLERANCE_M
        )
        if not (self._spans(wall) if self.is_cylinder else meets):
            raise self._misses(wall)

    def require_meeting_movable(self, movable: Movable) -> None:
        """Make sure that the robot pushes a movable horizontally.

        A sphere does where the movable is as high as its centre.

        Raises:
            SceneError: it does not.
        """
        if not (self._spans(movable) if self.is_cylinder else self._distance(movable) == 0.0):
            raise self._misses(movable)

    def _distance(self, solid: Solid) -> float:
        """Return how far the robot's centre is above or below a solid (m)."""
        return max(abs(solid.z - self.z) - solid.half_z, 0.0)

    def _spans(self, solid: Solid) -> bool:
        low = max(self.bottom, solid.z - solid.half_z)
        return min(self.z + self.half_z, solid.z + solid.half_z) - low >= MIN_SHARED_HEIGHT_M

    def _misses(self, solid: Solid) -> Exception:
        at = (
            f"spans z = {self.bottom:.3g} to {self.z + self.half_z:.3g} m"
            if self.is_cylinder
            else f"slides at z = {self.z:.3g} m"
        )
        return self.scene.error(
            f"body 'robot' {at} and misses '{solid.name}', "
            f"z = {solid.z - solid.half_z:.3g} to {solid.z + solid.half_z:.3g} m; "
            "it must meet every wall and movable"
        )
