"""The two kinds of pushes, and the outcome of one.

A `Push` names a pose and leaves to the push skill how to get there: closed loop, with as many
contacts as it takes. A `StraightPush` is one contact: the robot drives straight ahead from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from namo.geometry import Pose2D


@dataclass(frozen=True)
class Push:
    """A request to push a movable to a pose.

    Attributes:
        object_name: the movable.
        goal: target pose of its centre, world frame. `theta` is the target orientation of the box;
            the direction of travel follows from the two positions.
    """

    object_name: str
    goal: Pose2D


@dataclass(frozen=True)
class StraightPush:
    """A request to push a movable from one contact point, along the normal of its face.

    Attributes:
        object_name: the movable.
        contact: index of the contact point, see `namo.world.contacts`.
        travel: how far the robot advances (m).
    """

    object_name: str
    contact: int
    travel: float


Action = Push | StraightPush
"""What a planner can ask of a world."""

TO_A_POSE, NO_TRAVEL_M = -1, 0.0
"""Contact point and travel of a push to a pose, in arrays that have a number for every push."""


class PushStatus(StrEnum):
    """How a push ended; exactly one of these."""

    REACHED = "reached"
    """The object is within tolerance of its goal; the robot of a straight push has travelled as far
    as asked."""
    GOAL_OPEN = "goal_open"
    """The robot's goal became reachable during the push, which stopped there; under a clearance it
    may have gone on a little."""
    UNREACHABLE = "unreachable"
    """The robot cannot drive to any contact point of the object, or not to the one of a straight
    push; nothing moved."""
    BLOCKED = "blocked"
    """No primitive from a reachable contact point brings the object closer to its goal."""
    STUCK = "stuck"
    """The robot pushed and the object did not move; in a straight push, the robot did not get
    further."""
    OUT_OF_STEPS = "out_of_steps"
    """The limit of contacts or simulated time was reached."""
    INTERRUPTED = "interrupted"
    """The deadline of the search passed; the world is as before the push."""
    DIVERGED = "diverged"
    """The simulation diverged (warning, time jump, not finite, box tipped); world as before."""


@dataclass(frozen=True)
class PushOutcome:
    """The outcome of a push.

    Attributes:
        status: how it ended.
        pose: of the object afterwards, world frame.
        contacts: number of contacts the robot made.
        physics_steps: MuJoCo steps that were simulated, those that were undone included.
        moved: whether any movable moved by more than 1 mm or 0.01 rad; if none did, the world is
            exactly as before.
        detail: the cause of `DIVERGED`; empty otherwise.
    """

    status: PushStatus
    pose: Pose2D
    contacts: int
    physics_steps: int
    moved: bool
    detail: str = ""
