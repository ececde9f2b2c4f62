"""Extract walls, movables, robot and goal from a compiled scene of the convention."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.footprint import Footprint, Rectangle, centred
from namo.scenes.mjcf.convention import MOVABLE_RULE, WALL_RULE
from namo.scenes.mjcf.motors import slide_joints_max_force
from namo.scenes.mjcf.prisms import footprint_of_body
from namo.scenes.mjcf.scene_model import (
    BOX,
    CYLINDER,
    MESH,
    PLANE,
    SPHERE,
    UPRIGHT_TOLERANCE,
    SceneModel,
    is_upright,
    type_name,
    yaw,
)
from namo.scenes.scene import Friction, Goal, Movable, Robot, Wall

_Shape = tuple[Pose2D, Footprint, float, float]
"""Pose, footprint, half height and z of the centre (m)."""


class Extractor(SceneModel):
    """A compiled scene whose parts are read one by one, each only if it follows the convention."""

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
        polygons = set()
        for geom in range(self.model.ngeom):
            if self.carrier(geom) != 0 or not (name := self.wall_name(geom)):
                continue
            if self.model.geom_type[geom] == BOX:
                walls.append(Wall(name, *self._box(geom, f"{self.geom_label(geom)}", WALL_RULE)))
                continue
            body = int(self.model.geom_bodyid[geom])
            if body not in polygons:
                polygons.add(body)
                walls.append(Wall(self.body_name(body), *self._polygon(body, WALL_RULE)))
        return tuple(walls)

    @cached_property
    def movables(self) -> tuple[Movable, ...]:
        """Movables, in file order."""
        movables = []
        for body in self.movable_bodies:
            name = self.body_name(body)
            geoms = self.solid_geoms(body)
            if {int(self.model.geom_type[geom]) for geom in geoms} == {MESH}:
                shape: _Shape = self._polygon(body, MOVABLE_RULE)
            else:
                geom = self._only_geom(body, (BOX,), MOVABLE_RULE)
                shape = self._box(geom, f"body '{name}'", MOVABLE_RULE)
            frictions = {_floats(self.model.geom_friction[geom]) for geom in geoms}
            if len(frictions) != 1:
                raise self.error(f"body '{name}' has geoms of different friction; it has one")
            mass = float(self.model.body_subtreemass[body])
            movables.append(Movable(name, *shape, mass=mass, friction=frictions.pop()))
        return tuple(movables)

    def _box(self, geom: int, label: str, rule: str) -> _Shape:
        """Return pose, footprint, half height and z of a box geom."""
        if not is_upright(self.data.geom_xmat[geom]):
            raise self.error(f"{label} is tilted; {rule}")
        half_x, half_y, half_z = _floats(self.model.geom_size[geom])
        x, y, z = map(float, self.data.geom_xpos[geom])
        pose = Pose2D(x, y, yaw(self.data.geom_xmat[geom]))
        return pose, Rectangle(half_x, half_y), half_z, z

    def _polygon(self, body: int, rule: str) -> _Shape:
        """Return pose, footprint, half height and z of a body of mesh prisms."""
        label = f"body '{self.body_name(body)}'"
        geoms = [
            geom
            for geom in range(self.model.ngeom)
            if self.model.geom_bodyid[geom] == body and self.collides(geom)
        ]
        if {int(self.model.geom_type[geom]) for geom in geoms} != {MESH}:
            raise self.error(f"{label} has meshes and other solid geoms; {rule}")
        if not is_upright(self.data.xmat[body]):
            raise self.error(f"{label} is tilted; {rule}")
        try:
            footprint, bottom, top = footprint_of_body(
                self.model, self.data, body, geoms, self.prisms, label
            )
        except SceneError as error:
            raise self.error(str(error)) from None
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
        geom = self._only_geom(
            self.robot_body, (SPHERE, CYLINDER), "the robot is one sphere or cylinder geom"
        )
        if self.model.geom_type[geom] == CYLINDER and not is_upright(self.data.geom_xmat[geom]):
            raise self.error("body 'robot' is a tilted cylinder; its axis must be vertical")
        x, y, z = map(float, self.data.geom_xpos[geom])
        for solid in (*self.walls, *self.movables):
            if abs(solid.z - z) > solid.half_z:
                raise self.error(
                    f"body 'robot' slides at z = {z:.3g} m and misses '{solid.name}', "
                    f"z = {solid.z - solid.half_z:.3g} to {solid.z + solid.half_z:.3g} m; "
                    "it must meet every wall and movable"
                )
        return Robot(
            x=x,
            y=y,
            radius=float(self.model.geom_size[geom, 0]),
            mass=float(self.model.body_subtreemass[self.robot_body]),
            friction=_floats(self.model.geom_friction[geom]),
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
        x, y, _ = map(float, self.data.xpos[body] + rotation @ self.model.site_pos[site])
        return Goal(x, y, float(self.model.site_size[site, 0]))

    def _only_geom(self, body: int, kinds: tuple[int, ...], rule: str) -> int:
        """Return the only colliding geom of a moving body."""
        geoms = self.solid_geoms(body)
        if len(geoms) != 1 or self.model.geom_type[geoms[0]] not in kinds:
            types = ", ".join(type_name(self.model.geom_type[geom]) for geom in geoms) or "none"
            raise self.error(f"body '{self.body_name(body)}' has solid geoms: {types}; {rule}")
        return geoms[0]


def _floats(values: Iterable[float]) -> tuple[float, float, float]:
    a, b, c = map(float, values)
    return a, b, c
