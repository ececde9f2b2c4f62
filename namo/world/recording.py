"""Recording pushes as frames: where the robot drives and where everything is, at 10 Hz."""

from __future__ import annotations

import math

import numpy as np

from namo.geometry import Floats
from namo.world.driving import drive_path
from namo.world.primitives import CONTROL_PERIOD_S
from namo.world.world import World

FRAME_S = 0.1
"""Time between frames (s)."""
DRIVE_SPEED = 1.0
"""Speed at which recordings show the robot driving to a contact point (m/s). Pushes place it there:
driving is not simulated."""

_PERIODS = round(FRAME_S / CONTROL_PERIOD_S)


class Recorder:
    """A `PushObserver` that records the frames of one push.

    Attributes:
        frames: world x, y (m) of the robot, then x, y (m), theta (rad) of each movable in file
            order.
        joints: (nq,) of each frame, see `namo.world.simulation.Simulation.joints`.
    """

    def __init__(self, world: World) -> None:
        """Record a world; its present state is the first frame."""
        self._world = world
        self._periods = 0
        self.frames: list[list[float]] = []
        self.joints: list[Floats] = []
        self._record()

    def on_drive(self, x: float, y: float) -> None:
        """Record the drive to a contact point at x, y (m), world frame."""
        path = drive_path(self._world.reachability(), x, y)
        _, _, *rest = self._now()
        for x, y in _paced(path):
            self.frames.append([x, y, *rest])
            self.joints.append(self._world.simulation.joints((x, y)))

    def on_step(self) -> None:
        """Record a frame after every `FRAME_S` of pushing."""
        self._periods += 1
        if self._periods % _PERIODS == 0:
            self._record()

    def on_undo(self, periods: int) -> None:
        """Drop the frames of the latest control periods, so many of them."""
        before, self._periods = self._periods, self._periods - periods
        dropped = before // _PERIODS - self._periods // _PERIODS
        del self.frames[len(self.frames) - dropped :], self.joints[len(self.joints) - dropped :]

    def finish(self) -> None:
        """Record the state after the push."""
        self._record()

    def _record(self) -> None:
        self.frames.append(self._now())
        self.joints.append(self._world.simulation.joints())

    def _now(self) -> list[float]:
        robot, *movables = self._world.simulation.poses().values()
        return [robot.x, robot.y, *(value for pose in movables for value in pose)]


def _paced(path: Floats) -> list[tuple[float, float]]:
    """Return points along a path, one per frame, excluding the start and including the end."""
    lengths = np.hypot(*np.diff(path, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    frames = max(1, math.ceil(along[-1] / (DRIVE_SPEED * FRAME_S)))
    at = np.linspace(0.0, along[-1], frames + 1)[1:]
    x, y = (np.interp(at, along, path[:, axis]).tolist() for axis in (0, 1))
    return list(zip(x, y, strict=True))
