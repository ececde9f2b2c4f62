"""Find physics that makes pushing hard: heavy movables, weak robots, fluids, margins.

Everything is looked up in the compiled model, whatever element of the file it comes from, and
half a second is simulated in which nothing is pushed. What forbids pushing is refused by
`namo.scenes.mjcf.pushing`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import mujoco
import numpy as np

from namo.portable_math import total
from namo.scenes.checking import FLOOR_TOLERANCE_M
from namo.scenes.mjcf.compiling import compile_model, compile_spec
from namo.scenes.mjcf.pushing import margin_m
from namo.scenes.mjcf.robot_geom import RobotGeom
from namo.scenes.mjcf.scene_model import PLANE, SceneModel, start_data
from namo.scenes.remarks import TOUCHING_M, Remark, RemarkKind
from namo.scenes.scene import Scene
from namo.scenes.writing import scene_xml

PUSH_SPEED = 0.05
"""Slow pushing, at which the resistance of dampers is compared with the robot's force (m/s)."""
PUSH_LENGTH_M = 0.3
"""A short push, at whose end the resistance of springs is compared with the robot's force."""
MIN_ACCELERATION = 0.02
"""Minimum acceleration of the robot (m/s²): it takes ten seconds for a metre."""
REST_S = 0.5
"""How long a scene is simulated without pushing."""
MAX_REST_STEPS, MAX_REST_WORK = 500, 100_000
"""Maximum number of steps for that, and of steps times degrees of freedom."""
MAX_SINK_M = 0.01
"""How far movables may sink into the floor, beyond `FLOOR_TOLERANCE_M`."""
AIR_DENSITY, AIR_VISCOSITY = 1.3, 2e-5
"""Of air (kg/m³, Pa·s), which is too thin to matter."""


def physics_remarks(scene: Scene) -> Iterator[Remark]:
    """Yield what is peculiar about the physics of a valid scene.

    Raises:
        SceneError: MuJoCo rejects the scene.
    """
    source = scene.path or "scene"
    model = compile_model(compile_spec(scene.xml or scene_xml(scene), source), source)
    compiled = SceneModel(source, model, start_data(model))
    yield from _robot(scene, compiled)
    yield from _heavy(scene, compiled)
    yield from _surroundings(compiled)
    yield from _at_rest(scene, compiled)


def _robot(scene: Scene, compiled: SceneModel) -> Iterator[Remark]:
    model, body = compiled.model, compiled.robot_body
    depth = -RobotGeom.of(compiled).bottom
    if depth > TOUCHING_M:
        yield Remark(
            RemarkKind.ROBOT_IN_FLOOR, f"the robot reaches {depth:.3f} m below the floor at 0"
        )
    force, dofs = scene.robot.max_force, compiled.dofs(body)
    motors = range(model.nu)
    damping = float(model.dof_damping[dofs].max()) + sum(model.actuator_damping[m] for m in motors)
    if damping * PUSH_SPEED > force:
        yield Remark(
            RemarkKind.PHYSICS,
            f"damping of the robot's joints ({damping:.3g} N s/m) keeps it below "
            f"{force / damping:.2g} m/s",
        )
    armature = float(model.dof_armature[dofs].max())
    armature += sum(float(model.actuator_armature[m]) for m in motors)
    inertia = scene.robot.mass + armature
    if force < MIN_ACCELERATION * inertia:
        yield Remark(
            RemarkKind.PHYSICS,
            f"the robot's {force:.3g} N accelerate its {inertia:.3g} kg (armature included) by "
            f"only {force / inertia:.2g} m/s²",
        )


def _heavy(scene: Scene, compiled: SceneModel) -> Iterator[Remark]:
    model = compiled.model
    gravity = -float(model.opt.gravity[2])
    (floor,) = (
        geom
        for geom in range(model.ngeom)
        if model.geom_type[geom] == PLANE and compiled.collides(geom)
    )
    bodies = {solid.name: solid for solid in compiled.movable_solids}
    for movable in scene.movables:
        solid = bodies[movable.name]
        friction = max(_friction(model, floor, geom) for geom in solid.geoms)
        sliding = friction * movable.mass * gravity
        extra = dict(_joint_resistances(compiled, solid.body))
        needed = sliding + total(extra.values())
        if needed <= scene.robot.max_force:
            continue
        causes = ", ".join(
            f"{value:.3g} N by the {name} of its joint" for name, value in extra.items()
        )
        yield Remark(
            RemarkKind.TOO_HEAVY,
            f"'{movable.name}' needs {needed:.3g} N to slide{f' ({causes})' if causes else ''}, "
            f"the robot pushes with {scene.robot.max_force:.3g} N",
        )
    for movable in scene.movables:
        armature = float(model.dof_armature[compiled.dofs(bodies[movable.name].body)][:3].max())
        if scene.robot.max_force < MIN_ACCELERATION * armature:
            yield Remark(
                RemarkKind.TOO_HEAVY,
                f"'{movable.name}' has armature {armature:.3g} kg, which the robot's "
                f"{scene.robot.max_force:.3g} N hardly move",
            )


