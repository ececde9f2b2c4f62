"""Refuse scenes whose physics does not allow pushing, from the compiled model.

A scene may be well-formed and still simulate nothing: contacts or motors switched off, gravity that
lifts everything, margins that keep the robot away from what it pushes. Every push would then be
blocked or without effect. `namo.scenes.physics_remarks` remarks what makes pushing hard.
"""

from __future__ import annotations

from collections.abc import Iterator

import mujoco
import numpy as np

from namo.scenes.mjcf.scene_model import SceneModel

NEEDED = {
    "contact": mujoco.mjtDisableBit.mjDSBL_CONTACT,
    "constraint": mujoco.mjtDisableBit.mjDSBL_CONSTRAINT,
    "gravity": mujoco.mjtDisableBit.mjDSBL_GRAVITY,
    "actuation": mujoco.mjtDisableBit.mjDSBL_ACTUATION,
}
"""Flags of MuJoCo that pushing needs."""
MIN_GRAVITY = 0.1
"""Minimum acceleration downwards (m/s²)."""
MAX_GRAVITY_TILT = 1e-6
"""Maximum horizontal part of gravity, as a fraction of it."""
MAX_MARGIN_M = 0.01
"""Maximum distance at which solids may push each other, half a cell of the grid."""
MAX_SOLVER_TOLERANCE = 1.0
"""With larger ones MuJoCo's solver stops before contacts carry anything."""


def refuse_impossible_pushes(scene: SceneModel) -> None:
    """Make sure that the robot can push what stands on the floor.

    Raises:
        SceneError: names the option or element that forbids it, its value and what is allowed.
    """
    for problem in (*_options(scene), *_geoms(scene), *_bodies(scene), *_motors(scene)):
        raise scene.error(f"{problem}; nothing could be pushed")


def _options(scene: SceneModel) -> Iterator[str]:
    option = scene.model.opt
    for name, bit in NEEDED.items():
        if option.disableflags & int(bit):
            yield f'option flag {name}="disable"; it must be enabled'
    if option.enableflags & int(mujoco.mjtEnableBit.mjENBL_OVERRIDE):
        yield (
            'option flag override="enable" replaces margin, friction and stiffness of all '
            "contacts; it must be disabled"
        )
    x, y, z = map(float, option.gravity)
    if not -z >= MIN_GRAVITY or np.hypot(x, y) > MAX_GRAVITY_TILT * -z:
        yield (
            f"option gravity is {x:g} {y:g} {z:g} m/s²; it must point straight down, with "
            f"{MIN_GRAVITY:g} or more"
        )
    if option.iterations < 1:
        yield f"option iterations is {option.iterations}; it must be 1 or more"
    if not option.tolerance <= MAX_SOLVER_TOLERANCE:
        yield (
            f"option tolerance is {option.tolerance:g}; at most {MAX_SOLVER_TOLERANCE:g} is allowed"
        )


def margin_m(scene: SceneModel) -> tuple[float, str]:
    """Return the margin that is furthest from zero of two solids of which one moves.

    MuJoCo adds the margins of both geoms.

    Returns:
        The distance at which they push each other (m), negative where they overlap before they do;
        and what messages call the geom that contributes most.
    """
    margins = scene.model.geom_margin
    geoms = range(scene.model.ngeom)
    solid = np.array([scene.collides(geom) for geom in geoms], np.bool_)
    moving = np.array([scene.carrier(geom) != 0 for geom in geoms], np.bool_) & solid
    if not margins[solid].any() or not moving.any() or solid.sum() < 2:
        return 0.0, ""
    worst, label = 0.0, ""
    for sign in (1.0, -1.0):
        signed = np.where(solid, sign * margins, -np.inf)
        largest, second = np.argsort(-signed, kind="stable")[:2].tolist()
        mover = int(np.argmax(np.where(moving, signed, -np.inf)))
        total = float(signed[mover] + signed[second if mover == largest else largest])
        if total > abs(worst):
            worst, label = sign * total, scene.geom_label(largest)
    return worst, label


def _geoms(scene: SceneModel) -> Iterator[str]:
    margin, label = margin_m(scene)
    if abs(margin) > MAX_MARGIN_M:
        yield (
            f"the geom margins of two solids add up to {margin:g} m (most by {label}); at most "
            f"{MAX_MARGIN_M:g} m is allowed"
        )
    for geom in filter(scene.collides, range(scene.model.ngeom)):
        if scene.model.geom_surfacevel[geom].any():
            yield f"{scene.geom_label(geom)} has surfacevel, which moves what touches it"


def _bodies(scene: SceneModel) -> Iterator[str]:
    for body in np.flatnonzero(scene.model.body_gravcomp).tolist():
        if scene.model.body_weldid[body] != 0:
            yield (
                f"body '{scene.body_name(body)}' has gravcomp "
                f"{scene.model.body_gravcomp[body]:g}; it must be 0, so that the body stands on "
                "the floor"
            )


def _motors(scene: SceneModel) -> Iterator[str]:
    disabled = int(scene.model.opt.disableactuator)
    for actuator in range(scene.model.nu):
        group = int(scene.model.actuator_group[actuator])
        name = scene.name(mujoco.mjtObj.mjOBJ_ACTUATOR, actuator) or f"number {actuator}"
        if 0 <= group < 31 and disabled >> group & 1:
            yield f"option actuatorgroupdisable switches off actuator '{name}' of group {group}"
        if scene.model.actuator_delay[actuator] != 0.0:
            yield (
                f"actuator '{name}' has delay {scene.model.actuator_delay[actuator]:g} s; "
                "it must act at once"
            )
