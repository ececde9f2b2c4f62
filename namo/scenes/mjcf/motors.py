"""The maximum force of the robot's slide joints and motors, from a compiled model."""

from __future__ import annotations

import math

import mujoco
import numpy as np

from namo.errors import SceneError

_RULE = (
    "the robot has two slide joints, one along +x and one along +y, each driven by one motor "
    "(fixed gain, no bias) with a ctrlrange around zero"
)
_AXIS_TOLERANCE = 1e-6


def slide_joints_max_force(
    model: mujoco.MjModel, data: mujoco.MjData, body: int, source: str
) -> float:
    """Return the force that both motors of the robot can exert in either direction (N).

    It is what the control range, the motor's `forcerange` and the joint's `actuatorfrcrange` leave.

    Args:
        model: the compiled scene.
        data: with world poses computed.
        body: of the robot.
        source: what messages call the scene.

    Raises:
        SceneError: joints or motors do not follow the convention.
    """
    joints = [joint for joint in range(model.njnt) if model.jnt_bodyid[joint] == body]
    slides = [j for j in joints if model.jnt_type[j] == mujoco.mjtJoint.mjJNT_SLIDE]
    axes = data.xaxis[slides]
    turned = axes if len(axes) == 2 and axes[0, 0] > axes[0, 1] else axes[::-1]
    if (
        len(joints) != 2
        or len(slides) != 2
        or np.abs(turned - np.eye(3)[:2]).max() > (_AXIS_TOLERANCE)
    ):
        found = ", ".join(_describe(model, data, joint) for joint in joints) or "none"
        raise SceneError(f"{source}: body 'robot' has joints: {found}; {_RULE}")
    for joint in joints:
        dof = int(model.jnt_dofadr[joint])
        for what, present in (
            ("a range", model.jnt_limited[joint]),
            ("stiffness", model.jnt_stiffness[joint, ...].any()),
            ("frictionloss", model.dof_frictionloss[dof] > 0.0),
        ):
            if present:
                raise SceneError(
                    f"{source}: {_describe(model, data, joint)} of body 'robot' has {what}; "
                    "the robot slides freely"
                )
    drivers: dict[int, list[int]] = {joint: [] for joint in joints}
    for actuator in range(model.nu):
        target = int(model.actuator_trnid[actuator, 0])
        on_joint = model.actuator_trntype[actuator] == mujoco.mjtTrn.mjTRN_JOINT
        if not on_joint or target not in drivers:
            raise SceneError(f"{source}: {_label(model, actuator)} does not drive 'robot'; {_RULE}")
        drivers[target].append(actuator)
    for joint, actuators in drivers.items():
        if len(actuators) != 1:
            raise SceneError(
                f"{source}: {_describe(model, data, joint)} of body 'robot' has "
                f"{len(actuators)} motors; {_RULE}"
            )
    return min(
        *(_force_limit(model, actuator, source) for actuator in range(model.nu)),
        *(_joint_limit(model, data, joint, source) for joint in joints),
    )


def _force_limit(model: mujoco.MjModel, actuator: int, source: str) -> float:
    """Return the smaller of the maximum forces of a motor in both directions (N)."""
    label = _label(model, actuator)
    if (
        model.actuator_gaintype[actuator] != mujoco.mjtGain.mjGAIN_FIXED
        or model.actuator_biastype[actuator] != mujoco.mjtBias.mjBIAS_NONE
        or model.actuator_dyntype[actuator] != mujoco.mjtDyn.mjDYN_NONE
    ):
        raise SceneError(f"{source}: {label} is not a plain motor; {_RULE}")
    low, high = map(float, model.actuator_ctrlrange[actuator])
    if not model.actuator_ctrllimited[actuator]:
        raise SceneError(
            f"{source}: {label} has no ctrlrange, so its force is unlimited; give it one around "
            'zero, such as ctrlrange="-1 1"'
        )
    if not low < 0.0 < high:
        raise SceneError(f"{source}: {label} has ctrlrange {low:g} to {high:g}; {_RULE}")
    gain = float(model.actuator_gainprm[actuator, 0])
    gear = float(model.actuator_gear[actuator, 0])
    if not gear * gain > 0.0:
        raise SceneError(f"{source}: {label} has gear {gear:g} and gain {gain:g}; both positive")
    force = gain * min(-low, high)
    if model.actuator_forcelimited[actuator]:
        weakest, strongest = map(float, model.actuator_forcerange[actuator])
        if not weakest < 0.0 < strongest:
            raise SceneError(
                f"{source}: {label} has forcerange {weakest:g} to {strongest:g}; it must allow "
                "forces in both directions"
            )
        force = min(force, -weakest, strongest)
    return gear * force


def _joint_limit(model: mujoco.MjModel, data: mujoco.MjData, joint: int, source: str) -> float:
    """Return how much force a joint takes from its motors in both directions (N)."""
    if not model.jnt_actfrclimited[joint]:
        return math.inf
    low, high = map(float, model.jnt_actfrcrange[joint])
    if not low < 0.0 < high:
        raise SceneError(
            f"{source}: {_describe(model, data, joint)} of body 'robot' has actuatorfrcrange "
            f"{low:g} to {high:g}; {_RULE}"
        )
    return min(-low, high)


def _label(model: mujoco.MjModel, actuator: int) -> str:
    name = mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_ACTUATOR, actuator)
    return f"actuator '{name}'" if name else f"unnamed actuator {actuator}"


def _describe(model: mujoco.MjModel, data: mujoco.MjData, joint: int) -> str:
    name = mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_JOINT, joint) or f"unnamed joint {joint}"
    kind = mujoco.mjtJoint(int(model.jnt_type[joint])).name.removeprefix("mjJNT_").lower()
    x, y, z = map(float, data.xaxis[joint])
    return f"'{name}' ({kind} along {x:g} {y:g} {z:g})"
