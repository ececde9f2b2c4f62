"""What is asked of the push skill and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from namo.geometry import Pose2D


@dataclass(frozen=True)
class Push:
    """Bring a movable to a pose.

    Attributes:
        object_name: the movable.
        goal: the wanted pose of its centre, world frame. `theta` is the wanted orientation of the
            box; which way the box travels follows from the two positions.
    """

    object_name: str
    goal: Pose2D


class PushStatus(StrEnum):
    """How a push ended. Every push ends in exactly one of these."""

    REACHED = "reached"
    """The object is within tolerance of its goal."""
    GOAL_OPEN = "goal_open"
    """The robot's goal became reachable on the way; the push stopped there."""
    UNREACHABLE = "unreachable"
    """The robot cannot drive to any contact point of the object; nothing moved."""
    BLOCKED = "blocked"
    """No reachable contact promises to bring the object nearer to its goal."""
    STUCK = "stuck"
    """The robot pushed and the object did not yield."""
    OUT_OF_STEPS = "out_of_steps"
    """The allowed number of contacts or physics steps was used up."""
    INTERRUPTED = "interrupted"
    """The search's deadline passed; the world is as before the push."""
    DIVERGED = "diverged"
    """The physics went wrong (warning, time jump, not finite, box tipped); world as before."""


@dataclass(frozen=True)
class PushOutcome:
    """What a push did.

    Attributes:
        status: how it ended.
        pose: of the object afterwards, world frame.
        contacts: how often the robot took up a contact point.
        physics_steps: MuJoCo steps that were simulated.
        moved: whether any movable moved by more than 1 mm or 0.01 rad; if none did, the world is
            exactly as before.
        detail: what went wrong, for `DIVERGED`; empty otherwise.
    """

    status: PushStatus
    pose: Pose2D
    contacts: int
    physics_steps: int
    moved: bool
    detail: str = ""
