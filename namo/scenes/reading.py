"""Read a scene file: MuJoCo compiles it, and the compiled model says what is where.

The convention (metres, kilograms, names decide):

- a plane at z = 0 is the floor;
- fixed box geoms whose name, or their body's, contains `wall` or `static` are walls, and so are
  fixed bodies of that name made of mesh prisms (`namo.scenes.prisms`), each one polygon;
- bodies whose name contains `movable`, each with a free joint and one box or mesh prisms, are what
  the robot pushes;
- the body `robot` slides along x and y, one sphere or cylinder, one motor a joint;
- the site `goal` is where the robot has to get.

Anything else that collides or moves is refused by name: nothing is left out in silence.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import mujoco
import numpy as np

from namo.errors import SceneError
from namo.geometry import Floats, Pose2D, wrap_angle
from namo.scenes.checking import check_scene
from namo.scenes.compiling import compile_model, compile_spec, scan_xml
from namo.scenes.footprint import Footprint, Rectangle, centred
from namo.scenes.limits import MOST_BYTES, TIMESTEP_S
from namo.scenes.motors import slide_joints_max_force
from namo.scenes.prisms import Prism, footprint_of_body, prisms_of
from namo.scenes.safe_xml import XmlElement
from namo.scenes.scene import Friction, Goal, Movable, Robot, Scene, Wall

WALL_MARKS = ("wall", "static")
MOVABLE_MARK = "movable"

_UPRIGHT_TOLERANCE = 1e-3
_ROBOT_RULE = "the robot is a body 'robot' with two slide joints, along x and along y"
_MOVABLE_RULE = (
    "what the robot pushes is a body with 'movable' in its name, a free joint and one box geom or "
    "the mesh prisms of one polygon"
)
_WALL_RULE = (
    "a wall is a fixed, upright box geom, or a fixed body of mesh prisms, with 'wall' or 'static' "
    "in its name or its body's"
)

# Plain ints: `enum == numpy.int32` is false in MuJoCo's bindings, whatever the values.
_BOX = int(mujoco.mjtGeom.mjGEOM_BOX)
_PLANE = int(mujoco.mjtGeom.mjGEOM_PLANE)
_MESH = int(mujoco.mjtGeom.mjGEOM_MESH)
_SPHERE = int(mujoco.mjtGeom.mjGEOM_SPHERE)
_CYLINDER = int(mujoco.mjtGeom.mjGEOM_CYLINDER)


def read_scene(path: Path) -> Scene:
    """Return the scene in a file.

    Args:
        path: a MuJoCo XML file.

    Raises:
        SceneError: the file cannot be read, is no scene of this convention, or cannot be used as
            one (see `check_scene`). The message names the file, the value and what is allowed.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SceneError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise SceneError(f"{path}: has more than {MOST_BYTES} bytes; a scene has a few thousand")
    return parse_scene(data, str(path))


def parse_scene(data: bytes, source: str) -> Scene:
    """Return the scene in the bytes of a file.

    Args:
        data: the bytes, UTF-8.
        source: the path that `Scene.path` and messages give.

    Raises:
        SceneError: as for `read_scene`.
    """
    try:
        xml = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SceneError(f"{source}: not UTF-8 text: {error}") from error
    elements = scan_xml(xml, source)
    model = compile_model(compile_spec(xml, source), source)
    reader = _Reader(source, model, prisms_of(elements, source))
    reader.refuse_what_is_unknown()
    scene = Scene(
        walls=reader.walls,
        movables=reader.movables,
        robot=reader.robot(),
        goal=reader.goal(),
        floor_friction=reader.floor_friction(),
        options=_options(elements),
        path=source,
        sha256=hashlib.sha256(data).hexdigest(),
        xml=xml,
    )
    check_scene(scene)
    return scene


@dataclass(frozen=True)
class SceneParts:
    """What a file holds of a scene that it need not hold all of.

    Attributes:
        walls: as in `Scene`.
        movables: likewise.
        robot: likewise; None where the file has none.
        goal: likewise.
        floor_friction: as in `Scene`.
        options: likewise.
    """

    walls: tuple[Wall, ...]
    movables: tuple[Movable, ...]
    robot: Robot | None
    goal: Goal | None
    floor_friction: Friction
    options: Mapping[str, str]


