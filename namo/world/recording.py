"""A push as it looks: where the robot drives and where everything is, ten times a second."""

from __future__ import annotations

import math

import numpy as np

from namo.geometry import Floats
from namo.world.driving import drive_path
from namo.world.primitives import CONTROL_PERIOD_S
from namo.world.world import World

FRAME_S = 0.1
"""Time from one frame to the next (s)."""
DRIVE_SPEED = 1.0
"""How fast a robot is shown to drive from one contact point to the next (m/s). A push places it
there: how long it drives is not simulated."""

_PERIODS = round(FRAME_S / CONTROL_PERIOD_S)


class Recorder:
    """A `Watcher` that keeps frames; one push at a time.

    Attributes:
        frames: world x, y (m) of the robot, then x, y (m), theta (rad) of each movable in file
            order.
        joints: (nq,) of each frame, see `namo.world.simulation.Simulation.joints`.
    """

    def __init__(self, world: World) -> None:
        """Watch a world; its present state is the first frame."""
        self._world = world
        self._periods = 0
        self.frames: list[list[float]] = []
        self.joints: list[Floats] = []
        self._keep()

    def drives(self, x: float, y: float) -> None:
        """Keep frames of the way to a contact point at x, y (m), world frame."""
        way = drive_path(self._world.reachability(), x, y)
        _, _, *rest = self._now()
        for x, y in _paced(way):
            self.frames.append([x, y, *rest])
            self.joints.append(self._world.simulation.joints((x, y)))

    def steps(self) -> None:
        """Keep every so many control periods."""
        self._periods += 1
        if self._periods % _PERIODS == 0:
            self._keep()

    def finish(self) -> None:
        """Keep the state after the push."""
        self._keep()

    def _keep(self) -> None:
        self.frames.append(self._now())
        self.joints.append(self._world.simulation.joints())

    def _now(self) -> list[float]:
        robot, *movables = self._world.simulation.poses().values()
        return [robot.x, robot.y, *(value for pose in movables for value in pose)]


def _paced(way: Floats) -> list[tuple[float, float]]:
    """Return places along a way, one a frame, the end included and the start not."""
    lengths = np.hypot(*np.diff(way, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    frames = max(1, math.ceil(along[-1] / (DRIVE_SPEED * FRAME_S)))
    at = np.linspace(0.0, along[-1], frames + 1)[1:]
    x, y = (np.interp(at, along, way[:, axis]).tolist() for axis in (0, 1))
    return list(zip(x, y, strict=True))
