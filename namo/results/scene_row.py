"""What a scene looks like, as a row: enough to draw it without its file."""

from __future__ import annotations

from typing import Any

from namo.results.schema import PICTURE_DECIMALS
from namo.scenes.scene import GOAL_TOLERANCE_M, Scene


def scene_columns(scene: Scene) -> dict[str, Any]:
    """Return the columns of the scenes table that the scene itself decides."""
    bounds, robot, goal = scene.bounds, scene.robot, scene.goal
    return {
        "bounds": _short(bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max),
        "robot": _short(robot.x, robot.y, robot.radius),
        "goal": _short(goal.x, goal.y, GOAL_TOLERANCE_M),
        "walls": [_short(*wall.corners().ravel().tolist()) for wall in scene.walls],
        "movables": [movable.name for movable in scene.movables],
        "outlines": [
            _short(*movable.footprint.outline.ravel().tolist()) for movable in scene.movables
        ],
        "poses": _short(*(value for movable in scene.movables for value in movable.pose)),
    }


def _short(*values: float) -> list[float]:
    return [round(value, PICTURE_DECIMALS) for value in values]