def _friction(model: mujoco.MjModel, one: int, other: int) -> float:
    """Return the sliding friction between two geoms, a plain factor."""
    if max(model.geom_condim[one], model.geom_condim[other]) == 1:
        return 0.0
    frictions = model.geom_friction[[one, other], 0]
    first, second = model.geom_priority[[one, other]].tolist()
    if first != second:
        return float(frictions[0 if first > second else 1])
    return float(frictions.max())


def _joint_resistances(compiled: SceneModel, body: int) -> Iterator[tuple[str, float]]:
    """Yield what the free joint of a movable resists with: the attribute and the force (N)."""
    model = compiled.model
    disabled = int(model.opt.disableflags)
    slides = compiled.dofs(body)[:3]
    stiffness = float(model.jnt_stiffness[int(model.body_jntadr[body])])
    for name, force, flag in (
        (
            "frictionloss",
            float(model.dof_frictionloss[slides].max()),
            mujoco.mjtDisableBit.mjDSBL_FRICTIONLOSS,
        ),
        (
            "damping",
            float(model.dof_damping[slides].max()) * PUSH_SPEED,
            mujoco.mjtDisableBit.mjDSBL_DAMPER,
        ),
        ("stiffness", stiffness * PUSH_LENGTH_M, mujoco.mjtDisableBit.mjDSBL_SPRING),
    ):
        if force > 0.0 and not disabled & int(flag):
            yield name, force


def _surroundings(compiled: SceneModel) -> Iterator[Remark]:
    option = compiled.model.opt
    if option.density > AIR_DENSITY or option.viscosity > AIR_VISCOSITY:
        yield Remark(
            RemarkKind.PHYSICS,
            f"everything moves in a fluid (option density {option.density:g} kg/m³, viscosity "
            f"{option.viscosity:g} Pa s), which slows pushes down",
        )
    if option.wind.any() and (option.density or option.viscosity):
        wind = " ".join(f"{speed:g}" for speed in option.wind)
        yield Remark(RemarkKind.PHYSICS, f"option wind {wind} m/s pushes everything")
    margin, label = margin_m(compiled)
    if abs(margin) > TOUCHING_M:
        yield Remark(
            RemarkKind.PHYSICS,
            f"geom margins (of {label}, for instance) make solids {margin:g} m larger than drawn",
        )
    sticky = np.flatnonzero(compiled.model.geom_adhesion).tolist()
    for geom in filter(compiled.collides, sticky):
        yield Remark(RemarkKind.PHYSICS, f"{compiled.geom_label(geom)} sticks (adhesion)")


def _at_rest(scene: Scene, compiled: SceneModel) -> Iterator[Remark]:
    """Yield which movables the floor does not carry, or that the simulation diverges."""
    model, data = compiled.model, mujoco.MjData(compiled.model)
    steps = min(
        math.ceil(REST_S / model.opt.timestep), MAX_REST_STEPS, max(1, MAX_REST_WORK // model.nv)
    )
    previous = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(lambda _: None)  # they are counted in the data
    try:
        mujoco.mj_step(model, data, nstep=steps)
    finally:
        mujoco.set_mju_user_warning(previous)
    alone = f"left alone for {steps * model.opt.timestep:.2g} s"
    for kind in np.flatnonzero(data.warning.number).tolist():
        text = mujoco.mju_warningText(kind, data.warning[kind].lastinfo)
        yield Remark(RemarkKind.PHYSICS, f"{alone}, the simulation diverges: {text}")
        return
    mujoco.mj_kinematics(model, data)
    bodies = {solid.name: solid for solid in compiled.movable_solids}
    for movable in scene.movables:
        geom = bodies[movable.name].geoms[0]
        change = float(data.geom_xpos[geom, 2] - compiled.data.geom_xpos[geom, 2])
        bottom = movable.z - movable.half_z + change
        if bottom < -FLOOR_TOLERANCE_M - MAX_SINK_M:
            yield Remark(
                RemarkKind.PHYSICS,
                f"{alone}, '{movable.name}' sinks to {-bottom:.2g} m below the floor",
            )