def parts_of(model: mujoco.MjModel, elements: list[XmlElement], source: str) -> SceneParts:
    """Return the parts of a scene in a compiled model, with no robot or goal where it has none.

    Args:
        model: from `compile_model`; parts may have been deleted from its specification.
        elements: of the file.
        source: what messages call it.

    Raises:
        SceneError: something is no part of the convention, or a part breaks it.
    """
    reader = _Reader(source, model, prisms_of(elements, source))
    reader.refuse_what_is_unknown()
    return SceneParts(
        walls=reader.walls,
        movables=reader.movables,
        robot=reader.robot() if reader.has_robot else None,
        goal=reader.goal() if reader.goal_sites else None,
        floor_friction=reader.floor_friction(),
        options=_options(elements),
    )


def _options(elements: Iterable[XmlElement]) -> dict[str, str]:
    options: dict[str, str] = {}
    for element in elements:
        if element.path == "mujoco/option":
            options.update(element.attributes)
        elif element.path == "mujoco/option/flag":
            options.update({f"flag/{name}": value for name, value in element.attributes.items()})
    return options


@dataclass(frozen=True)
class _Reader:
    """A compiled model at its initial configuration, its meshes, and what to call its file."""

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
        return SceneError(f"{self.source}: {message}")

    def name(self, kind: mujoco.mjtObj, index: int) -> str:
        return mujoco.mj_id2name(self.model, kind, index) or ""

    def geom_label(self, geom: int) -> str:
        name = self.name(mujoco.mjtObj.mjOBJ_GEOM, geom)
        if name:
            return f"geom '{name}'"
        return f"an unnamed geom of body '{self.body_name(self.model.geom_bodyid[geom])}'"

    def body_name(self, body: int) -> str:
        return self.name(mujoco.mjtObj.mjOBJ_BODY, body)

    def carrier(self, geom: int) -> int:
        """Return the body that carries the geom along; 0 where it is fixed to the world."""
        return int(self.model.body_weldid[self.model.geom_bodyid[geom]])

    def collides(self, geom: int) -> bool:
        return bool(self.model.geom_contype[geom] or self.model.geom_conaffinity[geom])

    def wall_name(self, geom: int) -> str:
        """Return the name under which a fixed geom is a wall, empty where it is none.

        Its own name says so or, for a geom that collides or has no name, that of its body.
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
        return bool(mujoco.mj_name2id(self.model, mujoco.mjtObj.mjOBJ_BODY, "robot") >= 0)

    @cached_property
    def robot_body(self) -> int:
        body = mujoco.mj_name2id(self.model, mujoco.mjtObj.mjOBJ_BODY, "robot")
        if body < 0:
            raise self.error(f"no body 'robot'; {_ROBOT_RULE}")
        return int(body)

    def refuse_what_is_unknown(self) -> None:
        """Raise for everything that moves, collides or acts and is no part of the convention."""
        model = self.model
        for joint in range(model.njnt):
            body = int(model.jnt_bodyid[joint])
            name = self.body_name(body)
            if body in self.movable_bodies and MOVABLE_MARK not in name:
                raise self.error(
                    f"body '{name}' has a free joint; {_MOVABLE_RULE}, and {_ROBOT_RULE}"
                )
            if body not in self.movable_bodies and name != "robot":
                raise self.error(f"body '{name}' has a joint; {_ROBOT_RULE}, and {_MOVABLE_RULE}")
        for body in range(1, model.nbody):
            if MOVABLE_MARK in self.body_name(body) and model.body_weldid[body] == 0:
                raise self.error(f"body '{self.body_name(body)}' has no joint; {_MOVABLE_RULE}")
        for count, what in (
            (model.nmocap, "mocap bodies"),
            (model.neq, "equality constraints"),
            (model.ntendon, "tendons"),
            (model.npair, "contact pairs"),
            (model.nexclude, "contact exclusions"),
        ):
            if count:
                raise self.error(f"has {what} ({count}); a scene has none")
        shortest, longest = TIMESTEP_S
        if not shortest <= model.opt.timestep <= longest:
            raise self.error(
                f"option timestep is {model.opt.timestep:g} s; allowed are {shortest:g} to "
                f"{longest:g} s"
            )
        for geom in range(model.ngeom):
            self._refuse_unknown_geom(geom)
        self._refuse_deaf_geoms()

    def _refuse_unknown_geom(self, geom: int) -> None:
        if self.carrier(geom) != 0:
            return  # on a movable or the robot: counted there
        kind = self.model.geom_type[geom]
        label = self.geom_label(geom)
        if self.wall_name(geom):
            if not self.collides(geom):
                raise self.error(f"{label} is a wall by name but collides with nothing")
            if kind not in (_BOX, _MESH):
                raise self.error(f"{label} is a {_type_name(kind)}; {_WALL_RULE}")
        elif self.collides(geom) and kind != _PLANE:
            raise self.error(f"{label} is neither wall, movable, robot nor floor; {_WALL_RULE}")

    def _refuse_deaf_geoms(self) -> None:
        """Raise where two things of which one can move are set not to collide."""
        model = self.model
        kinds: dict[tuple[int, int, bool], list[int]] = {}
        for geom in filter(self.collides, range(model.ngeom)):
            masks = int(model.geom_contype[geom]), int(model.geom_conaffinity[geom])
            kinds.setdefault((*masks, self.carrier(geom) == 0), []).append(geom)
        for (contype_a, affinity_a, fixed_a), geoms_a in kinds.items():
            for (contype_b, affinity_b, fixed_b), geoms_b in kinds.items():
                meet = contype_a & affinity_b or contype_b & affinity_a
                if not meet and not (fixed_a and fixed_b) and geoms_a[0] != geoms_b[-1]:
                    raise self.error(
                        f"{self.geom_label(geoms_a[0])} and {self.geom_label(geoms_b[-1])} do not "
                        "collide by their contype and conaffinity; solid things must"
                    )

    def floor_friction(self) -> Friction:
        planes = [
            geom
            for geom in range(self.model.ngeom)
            if self.model.geom_type[geom] == _PLANE and self.collides(geom)
        ]
        if len(planes) != 1:
            labels = ", ".join(map(self.geom_label, planes)) or "none"
            raise self.error(f"has {len(planes)} planes ({labels}); the floor is exactly one")
        (floor,) = planes
        upright = self._upright(self.data.geom_xmat[floor])
        if not upright or abs(self.data.geom_xpos[floor, 2]) > _UPRIGHT_TOLERANCE:
            raise self.error(f"{self.geom_label(floor)}: the floor must be level and at z = 0")
        return _floats(self.model.geom_friction[floor])

    @cached_property
    def walls(self) -> tuple[Wall, ...]:
        walls = []
        polygons = set()
        for geom in range(self.model.ngeom):
            if self.carrier(geom) != 0 or not (name := self.wall_name(geom)):
                continue
            if self.model.geom_type[geom] == _BOX:
                walls.append(Wall(name, *self._box(geom, f"{self.geom_label(geom)}", _WALL_RULE)))
                continue
            body = int(self.model.geom_bodyid[geom])
            if body not in polygons:
                polygons.add(body)
                walls.append(Wall(self.body_name(body), *self._polygon(body, _WALL_RULE)))
        return tuple(walls)

    @cached_property
    def movables(self) -> tuple[Movable, ...]:
        movables = []
        for body in self.movable_bodies:
            name = self.body_name(body)
            geoms = self._solid_geoms(body)
            if {int(self.model.geom_type[geom]) for geom in geoms} == {_MESH}:
                shape: _Shape = self._polygon(body, _MOVABLE_RULE)
            else:
                geom = self._only_geom(body, (_BOX,), _MOVABLE_RULE)
                shape = self._box(geom, f"body '{name}'", _MOVABLE_RULE)
            frictions = {_floats(self.model.geom_friction[geom]) for geom in geoms}
            if len(frictions) != 1:
                raise self.error(f"body '{name}' has geoms of different friction; it has one")
            mass = float(self.model.body_subtreemass[body])
            movables.append(Movable(name, *shape, mass=mass, friction=frictions.pop()))
        return tuple(movables)

    def _box(self, geom: int, label: str, rule: str) -> _Shape:
        """Return pose, footprint, half height and z of a box geom."""
        if not self._upright(self.data.geom_xmat[geom]):
            raise self.error(f"{label} is tilted; {rule}")
        half_x, half_y, half_z = _floats(self.model.geom_size[geom])
        x, y, z = map(float, self.data.geom_xpos[geom])
        pose = Pose2D(x, y, _yaw(self.data.geom_xmat[geom]))
        return pose, Rectangle(half_x, half_y), half_z, z

    def _polygon(self, body: int, rule: str) -> _Shape:
        """Return pose, footprint, half height and z of a body of mesh prisms."""
        label = f"body '{self.body_name(body)}'"
        geoms = [
            geom
            for geom in range(self.model.ngeom)
            if self.model.geom_bodyid[geom] == body and self.collides(geom)
        ]
        if {int(self.model.geom_type[geom]) for geom in geoms} != {_MESH}:
            raise self.error(f"{label} has meshes and other solid geoms; {rule}")
        if not self._upright(self.data.xmat[body]):
            raise self.error(f"{label} is tilted; {rule}")
        try:
            footprint, bottom, top = footprint_of_body(
                self.model, self.data, body, geoms, self.prisms, label
            )
        except SceneError as error:
            raise self.error(str(error)) from None
        x, y, z = map(float, self.data.xpos[body])
        pose = Pose2D(x, y, _yaw(self.data.xmat[body]))
        if not footprint.is_centred:
            footprint, centre = centred(footprint)
            pose = pose.compose(centre)
        return pose, footprint, (top - bottom) / 2, z + (top + bottom) / 2

    def robot(self) -> Robot:
        max_force = slide_joints_max_force(self.model, self.data, self.robot_body, self.source)
        geom = self._only_geom(
            self.robot_body, (_SPHERE, _CYLINDER), "the robot is one sphere or cylinder geom"
        )
        if self.model.geom_type[geom] == _CYLINDER and not self._upright(self.data.geom_xmat[geom]):
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

    @cached_property
    def goal_sites(self) -> dict[str, int]:
        """Sites by name."""
        names = [self.name(mujoco.mjtObj.mjOBJ_SITE, site) for site in range(self.model.nsite)]
        return {name: site for site, name in enumerate(names) if "goal" in name}

    def goal(self) -> Goal:
        if list(self.goal_sites) != ["goal"]:
            found = ", ".join(map(repr, self.goal_sites)) or "none"
            raise self.error(f"goal sites: {found}; a scene has exactly one, site 'goal'")
        site = self.goal_sites["goal"]
        body = self.model.site_bodyid[site]
        if self.model.body_weldid[body] != 0:
            raise self.error("site 'goal' is on a body that moves; it must be fixed")
        # Not site_xpos: MuJoCo moves a site closer than 1e-6 m to its body's origin into it.
        rotation = self.data.xmat[body].reshape(3, 3)
        x, y, _ = map(float, self.data.xpos[body] + rotation @ self.model.site_pos[site])
        return Goal(x, y, float(self.model.site_size[site, 0]))

    def _solid_geoms(self, body: int) -> list[int]:
        """Return the geoms that a moving body carries along and that collide."""
        return [
            geom
            for geom in range(self.model.ngeom)
            if self.carrier(geom) == body and self.collides(geom)
        ]

    def _only_geom(self, body: int, kinds: tuple[int, ...], rule: str) -> int:
        """Return the one colliding geom that a moving body carries."""
        geoms = self._solid_geoms(body)
        if len(geoms) != 1 or self.model.geom_type[geoms[0]] not in kinds:
            types = ", ".join(_type_name(self.model.geom_type[geom]) for geom in geoms) or "none"
            raise self.error(f"body '{self.body_name(body)}' has solid geoms: {types}; {rule}")
        return geoms[0]

    @staticmethod
    def _upright(rotation: Floats) -> bool:
        """Whether the z axis of a frame points up, its rotation (9,) row-major."""
        sideways = np.hypot(rotation[2], rotation[5])
        return bool(sideways <= _UPRIGHT_TOLERANCE and rotation[8] > 0)


def _yaw(rotation: Floats) -> float:
    return wrap_angle(math.atan2(float(rotation[3]), float(rotation[0])))


_Shape = tuple[Pose2D, Footprint, float, float]


def _type_name(kind: int) -> str:
    name: str = mujoco.mjtGeom(int(kind)).name
    return name.removeprefix("mjGEOM_").lower()


def _floats(values: Iterable[float]) -> tuple[float, float, float]:
    a, b, c = map(float, values)
    return a, b, c
