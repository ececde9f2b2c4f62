"""The recorded motion of a plan, frame by frame, from its rows of the plans table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats


@dataclass(frozen=True)
class PlanMotion:
    """The frames of a plan, `namo.world.recording.FRAME_S` apart, world frame.

    Attributes:
        robot: (frames, 2) x, y of the robot (m).
        movables: (frames, movables, 3) x, y, theta in file order (m, m, rad).
        push: (frames,) number of the push in the plan that a frame belongs to, from 0; the last one
            includes the drive to the robot's goal.
    """

    robot: Floats
    movables: Floats
    push: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.robot)


def plan_motion(steps: Sequence[Mapping[str, Any]]) -> PlanMotion:
    """Return the motion of a plan.

    Movables that a push does not move stand where they stood before it.

    Args:
        steps: rows of the plans table of one episode, at least one, in order.
    """
    robots, movables = zip(*map(_push_motion, steps), strict=True)
    # A push starts in the state in which the one before it ended, which needs no second frame.
    kept = [slice(int(number > 0), None) for number in range(len(steps))]
    return PlanMotion(
        np.concatenate([robot[part] for robot, part in zip(robots, kept, strict=True)]),
        np.concatenate([poses[part] for poses, part in zip(movables, kept, strict=True)]),
        np.concatenate(
            [
                np.full(len(robot[part]), number, np.int64)
                for number, (robot, part) in enumerate(zip(robots, kept, strict=True))
            ]
        ),
    )


def _push_motion(step: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """Return robot (frames, 2) and movables (frames, movables, 3) during one push."""
    robot = np.array(step["robot"], np.float64).reshape(-1, 2)
    before = np.array(step["poses_before"], np.float64).reshape(-1, 3)[1:]
    poses = np.repeat(before[None], len(robot), axis=0)
    moved = [step["object_names"].index(name) for name in step["moved"]]
    poses[:, moved] = np.array(step["poses"], np.float64).reshape(len(robot), len(moved), 3)
    return robot, poses
