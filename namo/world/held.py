"""Movables that are far too heavy for the robot.

Friction on the floor holds a movable at rest against a force that is small beside it, wherever the
force acts. `HELD_FACTOR` leaves room for what multiplies the robot's force: a long lever, wedges of
other movables, and the momentum of the robot. A scene with a movable between that and one that the
robot can just push is left to be tried.
"""

from __future__ import annotations

import math

import mujoco
import numpy as np

from namo.portable_math import cos, matrix_product, sin
from namo.scenes.footprint import Rectangle
from namo.scenes.mjcf.scene_model import PLANE, SceneModel
from namo.scenes.scene import Movable
from namo.world.simulation import Simulation

HELD_FACTOR = 200.0
"""The robot's force goes so many times into the friction that holds a movable in place: driven into
it at full speed, the robot or another movable moves it by less than 0.1 mm."""
TIP_FACTOR = 50.0
"""... and so many times into the force that would tip it over."""
MAX_CREEP = 1e-3
"""Contacts of MuJoCo are soft, so that friction gives way slowly. Greatest speed (m/s) at which it
would under ten times the robot's force."""


def held_movables(simulation: Simulation) -> tuple[str, ...]:
    """Return the names of the movables that the robot cannot push, directly or not, in file order.

    Args:
        simulation: of the scene; its state does not matter.
    """
    if simulation.model.npair:  # explicit pairs of geoms have frictions of their own
        return ()
    frictions, geoms = sliding_frictions(simulation), _geoms(simulation)
    return tuple(
        movable.name
        for movable in simulation.scene.movables
        if _is_held(simulation, movable, frictions[movable.name], geoms[movable.name])
    )


def sliding_frictions(simulation: Simulation) -> dict[str, float]:
    """Return, for each movable, a lower bound of the force that slides it on the floor (N).

    Args:
        simulation: of the scene; its state does not matter. What explicit pairs of geoms say is
            ignored.
    """
    model, gravity = simulation.model, -float(simulation.model.opt.gravity[2])
    masses = {movable.name: movable.mass for movable in simulation.scene.movables}
    return {
        name: masses[name] * gravity * min(_friction(model, floor, geom) for geom in geoms)
        for name, (floor, *geoms) in _geoms(simulation).items()
    }


def _geoms(simulation: Simulation) -> dict[str, list[int]]:
    """Return for each movable the geom of the floor, and its own."""
    model = simulation.model
    compiled = SceneModel(simulation.scene.path or "scene", model, simulation.data)
    (floor,) = (
        geom
        for geom in range(model.ngeom)
        if model.geom_type[geom] == PLANE and compiled.collides(geom)
    )
    return {solid.name: [floor, *solid.geoms] for solid in compiled.movable_solids}


def _is_held(simulation: Simulation, movable: Movable, friction: float, both: list[int]) -> bool:
    model, force = simulation.model, simulation.scene.robot.max_force
    weight = movable.mass * -float(model.opt.gravity[2])
    times, ratios = model.geom_solref[both].T
    if times.min() <= 0.0 or ratios.min() <= 0.0:  # stiffness and damping: not the usual contacts
        return False
    impedance = float(model.geom_solimp[both, 0].min())
    softness = (1.0 - impedance) / max(impedance, 1e-9) / float(model.opt.impratio)
    creep = 10.0 * force / movable.mass * softness * float(times.max()) / 2.0
    lever = _narrowest(movable) / (2.0 * max(movable.half_z, simulation.scene.robot.radius))
    return (
        creep <= MAX_CREEP
        and HELD_FACTOR * force <= friction
        and TIP_FACTOR * force <= weight * lever
    )


def _friction(model: mujoco.MjModel, floor: int, geom: int) -> float:
    """Return a lower bound of the sliding friction of a geom on the floor, a plain factor."""
    if max(model.geom_condim[floor], model.geom_condim[geom]) == 1:
        return 0.0
    frictions = model.geom_friction[[floor, geom], 0]
    same = model.geom_priority[floor] == model.geom_priority[geom]
    return float(frictions.max() if same else frictions.min())


def _narrowest(movable: Movable) -> float:
    """Return half the width of a movable across its narrowest direction (m)."""
    footprint = movable.footprint
    if isinstance(footprint, Rectangle):
        return min(footprint.half_x, footprint.half_y)
    angles = np.linspace(0.0, math.pi, 180, endpoint=False)
    across = matrix_product(footprint.outline, np.stack([cos(angles), sin(angles)]))
    return float(np.ptp(across, axis=0).min()) / 2.0
