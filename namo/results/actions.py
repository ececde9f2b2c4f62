"""Pushes as they are stored: as entries of plans, and in the columns of the pushes table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from namo.geometry import Pose2D
from namo.results.record_types import Action
from namo.world.push import Action as Asked
from namo.world.push import Push, StraightPush

PUSH_COLUMNS = ("object_id", "contact", "travel", "goal_x", "goal_y", "goal_theta")
"""Columns of the pushes table that say what was asked for."""


def action_of(push: Asked, result: Pose2D) -> Action:
    """Return the entry of a push in a plan.

    Args:
        push: of either kind.
        result: pose of the object after it, world frame: what stands for the target of a straight
            push.
    """
    if isinstance(push, Push):
        return {"object_id": push.object_name, "target": (*push.goal,)}
    return {
        "object_id": push.object_name,
        "target": (*result,),
        "contact": push.contact,
        "travel": push.travel,
    }


def push_of(action: Action) -> Asked:
    """Return the push of an entry in a plan."""
    if "contact" in action:
        return StraightPush(action["object_id"], action["contact"], action["travel"])
    return Push(action["object_id"], Pose2D(*action["target"]))


def push_columns(push: Asked, result: Pose2D) -> dict[str, Any]:
    """Return the values of `PUSH_COLUMNS` for a push; see `action_of`."""
    action = action_of(push, result)
    return {
        "object_id": action["object_id"],
        "contact": action.get("contact"),
        "travel": action.get("travel"),
        **pose_columns("goal", Pose2D(*action["target"])),
    }


def action_in(row: Mapping[str, Any]) -> Action:
    """Return the entry in a plan of a row of the pushes table, of which it needs `PUSH_COLUMNS`."""
    target = row["goal_x"], row["goal_y"], row["goal_theta"]
    if row["contact"] is None:
        return {"object_id": row["object_id"], "target": target}
    return {
        "object_id": row["object_id"],
        "target": target,
        "contact": row["contact"],
        "travel": row["travel"],
    }


def push_in(row: Mapping[str, Any]) -> Asked:
    """Return the push of a row of the pushes table, of which it needs `PUSH_COLUMNS`."""
    return push_of(action_in(row))


def request_text(row: Mapping[str, Any]) -> str:
    """Return what a push asked for, as text, from `PUSH_COLUMNS`: its way or the target pose."""
    if row["contact"] is not None:
        return f"straight from contact {row['contact']}, {row['travel']:.2f} m"
    degrees = math.degrees(row["goal_theta"])
    return f"to ({row['goal_x']:z.2f}, {row['goal_y']:z.2f}) m, {degrees:z.0f}°"


def pose_columns(prefix: str, pose: Pose2D) -> dict[str, float]:
    """Return the three columns of a pose (m, m, rad)."""
    return {f"{prefix}_x": pose.x, f"{prefix}_y": pose.y, f"{prefix}_theta": pose.theta}
