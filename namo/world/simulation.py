"""A scene in MuJoCo: compile it, step it, save and restore its state exactly."""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import mujoco
import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled
from namo.errors import PhysicsError
from namo.geometry import Floats, Pose2D
from namo.portable_math import matrix_product
from namo.scenes.mjcf.compiling import compile_model, compile_spec
from namo.scenes.mjcf.pushing import refuse_impossible_pushes
from namo.scenes.mjcf.scene_model import SceneModel, box_axes, is_upright
from namo.scenes.scene import Scene
from namo.scenes.writing import scene_xml
from namo.signals import check_termination
from namo.world.start_check import check_poses, check_solids

STATE_SPEC = int(mujoco.mjtState.mjSTATE_INTEGRATION)
UPRIGHT_COSINE = 0.95
"""A box whose z axis leans further than this (18 degrees) has tipped over."""


def _keep_mujoco_quiet() -> None:
    """Stop MuJoCo from writing MUJOCO_LOG.TXT into the working directory and to the console.

    Warnings are counted in the data, which is checked after every push.
    """
    config = mujoco.MjLogConfig.get()
    config.logto_file = config.logto_console = False
    config.set()


_keep_mujoco_quiet()


@dataclass(frozen=True, eq=False)
class State:
    """An exact snapshot: the `mjSTATE_INTEGRATION` vector, warm start included.

    Attributes:
        integration: (n,) float64, in SI units (m, rad, s), read-only.
    """

    integration: NDArray[np.float64]

    @cached_property
    def key(self) -> str:
        """Hash of the bits; equal states have equal keys."""
        return hashlib.blake2b(self.integration.tobytes(), digest_size=16).hexdigest()


class _Frames(NamedTuple):
    """Where MuJoCo stores the frames of the movables, one entry each in file order.

    Attributes:
        is_geom: (n,) whether the frame is that of a geom, otherwise of a body.
        number: (n,) id of that geom or body.
        forward: (n,) which of its axes is x of the movable's frame; not 0 for a box on its side.
        up: (n,) which of its axes is vertical.
        offset: (n, 3) of the movable's frame in it: x, y (m), theta (rad).
    """

    is_geom: NDArray[np.bool_]
    number: NDArray[np.int64]
    forward: NDArray[np.int64]
    up: NDArray[np.int64]
    offset: Floats


@compiled
def _poses_of(
    frames: _Frames, geoms: tuple[Floats, Floats], bodies: tuple[Floats, Floats]
) -> Floats:
    """Return the world poses (n, 3) of movables: x, y (m), theta (rad).

    Args:
        frames: of the movables.
        geoms: positions (geoms, 3) and rotations (geoms, 9), row-major.
        bodies: likewise.
    """
    poses = np.empty((len(frames.number), 3))
    for i in range(len(poses)):
        number, offset, forward = frames.number[i], frames.offset[i], frames.forward[i]
        positions, rotations = geoms if frames.is_geom[i] else bodies
        x, y = positions[number, 0], positions[number, 1]
        yaw = math.atan2(rotations[number, 3 + forward], rotations[number, forward])
        if offset.any():  # the body of a polygon may have a frame other than the movable's
            c, s = math.cos(yaw), math.sin(yaw)
            x, y = x + c * offset[0] - s * offset[1], y + s * offset[0] + c * offset[1]
            yaw += offset[2]
            if yaw > math.pi:
                yaw -= 2.0 * math.pi
        poses[i, 0], poses[i, 1] = x, y
        poses[i, 2] = yaw if yaw > -math.pi else yaw + 2.0 * math.pi
    return poses


@compiled
def _all_finite(values: Floats) -> bool:
    return bool(np.isfinite(values).all())


@compiled
def _first_tipped(frames: _Frames, geoms: Floats, bodies: Floats) -> int | None:
    """Return the index of the first movable that is not upright; None if all are.

    Args:
        frames: of the movables.
        geoms: their rotations (geoms, 9), row-major.
        bodies: likewise.
    """
    for i in range(len(frames.number)):
        rotations = geoms if frames.is_geom[i] else bodies
        if abs(rotations[frames.number[i], 6 + frames.up[i]]) < UPRIGHT_COSINE:
            return i
    return None


