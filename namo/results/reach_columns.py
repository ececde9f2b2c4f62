"""What the robot reaches in a state, as columns of the pushes and the scenes table."""

from __future__ import annotations

from namo.results.record_types import ReachColumns
from namo.world.world import Reach


def reach_columns(reach: Reach) -> ReachColumns:
    """Return the columns of a state: after a push, or of the scene at its start."""
    return {
        "reachable": list(reach.objects),
        "reached_area": reach.area,
        "goal_gap": reach.goal_gap,
    }


UNKNOWN_REACH: ReachColumns = {"reachable": None, "reached_area": None, "goal_gap": None}
"""Columns of a scene in which no search could start, and of states of earlier versions."""
