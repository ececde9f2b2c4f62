"""Extract walls, movables, robot and goal from a compiled scene of the convention."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.portable_math import matrix_product
from namo.scenes.footprint import Footprint, Rectangle, centred
from namo.scenes.mjcf.convention import MOVABLE_RULE, WALL_RULE
from namo.scenes.mjcf.motors import slide_joints_max_force
from namo.scenes.mjcf.pieces import footprint_of_body
from namo.scenes.mjcf.prisms import Prism
from namo.scenes.mjcf.robot_geom import RobotGeom
from namo.scenes.mjcf.scene_model import (
    PLANE,
    UPRIGHT_TOLERANCE,
    SceneModel,
    SolidGeoms,
    box_axes,
    is_upright,
    yaw,
)
from namo.scenes.scene import Friction, Goal, Movable, Robot, Wall

_Shape = tuple[Pose2D, Footprint, float, float]
"""Pose, footprint, half height and z of the centre (m)."""


@dataclass(frozen=True)
class Extractor(SceneModel):
    """A compiled scene whose parts are read one by one, each only if it follows the convention.

    Attributes:
        prisms: the meshes of its solid geoms, by mesh name.
    """

    prisms: Mapping[str, Prism]

    def floor_friction(self) -> Friction:
        """Return the friction coefficients of the floor.

        Raises:
            SceneError: there is not exactly one level plane at z = 0.
        """
        planes = [
            geom
            for geom in range(self.model.ngeom)
            if self.model.geom_type[geom] == PLANE and self.collides(geom)
        ]
        if len(planes) != 1:
            labels = ", ".join(map(self.geom_label, planes)) or "none"
            raise self.error(f"has {len(planes)} planes ({labels}); the floor is exactly one")
        (floor,) = planes
        upright = is_upright(self.data.geom_xmat[floor])
        if not upright or abs(self.data.geom_xpos[floor, 2]) > UPRIGHT_TOLERANCE:
            raise self.error(f"{self.geom_label(floor)}: the floor must be level and at z = 0")
        return _floats(self.model.geom_friction[floor])

    @cached_property
    def walls(self) -> tuple[Wall, ...]:
        """Walls, in file order."""
        walls = []
        for solid in self.wall_solids:
            label = self.geom_label(solid.geoms[0])
            walls.append(Wall(solid.name, *self._shape(solid, label, WALL_RULE)))
        return tuple(walls)

    @cached_property
    def movables(self) -> tuple[Movable, ...]:
        """Movables, in file order."""
        movables = []
        for solid in self.movable_solids:
            shape = self._shape(solid, f"body '{solid.name}'", MOVABLE_RULE)
            frictions = {_floats(self.model.geom_friction[geom]) for geom in solid.geoms}
            if len(frictions) != 1:
                raise self.error(f"body '{solid.name}' has geoms of different friction; it has one")
            mass = float(self.model.body_subtreemass[solid.body])
            movables.append(Movable(solid.name, *shape, mass=mass, friction=frictions.pop()))
        return tuple(movables)

    def _shape(self, solid: SolidGeoms, label: str, rule: str) -> _Shape:
        return (
            self._box(solid.geoms[0], label, rule)
            if self.is_box(solid)
            else self._polygon(solid, rule)
        )

    def _box(self, geom: int, label: str, rule: str) -> _Shape:
        """Return pose, footprint, half height and z of a box geom."""
        if (axes := box_axes(self.data.geom_xmat[geom])) is None:
            raise self.error(f"{label} is tilted; {rule}")
        size = _floats(self.model.geom_size[geom])
        half_x, half_y, half_z = (size[axis] for axis in axes)
        x, y, z = map(float, self.data.geom_xpos[geom])
        pose = Pose2D(x, y, yaw(self.data.geom_xmat[geom], axes[0]))
        return pose, Rectangle(half_x, half_y), half_z, z

    def _polygon(self, solid: SolidGeoms, rule: str) -> _Shape:
        """Return pose, footprint, half height and z of a body of several pieces."""
        body = solid.body
        label = f"body '{self.body_name(body)}'"
        if not is_upright(self.data.xmat[body]):
            raise self.error(f"{label} is tilted; {rule}")
        try:
            footprint, bottom, top = footprint_of_body(self, body, solid.geoms, self.prisms)
        except SceneError as error:
            raise self.error(f"{label}: {error}") from None
        x, y, z = map(float, self.data.xpos[body])
        pose = Pose2D(x, y, yaw(self.data.xmat[body]))
        if not footprint.is_centred:
            footprint, centre = centred(footprint)
            pose = pose.compose(centre)
        return pose, footprint, (top - bottom) / 2, z + (top + bottom) / 2

    def robot(self) -> Robot:
        """Return the robot.

        Raises:
            SceneError: there is none, or it is not as the convention says.
        """
        max_force = slide_joints_max_force(self.model, self.data, self.robot_body, self.source)
        shape = RobotGeom.of(self)
        for wall in self.walls:
            shape.require_meeting_wall(wall)
        for movable in self.movables:
            shape.require_meeting_movable(movable)
        return Robot(
            x=shape.x,
            y=shape.y,
            radius=shape.radius,
            mass=float(self.model.body_subtreemass[self.robot_body]),
            friction=_floats(self.model.geom_friction[shape.geom]),
            max_force=max_force,
        )

    def goal(self) -> Goal:
        """Return the goal.

        Raises:
            SceneError: there is not exactly one site `goal`, or it moves.
        """
        if list(self.goal_sites) != ["goal"]:
            found = ", ".join(map(repr, self.goal_sites)) or "none"
            raise self.error(f"goal sites: {found}; a scene has exactly one, site 'goal'")
        site = self.goal_sites["goal"]
        body = self.model.site_bodyid[site]
        if self.model.body_weldid[body] != 0:
            raise self.error("site 'goal' is on a body that moves; it must be fixed")
        # Not site_xpos: MuJoCo snaps a site closer than 1e-6 m to its body's origin to it.
        rotation = self.data.xmat[body].reshape(3, 3)
        offset = matrix_product(rotation, self.model.site_pos[site][:, None]).ravel()
        x, y, _ = map(float, self.data.xpos[body] + offset)
        return Goal(x, y, float(self.model.site_size[site, 0]))


def _floats(values: Iterable[float]) -> tuple[float, float, float]:
    a, b, c = map(float, values)
    return a, b, c