def _quaternion_in(
    model: mujoco.MjModel, data: mujoco.MjData, geom: int, body: int
) -> tuple[float, float, float, float]:
    """Return the rotation of a geom in the frame of the moving body that carries it."""
    if model.geom_bodyid[geom] == body:
        w, x, y, z = model.geom_quat[geom].tolist()
    else:
        rotation = matrix_product(
            data.xmat[body].reshape(3, 3).T, data.geom_xmat[geom].reshape(3, 3)
        )
        quaternion = np.empty(4)
        mujoco.mju_mat2Quat(quaternion, rotation.ravel())
        w, x, y, z = quaternion.tolist()
    return w, x, y, z


class Simulation:
    """MuJoCo's model and data of one scene.

    Restoring always goes through `mj_resetData` and `mj_setState`. The first clears everything an
    earlier simulation left behind, the second wakes sleeping islands, so the results that follow
    depend on the state alone.

    Attributes:
        scene: the scene.
        model: its compiled `MjModel`.
        data: its `MjData`.
        steps: MuJoCo steps simulated so far.
        physics_s: wall time spent on them.
        timestep_s: simulated time per step.
        start: snapshot of the scene's start.
    """

    def __init__(self, scene: Scene) -> None:
        """Compile the scene.

        Raises:
            SceneError: MuJoCo rejects the scene, its physics does not allow pushing, or the
                simulation does not start as the scene says.
        """
        self.scene = scene
        xml, source = scene.xml or scene_xml(scene), scene.path or "scene made in memory"
        self.model = compile_model(compile_spec(xml, source), source)
        self.data = mujoco.MjData(self.model)
        self._kept: mujoco.MjData | None = None
        self.steps = 0
        self.physics_s = 0.0
        self.timestep_s = float(self.model.opt.timestep)
        self._state_size = mujoco.mj_stateSize(self.model, STATE_SPEC)
        # Read many times per push: memoryviews give plain floats without NumPy's overhead.
        self._qpos = memoryview(self.data.qpos)
        self._ctrl: Floats = self.data.ctrl
        self._joints, self._speeds = self.data.qpos, self.data.qvel
        self._warnings = self.data.warning.number
        mujoco.mj_kinematics(self.model, self.data)
        compiled_scene = SceneModel(source, self.model, self.data)
        refuse_impossible_pushes(compiled_scene)
        check_solids(scene, compiled_scene)
        self._find_robot()
        self._find_movables(compiled_scene)
        check_poses(scene, self.poses())
        self.start = self.save()

    def _find_robot(self) -> None:
        model = self.model
        body = model.body("robot").id
        joints = range(model.body_jntadr[body], model.body_jntadr[body] + model.body_jntnum[body])
        # The reader made sure that they slide along the world's +x and +y.
        by_axis = {int(np.argmax(self.data.xaxis[joint])): joint for joint in joints}
        self._robot_qpos = [int(model.jnt_qposadr[by_axis[axis]]) for axis in (0, 1)]
        start = (self.scene.robot.x, self.scene.robot.y)
        # Offset from a joint's position to the robot's position in the world.
        self._robot_offset = [
            at - float(model.qpos0[adr]) for at, adr in zip(start, self._robot_qpos, strict=True)
        ]
        # Control values that produce one newton along +x and +y.
        self._actuators, self._control_per_newton = [], []
        for axis in (0, 1):
            (actuator,) = np.flatnonzero(model.actuator_trnid[:, 0] == by_axis[axis])
            gain = model.actuator_gear[actuator, 0] * model.actuator_gainprm[actuator, 0]
            self._actuators.append(int(actuator))
            self._control_per_newton.append(1.0 / float(gain))

    def _find_movables(self, compiled_scene: SceneModel) -> None:
        model, data = self.model, self.data
        self._quat_adr: dict[str, int] = {}
        self._yaw_offset: dict[str, float] = {}
        self._forward: dict[str, Floats] = {}
        solids = {solid.name: solid for solid in compiled_scene.movable_solids}
        movables = self.scene.movables
        count = len(movables)
        frames = _Frames(
            np.array([compiled_scene.is_box(solids[one.name]) for one in movables], np.bool_),
            np.zeros(count, np.int64),
            np.zeros(count, np.int64),
            np.full(count, 2, np.int64),
            np.zeros((count, 3)),
        )
        for i, movable in enumerate(movables):
            solid = solids[movable.name]
            body = solid.body
            self._quat_adr[movable.name] = int(model.jnt_qposadr[model.body_jntadr[body]]) + 3
            if not frames.is_geom[i]:
                frames.number[i] = body
                x, y, _ = data.xpos[body].tolist()
                yaw = math.atan2(data.xmat[body][3], data.xmat[body][0])
                frames.offset[i] = Pose2D(x, y, yaw).relative(movable.pose)
                self._yaw_offset[movable.name] = 0.0
                continue
            geom = frames.number[i] = solid.geoms[0]
            axes = box_axes(data.geom_xmat[geom])
            frames.forward[i], _, frames.up[i] = axes or (0, 1, 2)  # checked by the reader
            if is_upright(data.xmat[body]) and is_upright(data.geom_xmat[geom]):
                # Of a geom in a body of its own it is the turn of both, otherwise `geom_quat`.
                w, _, _, z = _quaternion_in(model, data, geom, body)
                self._yaw_offset[movable.name] = 2.0 * math.atan2(z, w)
            else:
                axis = data.geom_xmat[geom].reshape(3, 3)[:, frames.forward[i]]
                rotated = matrix_product(data.xmat[body].reshape(3, 3).T, axis[:, None])
                self._forward[movable.name] = rotated.ravel()
        self._names = [movable.name for movable in movables]
        self._frames = frames
        self._geoms, self._bodies = (data.geom_xpos, data.geom_xmat), (data.xpos, data.xmat)

    def _movable_poses(self) -> list[list[float]]:
        """Return x, y (m) and theta (rad) of every movable, in file order."""
        # Positions derived by mj_step lag one step behind qpos.
        mujoco.mj_kinematics(self.model, self.data)
        poses: list[list[float]] = _poses_of(self._frames, self._geoms, self._bodies).tolist()
        return poses

    def save(self) -> State:
        """Return a snapshot of the present state."""
        integration = np.empty(self._state_size)
        mujoco.mj_getState(self.model, self.data, integration, STATE_SPEC)
        integration.flags.writeable = False
        return State(integration)

    def restore(self, state: State) -> None:
        """Restore a snapshot exactly, regardless of what was simulated since."""
        mujoco.mj_resetData(self.model, self.data)
        mujoco.mj_setState(self.model, self.data, state.integration, STATE_SPEC)

    def keep(self) -> None:
        """Keep all data as they are, what is no part of a snapshot too, for `resume`."""
        if self._kept is None:
            self._kept = mujoco.MjData(self.model)
        mujoco.mj_copyData(self._kept, self.model, self.data)

    def resume(self) -> None:
        """Go on from what was kept last, as if nothing had happened since.

        Raises:
            RuntimeError: nothing was kept.
        """
        if self._kept is None:
            raise RuntimeError("nothing was kept to resume from")
        mujoco.mj_copyData(self.data, self.model, self._kept)

    def step(self, count: int) -> None:
        """Advance by `count` MuJoCo steps.

        Raises:
            TerminationRequested: a signal asked the process to end.
        """
        check_termination()
        began = time.perf_counter()
        mujoco.mj_step(self.model, self.data, nstep=count)
        self.physics_s += time.perf_counter() - began
        self.steps += count

    def stop(self) -> None:
        """Set velocities, controls and the clock to zero.

        The clock is zeroed so that a state does not depend on how long it took to reach it.
        """
        self.data.qvel[:] = 0.0
        self.data.ctrl[:] = 0.0
        self.data.time = 0.0

    def robot(self) -> tuple[float, float]:
        """Return the robot's position in the world (m)."""
        (adr_x, adr_y), (offset_x, offset_y) = self._robot_qpos, self._robot_offset
        return self._qpos[adr_x] + offset_x, self._qpos[adr_y] + offset_y

    def place_robot(self, x: float, y: float) -> None:
        """Place the robot at a position in the world (m); its velocity is unchanged."""
        for target, adr, offset in zip((x, y), self._robot_qpos, self._robot_offset, strict=True):
            self.data.qpos[adr] = target - offset

    def joints(self, robot: tuple[float, float] | None = None) -> Floats:
        """Return a copy of MuJoCo's `qpos` (nq,): positions (m) and quaternions.

        Args:
            robot: x, y (m), world frame, in place of its actual position.
        """
        joints: Floats = self.data.qpos.copy()
        if robot is not None:
            for target, adr, offset in zip(
                robot, self._robot_qpos, self._robot_offset, strict=True
            ):
                joints[adr] = target - offset
        return joints

    def drive(self, force_x: float, force_y: float) -> None:
        """Set the motor forces along the world's x and y (N)."""
        (motor_x, motor_y), (scale_x, scale_y) = self._actuators, self._control_per_newton
        self._ctrl[motor_x], self._ctrl[motor_y] = force_x * scale_x, force_y * scale_y

    def yaw(self, name: str) -> float:
        """Return the yaw (rad) of an upright movable from its joint, without running kinematics.

        Raises:
            KeyError: the scene has no such movable.
        """
        adr = self._quat_adr[name]
        if name in self._forward:  # the frame of its body is not upright
            along = np.empty(3)
            mujoco.mju_rotVecQuat(along, self._forward[name], self.data.qpos[adr : adr + 4])
            return math.atan2(along[1], along[0])
        w, z = self._qpos[adr], self._qpos[adr + 3]
        return 2.0 * math.atan2(z, w) + self._yaw_offset[name]

    def poses(self) -> dict[str, Pose2D]:
        """Return the world poses of the robot (theta 0) and of every movable, in file order."""
        movables = map(Pose2D._make, self._movable_poses())
        return {
            "robot": Pose2D(*self.robot(), 0.0),
            **dict(zip(self._names, movables, strict=True)),
        }

    def pose(self, name: str) -> Pose2D:
        """Return the world pose of one movable.

        Raises:
            ValueError: the scene has no such movable.
        """
        return Pose2D._make(self._movable_poses()[self._names.index(name)])

    def prepare(self) -> None:
        """Warm up the compiled kernels of `check_health`."""
        _all_finite(self._joints)
        _first_tipped(self._frames, self._geoms[1], self._bodies[1])

    def check_health(self, elapsed_steps: int) -> None:
        """Check that the simulation is healthy after a push.

        MuJoCo reports divergence by a warning and an automatic reset, not by an exception.

        Args:
            elapsed_steps: steps since the clock was last zeroed.

        Raises:
            PhysicsError: a warning was raised, the clock does not match the steps, a position or
                velocity is not finite, or a movable tipped over.
        """
        if self._warnings.any():
            kind = int(self._warnings.nonzero()[0][0])
            warning = self.data.warning[kind]
            text = mujoco.mju_warningText(kind, warning.lastinfo)
            raise PhysicsError(f"MuJoCo warned {warning.number} times: {text}")
        expected = elapsed_steps * self.timestep_s
        if not math.isclose(self.data.time, expected, rel_tol=1e-6, abs_tol=1e-9):
            raise PhysicsError(f"the clock is at {self.data.time} s and should be at {expected} s")
        if not (_all_finite(self._joints) and _all_finite(self._speeds)):
            raise PhysicsError("a position or velocity is not finite")
        mujoco.mj_kinematics(self.model, self.data)
        tipped = _first_tipped(self._frames, self._geoms[1], self._bodies[1])
        if tipped is not None:
            raise PhysicsError(f"'{self._names[tipped]}' tipped over")
